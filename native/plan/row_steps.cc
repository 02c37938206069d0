#include "plan/row_steps.h"

#include <algorithm>
#include <cstring>

#include "kernels/elementwise_recipes.h"
#include "plan/group_program.h"
#include "plan/group_recipe.h"
#include "plan/group_stage.h"

namespace gradsmith::plan {
namespace {

/// Rows shorter than this are worked on together, as one stretch.
constexpr int64_t kShortRow = 64;
/// What a kernel that fills rows may write beyond their end.
constexpr size_t kSlack = 64;

size_t round_up(size_t n) { return (n + 63) / 64 * 64; }

/// What both walks of an elementwise group share.
class GroupStep : public PreparedRowStep {
 protected:
  GroupStep(const RowStep& step, const RowLayout& layout, const std::vector<uint8_t>& uniform, int64_t run)
      : columns_(step.kind == RowStep::kGroup ? static_cast<size_t>(layout.program.columns) : 1),
        outputs_(step.writes.size()),
        kernels_(layout.kernels.elementwise) {
    values_ = step.writes;
    values_.insert(values_.end(), step.reads.begin(), step.reads.end());
    std::vector<Ref> refs;
    for (const size_t v : values_) {
      refs.push_back({static_cast<uint32_t>(layout.places[v].same_as), 0});
      pitch_.push_back(layout.places[v].pitch);
      bytes_.push_back(size_of(layout.program.values[v].dtype));
    }
    program_ = std::make_unique<GroupProgram>(step.group, uniform, refs, run, kernels_);
    scratch_bytes = program_->scratch_bytes();
    ns_per_row = program_->lowered().ns_per_element * static_cast<double>(columns_);
  }

  /// The addresses as the program's uniforms look them up.
  static void* const* bases(const RowBlock& block) { return reinterpret_cast<void* const*>(block.at); }
  size_t value_of(size_t operand) const { return values_[operand]; }

