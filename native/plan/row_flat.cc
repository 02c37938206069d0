// An elementwise group over a block of rows as one stretch of elements: short rows, and numbers of the rows.
#include <cstring>

#include "base/memory_pool.h"
#include "base/round_up.h"
#include "plan/group_stage.h"
#include "plan/row_group_step.h"

namespace gradsmith::plan {
namespace {

/// What a kernel that fills rows may write beyond their end.
constexpr size_t kSlack = 64;

/// All rows of a block as one stretch. What repeats along it is spread out in tiles: a number over its row, a row over
/// the block.
class FlatStep final : public GroupStep {
 public:
  FlatStep(const RowStep& step, const RowLayout& layout)
      : GroupStep(step, layout, uniform_inputs(step, layout, false),
                  static_cast<int64_t>(layout.most_rows) * width(step, layout)) {
    for (const size_t operand : program_->lowered().stream_operand) {
      Stream s{operand, Way::kThere, 0};
      const bool wide = layout.program.values[values_[operand]].wide;
      const bool dense = pitch_[operand] == static_cast<ptrdiff_t>(columns_ * bytes_[operand]);
      if (operand >= outputs_ && !(dense && (wide || columns_ == 1))) {
        s.way = !wide ? Way::kSpread : pitch_[operand] == 0 ? Way::kRepeated : Way::kGathered;
        size_t& bytes = s.way == Way::kRepeated ? kept_bytes : scratch_bytes;
        s.tile = bytes;
        bytes += round_up(layout.most_rows * columns_ * bytes_[operand] + kSlack, kAlignment);
      }
      streams_.push_back(s);
    }
  }

  void begin(const RowBlock& block) const noexcept override {
    for (const Stream& s : streams_) {
      if (s.way != Way::kRepeated) continue;
      char* const tile = block.kept + kept_at + s.tile;
      const size_t row = columns_ * bytes_[s.operand];
      std::memcpy(tile, block.at[value_of(s.operand)], row);
      repeat(tile, row, row * block.rows);
    }
  }

  void run(const RowBlock& block) const noexcept override {
    char* slots[kernels::kMaxGroupSlots];
    program_->enter(bases(block), block.scratch, slots);
    for (size_t i = 0; i < streams_.size(); ++i) {
      const Stream& s = streams_[i];
      char* const from = block.at[value_of(s.operand)];
      slots[i] = s.way == Way::kThere      ? from
                 : s.way == Way::kRepeated ? block.kept + kept_at + s.tile
                                           : block.scratch + s.tile;
      if (s.way == Way::kSpread)
        kernels_.spread(slots[i], from, pitch_[s.operand], bytes_[s.operand], block.rows, columns_);
      else if (s.way == Way::kGathered)
        gather(slots[i], from, s.operand, block.rows);
    }
    program_->run(slots, block.rows * columns_);
  }

 private:
  enum class Way : uint8_t { kThere, kSpread, kRepeated, kGathered };
  struct Stream {
    size_t operand;
    Way way;
    size_t tile;  // offset in scratch or, repeated, in what is kept
  };

  static int64_t width(const RowStep& step, const RowLayout& layout) {
    return step.kind == RowStep::kGroup ? layout.program.columns : 1;
  }

  void gather(char* tile, const char* from, size_t operand, size_t rows) const {
    const size_t row = columns_ * bytes_[operand];
    for (size_t r = 0; r < rows; ++r, tile += row, from += pitch_[operand]) std::memcpy(tile, from, row);
  }

  std::vector<Stream> streams_;
};

}  // namespace

std::unique_ptr<PreparedRowStep> prepare_flat(const RowStep& step, const RowLayout& layout) {
  return std::make_unique<FlatStep>(step, layout);
}

}  // namespace gradsmith::plan
