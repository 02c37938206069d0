// The `elementwise` instruction: fused groups.
#include <algorithm>
#include <cstring>
#include <memory>

#include "base/memory_pool.h"
#include "base/round_up.h"
#include "plan/group.h"
#include "plan/group_direct.h"
#include "plan/group_program.h"
#include "plan/group_space.h"
#include "plan/group_stage.h"

namespace gradsmith::plan {
namespace {

/// Work of one part: enough to pay for waking a thread several times over.
constexpr double kPartNs = 16000;

class PreparedGroup final : public Prepared {
 public:
  PreparedGroup(const Instruction& instruction, const PrepareContext& context) : kernels_(context.kernels.elementwise) {
    const Group group = decode_group(instruction);
    const size_t outputs = group.outputs.size();
    space_ = make_space(instruction.operands, outputs);
    if (space_.size == 0) return;
    for (const Operand& operand : instruction.operands) refs_.push_back(context.ref(operand));
    std::vector<uint8_t> uniform;
    for (size_t i = 0; i < group.inputs; ++i) {
      uniform.push_back(space_.access[outputs + i] == Access::kUniform ? 1 : 0);
    }
    program_ = std::make_unique<GroupProgram>(group, uniform, refs_, space_.size, kernels_);
    lay_out();
    split();
  }

  /// The same work without the walk, if it needs none; this is empty afterwards.
  std::unique_ptr<Prepared> direct() {
    if (space_.size == 0) return nullptr;
    const size_t lanes = kernels_.block[program_->lowered().lane_bytes == 8 ? 1 : 0][kernels::kPaces - 1];
    if (!DirectGroup::fits(*program_, space_, lanes)) return nullptr;
    const double part = kPartNs / std::max(program_->lowered().ns_per_element, 0.01);
    return std::make_unique<DirectGroup>(std::move(program_), space_, refs_, static_cast<int64_t>(part) / 64 * 64);
  }

  void run(void* const* bases, size_t part, void* scratch, Fault&) const noexcept override {
    if (space_.size == 0) return;
    char* slots[kernels::kMaxGroupSlots];
    program_->enter(bases, static_cast<char*>(scratch), slots);
    const int64_t first = static_cast<int64_t>(part) * units_per_part_;
    const int64_t last = std::min(first + units_per_part_, space_.units);
    if (space_.rows) {
      for (int64_t unit = first; unit < last; ++unit) run_rows(bases, static_cast<char*>(scratch), slots, unit);
    } else {
      run_flat(bases, static_cast<char*>(scratch), slots, first, last);
    }
  }

 private:
  /// An operand of the loop.
  struct Stream {
    size_t operand;
    size_t bytes;
    bool written;
    Access access;
    size_t tile;  // offset in scratch of a staged stream
    bool dense;   // periodic: one period lies in memory as it does in the tile
  };

  /// Scratch: the program's, then the staged tiles.
  void lay_out() {
    const LoweredGroup& lowered = program_->lowered();
    size_t offset = program_->scratch_bytes();
    for (size_t i = 0; i < lowered.stream_operand.size(); ++i) {
      const size_t operand = lowered.stream_operand[i];
      const Access access = space_.access[operand];
      streams_.push_back({operand, lowered.stream_bytes[i], lowered.stream_written[i] != 0, access, offset,
                          is_dense(space_, operand)});
      if (access == Access::kStaged || access == Access::kPeriodic) {
        staged_ = true;
        offset += round_up(static_cast<size_t>(space_.tile * space_.tile_rows) * lowered.stream_bytes[i], kAlignment);
      }
    }
    scratch_bytes = offset;
  }

  void split() {
    const double unit_ns =
        program_->lowered().ns_per_element * static_cast<double>(space_.tile * space_.tile_rows) + (staged_ ? 50 : 0);
    const double total_ns = unit_ns * static_cast<double>(space_.units);
    cost_ns = 10 + std::min(total_ns,
                            program_->lowered().ns_per_element * static_cast<double>(space_.size) + (staged_ ? 50 : 0));
    units_per_part_ = std::max<int64_t>(1, static_cast<int64_t>(kPartNs / std::max(unit_ns, 1.0)));
    parts = static_cast<size_t>((space_.units + units_per_part_ - 1) / units_per_part_);
  }