  size_t columns_;
  size_t outputs_;
  const kernels::ElementwiseKernels& kernels_;
  std::unique_ptr<GroupProgram> program_;
  // By operand of the group, outputs first.
  std::vector<size_t> values_;
  std::vector<ptrdiff_t> pitch_;
  std::vector<size_t> bytes_;
};

/// All rows of a block as one stretch. What repeats along it is spread out in tiles: a number over its row, a row over
/// the block.
class FlatStep final : public GroupStep {
 public:
  FlatStep(const RowStep& step, const RowLayout& layout, const std::vector<uint8_t>& uniform)
      : GroupStep(step, layout, uniform, static_cast<int64_t>(layout.most_rows) * width(step, layout)) {
    for (const size_t operand : program_->lowered().stream_operand) {
      Stream s{operand, Way::kThere, 0};
      const bool wide = layout.program.values[values_[operand]].wide;
      const bool dense = pitch_[operand] == static_cast<ptrdiff_t>(columns_ * bytes_[operand]);
      if (operand >= outputs_ && !(dense && (wide || columns_ == 1))) {
        s.way = !wide ? Way::kSpread : pitch_[operand] == 0 ? Way::kRepeated : Way::kGathered;
        size_t& bytes = s.way == Way::kRepeated ? kept_bytes : scratch_bytes;
        s.tile = bytes;
        bytes += round_up(layout.most_rows * columns_ * bytes_[operand] + kSlack);
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

/// Row by row: a number of the row is one for the length of it.
class RowwiseStep : public GroupStep {
 public:
  RowwiseStep(const RowStep& step, const RowLayout& layout, const std::vector<uint8_t>& uniform)
      : GroupStep(step, layout, uniform, layout.program.columns) {
    const LoweredGroup& lowered = program_->lowered();
    for (const LoweredGroup::Uniform& u : lowered.uniforms) {
      if (pitch_[u.operand] != 0) numbers_.push_back(u);
      as_numbers_ &= pitch_[u.operand] == 0 || u.from == u.to;
    }
    as_numbers_ &= GroupRecipe::fits(*program_);
    if (!as_numbers_) return;
    for (const uint16_t slot : lowered.lists) steps_.push_back(step_of(slot));
  }

  void run(const RowBlock& block) const noexcept override {
    const LoweredGroup& lowered = program_->lowered();
    char* slots[kernels::kMaxGroupSlots];
    if (as_numbers_) {
      enter_recipe(block, slots);
      lowered.whole(slots, lowered.lists.data(), columns_, block.rows, steps_.data());
      return;
    }
    void* at[kMaxRowValues];
    for (const LoweredGroup::Uniform& u : lowered.uniforms) at[value_of(u.operand)] = block.at[value_of(u.operand)];
    for (size_t r = 0; r < block.rows; ++r) {
      if (r == 0 || !numbers_.empty()) program_->enter(at, block.scratch, slots);
      for (size_t i = 0; i < lowered.stream_operand.size(); ++i) {
        const size_t operand = lowered.stream_operand[i];
        slots[i] = block.at[value_of(operand)] + static_cast<ptrdiff_t>(r) * pitch_[operand];
      }
      program_->run(slots, columns_);
      for (const LoweredGroup::Uniform& u : numbers_) {
        void*& p = at[value_of(u.operand)];
        p = static_cast<char*>(p) + pitch_[u.operand];
      }
    }
  }

 protected:
  void enter_recipe(const RowBlock& block, char** slots) const noexcept {
    const LoweredGroup& lowered = program_->lowered();
    program_->enter(bases(block), block.scratch, slots);
    for (size_t i = 0; i < lowered.stream_operand.size(); ++i) slots[i] = block.at[value_of(lowered.stream_operand[i])];
    for (const LoweredGroup::Uniform& u : numbers_) slots[u.slot] = block.at[value_of(u.operand)];
  }

  bool as_numbers_ = true;        // one recipe, which reads the numbers where they are
  std::vector<ptrdiff_t> steps_;  // by operand of the recipe: bytes from row to row

 private:
  ptrdiff_t step_of(uint16_t slot) const {
    const LoweredGroup& lowered = program_->lowered();
    if (slot < lowered.stream_operand.size()) return pitch_[lowered.stream_operand[slot]];
    for (const LoweredGroup::Uniform& u : numbers_) {
      if (u.slot == slot) return pitch_[u.operand];
    }
    return 0;
  }

  std::vector<LoweredGroup::Uniform> numbers_;  // that change from row to row
};

/// A recipe whose rows are added up as they are made, and go to no memory.
class SumStep final : public RowwiseStep {
 public:
  SumStep(const RowStep& step, const RowStep& reduction, const RowLayout& layout, const std::vector<uint8_t>& uniform)
      : RowwiseStep(step, layout, uniform),
        y_(reduction.writes[0]),
        mean_(reduction.choice == static_cast<int32_t>(kernels::ReduceKind::kMean)) {
    const LoweredGroup& lowered = program_->lowered();
    if (as_numbers_) fn_ = layout.kernels.rows.recipe_sum[lowered.lane_bytes == 8 ? 1 : 0][lowered.whole_recipe];
  }

  bool found() const { return fn_ != nullptr; }

  void run(const RowBlock& block) const noexcept override {
    char* slots[kernels::kMaxGroupSlots];
    enter_recipe(block, slots);
    fn_(slots, program_->lowered().lists.data(), columns_, block.rows, steps_.data(), block.at[y_], mean_);
  }

 private:
  size_t y_;
  bool mean_;
  kernels::RecipeSumFn fn_ = nullptr;
};

class ReduceStep final : public PreparedRowStep {
 public:
  ReduceStep(const RowStep& step, const RowLayout& layout) : x_(step.reads[0]), y_(step.writes[0]) {
    const DType dtype = layout.program.values[x_].dtype;
    const auto columns = static_cast<size_t>(layout.program.columns);
    axes_.kept = layout.most_rows;
    axes_.kept_stride = layout.places[x_].pitch / static_cast<ptrdiff_t>(size_of(dtype));
    axes_.result_stride = 1;
    axes_.length = columns;
    axes_.stride = 1;
    axes_.count = static_cast<double>(columns);
    fn_ = layout.kernels.rows.reduce[static_cast<size_t>(kernels::ReduceLayout::kRows)]
                                    [static_cast<size_t>(step.choice)][static_cast<size_t>(dtype)];
    ns_per_row = 0.1 * static_cast<double>(columns);
  }

  void run(const RowBlock& block) const noexcept override { fn_(block.at[x_], block.at[y_], axes_, 0, block.rows); }

 private:
  size_t x_, y_;
  kernels::ReduceAxes axes_{};
  kernels::ReduceFn fn_;
};

class SoftmaxStep final : public PreparedRowStep {
 public:
  SoftmaxStep(const RowStep& step, const RowLayout& layout)
      : x_(step.reads[0]), y_(step.writes[0]), columns_(static_cast<size_t>(layout.program.columns)) {
    const size_t dtype = layout.program.values[x_].dtype == DType::kFloat64 ? 1 : 0;
    const kernels::RowKernels& rows = layout.kernels.rows;
    fn_ = step.choice == 0 ? rows.softmax[dtype] : rows.log_softmax[dtype];
    ns_per_row = static_cast<double>(columns_) * (dtype == 1 ? 1.5 : 0.5) + 5;
  }

  void run(const RowBlock& block) const noexcept override { fn_(block.at[x_], block.at[y_], block.rows, columns_); }

 private:
  size_t x_, y_, columns_;
  kernels::SoftmaxFn fn_;
};

bool is_long(const RowLayout& layout) { return layout.program.columns >= kShortRow; }

/// By input: is it one number for the length of a walk?
std::vector<uint8_t> uniforms(const RowStep& step, const RowLayout& layout) {
  const bool by_row = step.kind == RowStep::kGroup && is_long(layout);
  std::vector<uint8_t> uniform;
  for (const size_t v : step.reads) {
    const bool number = !layout.program.values[v].wide && (by_row || layout.places[v].pitch == 0);
    uniform.push_back(number ? 1 : 0);
  }
  return uniform;
}

std::unique_ptr<PreparedRowStep> prepare_group(const RowStep& step, const RowLayout& layout) {
  const std::vector<uint8_t> uniform = uniforms(step, layout);
  bool still = true;  // every operand moves along as the first output does, or not at all
  for (const size_t v : step.reads) {
    const RowValue& value = layout.program.values[v];
    const ptrdiff_t pitch = layout.places[v].pitch;
    const auto dense = static_cast<ptrdiff_t>(layout.program.columns) * static_cast<ptrdiff_t>(size_of(value.dtype));
    still &= pitch == (value.wide ? dense : 0);
  }
  if (step.kind == RowStep::kGroup && is_long(layout) && !still)
    return std::make_unique<RowwiseStep>(step, layout, uniform);
  return std::make_unique<FlatStep>(step, layout, uniform);
}

}  // namespace

std::unique_ptr<PreparedRowStep> prepare_row_step(const RowStep& step, const RowLayout& layout) {
  switch (step.kind) {
    case RowStep::kReduce:
      return std::make_unique<ReduceStep>(step, layout);
    case RowStep::kSoftmax:
      return std::make_unique<SoftmaxStep>(step, layout);
    default:
      return prepare_group(step, layout);
  }
}

std::unique_ptr<PreparedRowStep> prepare_row_sum(const RowStep& step, const RowStep& reduction,
                                                 const RowLayout& layout) {
  const bool sum =
      reduction.kind == RowStep::kReduce && (reduction.choice == static_cast<int32_t>(kernels::ReduceKind::kSum) ||
                                             reduction.choice == static_cast<int32_t>(kernels::ReduceKind::kMean));
  // Rows up to this long are added up several at once, in another order.
  if (!sum || step.kind != RowStep::kGroup || step.writes.size() != 1 || layout.program.columns <= kShortRow)
    return nullptr;
  auto joined = std::make_unique<SumStep>(step, reduction, layout, uniforms(step, layout));
  return joined->found() ? std::move(joined) : nullptr;
}

}  // namespace gradsmith::plan
