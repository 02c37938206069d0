// `reduce` with an elementwise group over its results, such as the update of a bias by the sum of its gradients: the
// results go to memory only where they are an output. See docs/architecture.md.
#include <algorithm>
#include <optional>

#include "plan/group_recipe.h"
#include "plan/operand.h"
#include "plan/reduce_work.h"

namespace gradsmith::plan {
namespace {

/// The group as an elementwise instruction: what is reduced takes its place as the first input.
Instruction group_of(const Instruction& in) {
  const size_t outputs = group_outputs(in, 1);
  Instruction group{in.opcode, {in.attrs.begin() + 1, in.attrs.end()}, {in.operands.begin(), in.operands.end() - 1}};
  Operand reduced = in.operands[0];
  reduced.buffer = kArena;
  reduced.offset = 0;
  reduced.dtype = in.operands.back().dtype;
  group.operands.insert(group.operands.begin() + static_cast<ptrdiff_t>(outputs), reduced);
  return group;
}

/// One element of memory, where there is one result, is read as that result is.
bool is_uniform(const Operand& x) { return x.buffer == kScalars || (repeats_one(x) && x.size() > 1); }

/// The loops of a reduction to dense results.
ReduceWork work_of(const Instruction& in, const kernels::KernelTable& kernels) {
  return {in.operands[0], in.operands.back(), in.attrs[0], kernels};
}

class ReduceGroup final : public Prepared {
 public:
  ReduceGroup(const Instruction& in, const PrepareContext& context)
      : work_(work_of(in, context.kernels)), x_(context.ref(in.operands.back())), workspace_(context.workspace()) {
    const Instruction elementwise = group_of(in);
    const Group group = decode_group(elementwise);
    const size_t outputs = group.outputs.size();
    for (const Operand& operand : elementwise.operands) refs_.push_back(context.ref(operand));
    refs_[outputs] = {UINT32_MAX, 0};  // what is reduced: no memory of its own
    std::vector<uint8_t> uniform(group.inputs, 0);
    for (size_t i = 1; i < group.inputs; ++i) uniform[i] = is_uniform(elementwise.operands[outputs + i]) ? 1 : 0;
    program_.emplace(group, uniform, refs_, static_cast<int64_t>(std::min(work_.axes.kept, kTile)),
                     context.kernels.elementwise);
    if (GroupRecipe::fits(*program_)) recipe_.emplace(*program_, refs_);
    lay_out(outputs);
    work_.divide(*this);
    whole_ = parts == 1 && work_.axes.kept > 0 && work_.axes.kept <= kTile;
    tile_at_ = program_->scratch_bytes();
    scratch_bytes = tile_at_ + kTile * static_cast<size_t>(work_.item) + kSlack;
    cost_ns = work_.cost_ns + program_->lowered().ns_per_element * static_cast<double>(work_.axes.kept);
  }

  void run(void* const* bases, size_t part, void* scratch, Fault&) const noexcept override {
    const char* const x = x_.at<const char>(bases);
    if (work_.in_blocks()) return work_.reduce_blocks(x, workspace_.at<char>(bases), part);
    char* slots[kernels::kMaxGroupSlots];
    GroupRecipe::Numbers numbers;
    enter(bases, scratch, slots, numbers);
    char* const tile = static_cast<char*>(scratch) + tile_at_;
    const auto run_tile = [&](size_t first, size_t last) {
      // The kernel counts results from the first of all.
      char* const result0 =
          reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(tile) - first * static_cast<size_t>(work_.item));
      work_.fn(x, result0, work_.axes, first, last);
      work_on(bases, tile, slots, first, last);
    };
    if (whole_) return run_tile(0, work_.axes.kept);
    work_.results.each(part, work_.outer, [&](int64_t, int64_t, size_t first, size_t last) {
      for (; first < last; first += kTile) run_tile(first, std::min(first + kTile, last));
    });
  }

  void finish(void* const* bases, size_t, void* scratch) const noexcept override {
    char* slots[kernels::kMaxGroupSlots];
    GroupRecipe::Numbers numbers;
    enter(bases, scratch, slots, numbers);
    char* const tile = static_cast<char*>(scratch) + tile_at_;
    work_.join_blocks(workspace_.at<const char>(bases), tile);
    work_on(bases, tile, slots, 0, work_.axes.kept);
  }

 private:
  struct Stream {
    Ref ref;
    ptrdiff_t bytes;  // of an element
    bool reduced;
  };

  /// Results that are reduced, then worked on, at a time: in L1 with what the group reads beside them.
  static constexpr size_t kTile = 1024;
  static_assert(kTile % ReduceWork::kGrain == 0);
  static constexpr size_t kSlack = 64;

  /// In the order of the recipe, if the program is one.
  void lay_out(size_t outputs) {
    const LoweredGroup& lowered = program_->lowered();
    const auto add = [&](size_t stream) {
      const size_t operand = lowered.stream_operand[stream];
      streams_.push_back({refs_[operand], lowered.stream_bytes[stream], operand == outputs});
    };
    if (recipe_) {
      for (const uint16_t stream : recipe_->streams()) add(stream);
    } else {
      for (size_t stream = 0; stream < lowered.stream_operand.size(); ++stream) add(stream);
    }
  }

  void enter(void* const* bases, void* scratch, char** slots, GroupRecipe::Numbers& numbers) const noexcept {
    if (recipe_)
      recipe_->enter(bases, slots, numbers);
    else
      program_->enter(bases, static_cast<char*>(scratch), slots);
  }

  /// The group on results [first, last), which are in the tile.
  void work_on(void* const* bases, char* tile, char** slots, size_t first, size_t last) const noexcept {
    char** slot = slots;
    for (const Stream& s : streams_) {
      *slot++ = s.reduced ? tile : s.ref.at<char>(bases) + static_cast<ptrdiff_t>(first) * s.bytes;
    }
    if (recipe_)
      recipe_->run(slots, last - first, 1, nullptr);
    else
      program_->run(slots, last - first);
  }

  ReduceWork work_;
  Ref x_, workspace_;
  bool whole_;             // one tile
  std::vector<Ref> refs_;  // of the group's operands
  std::optional<GroupProgram> program_;
  std::optional<GroupRecipe> recipe_;
  std::vector<Stream> streams_;
  size_t tile_at_ = 0;
};

}  // namespace

void verify_reduce_group(const Instruction& in) {
  const Checks checks("reduce", in);
  const size_t outputs = group_outputs(in, 1);
  checks.require(outputs > 0 && in.operands.size() > outputs, "operands are missing");
  const Operand& x = in.operands.back();
  check_reduction(checks, in.operands[0], x);
  decode_group(group_of(in));
  for (size_t i = 0; i + 1 < in.operands.size(); ++i) {
    const Operand& operand = in.operands[i];
    checks.require(operand.contiguous() || (i >= outputs && is_uniform(operand)),
                   "the group's operands must be contiguous");
    checks.require(i >= outputs || !may_overlap(operand, x), "an output overlaps x");
  }
  const ReduceLoops loops = reduce_loops(in.operands[0], x);
  checks.require(loops.outer.rank == 0, "the results of a reduction with a group must be one axis of x");
}

std::unique_ptr<Prepared> prepare_reduce_group(const Instruction& instruction, const PrepareContext& context) {
  return std::make_unique<ReduceGroup>(instruction, context);
}

}  // namespace gradsmith::plan