  void run_flat(void* const* bases, char* scratch, char** slots, int64_t first, int64_t last) const noexcept {
    if (!staged_) {  // one stretch
      const int64_t begin = first * space_.tile, end = std::min(last * space_.tile, space_.size);
      for (size_t i = 0; i < streams_.size(); ++i) slots[i] = element(bases, streams_[i], begin);
      program_->run(slots, static_cast<size_t>(end - begin));
      return;
    }
    for (int64_t unit = first; unit < last; ++unit) {
      const int64_t begin = unit * space_.tile, n = std::min(space_.tile, space_.size - begin);
      for (size_t i = 0; i < streams_.size(); ++i) {
        const Stream& s = streams_[i];
        if (s.access == Access::kLinear) {
          slots[i] = element(bases, s, begin);
          continue;
        }
        slots[i] = scratch + s.tile;
        const bool repeats = s.access == Access::kPeriodic;
        if (s.written || (repeats && unit != first)) continue;
        const int64_t once = repeats ? std::min(space_.period, n) : n;
        char* from = refs_[s.operand].at<char>(bases);
        if (repeats && s.dense)
          std::memcpy(slots[i], from, static_cast<size_t>(once) * s.bytes);
        else
          stage_flat(Stage::kIn, space_, s.operand, s.bytes, from, slots[i], begin, once);
        if (repeats) repeat(slots[i], static_cast<size_t>(once) * s.bytes, static_cast<size_t>(n) * s.bytes);
      }
      program_->run(slots, static_cast<size_t>(n));
      for (const Stream& s : streams_) {
        if (!s.written || s.access == Access::kLinear) continue;
        stage_flat(Stage::kOut, space_, s.operand, s.bytes, refs_[s.operand].at<char>(bases), scratch + s.tile, begin,
                   n);
      }
    }
  }

  static char* element(void* const* bases, const Ref& ref, int64_t index, size_t bytes) {
    return ref.at<char>(bases) + index * static_cast<int64_t>(bytes);
  }
  char* element(void* const* bases, const Stream& s, int64_t index) const {
    return element(bases, refs_[s.operand], index, s.bytes);
  }

  /// One tile of a row walk: columns run fastest among units, then blocks of rows, then the outer dimensions.
  void run_rows(void* const* bases, char* scratch, char** slots, int64_t unit) const noexcept {
    const size_t inner = static_cast<size_t>(space_.rank - 1), outer = inner - 1;
    const int64_t across = (space_.dims[inner] + space_.tile - 1) / space_.tile;
    const int64_t down = (space_.dims[outer] + space_.tile_rows - 1) / space_.tile_rows;
    const int64_t column = unit % across * space_.tile;
    const int64_t row = unit / across % down * space_.tile_rows;
    const int64_t columns = std::min(space_.tile, space_.dims[inner] - column);
    const int64_t rows = std::min(space_.tile_rows, space_.dims[outer] - row);

    char* corner[kernels::kMaxGroupInputs + kernels::kMaxGroupOutputs];
    for (size_t i = 0; i < streams_.size(); ++i) {
      const Stream& s = streams_[i];
      const auto& strides = space_.strides[s.operand];
      int64_t index = row * strides[outer] + column * strides[inner];
      int64_t rest = unit / (across * down);
      for (size_t d = outer; d-- > 0; rest /= space_.dims[d]) index += rest % space_.dims[d] * strides[d];
      corner[i] = element(bases, s, index);
      if (s.access == Access::kStaged && !s.written) {
        stage_block(Stage::kIn, s.bytes, corner[i], strides[outer], strides[inner], scratch + s.tile, space_.tile, rows,
                    columns);
      }
    }
    for (int64_t r = 0; r < rows; ++r) {
      for (size_t i = 0; i < streams_.size(); ++i) {
        const Stream& s = streams_[i];
        const bool staged = s.access == Access::kStaged;
        const int64_t step = staged ? space_.tile : space_.strides[s.operand][outer];
        slots[i] = (staged ? scratch + s.tile : corner[i]) + r * step * static_cast<int64_t>(s.bytes);
      }
      program_->run(slots, static_cast<size_t>(columns));
    }
    for (size_t i = 0; i < streams_.size(); ++i) {
      const Stream& s = streams_[i];
      if (!s.written || s.access != Access::kStaged) continue;
      const auto& strides = space_.strides[s.operand];
      stage_block(Stage::kOut, s.bytes, corner[i], strides[outer], strides[inner], scratch + s.tile, space_.tile, rows,
                  columns);
    }
  }

  const kernels::ElementwiseKernels& kernels_;
  GroupSpace space_;
  std::unique_ptr<GroupProgram> program_;
  std::vector<Ref> refs_;  // by operand
  std::vector<Stream> streams_;
  bool staged_ = false;
  int64_t units_per_part_ = 1;
};

void verify(const Instruction& instruction) { decode_group(instruction); }

std::unique_ptr<Prepared> prepare(const Instruction& instruction, const PrepareContext& context) {
  auto group = std::make_unique<PreparedGroup>(instruction, context);
  std::unique_ptr<Prepared> direct = group->direct();
  return direct ? std::move(direct) : std::move(group);
}

}  // namespace

const InstructionRow kElementwiseRow = {1, "elementwise", group_outputs, true, verify, prepare};

}  // namespace gradsmith::plan
