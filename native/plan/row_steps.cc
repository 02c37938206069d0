#include "plan/row_steps.h"

#include "plan/row_group_step.h"

namespace gradsmith::plan {
namespace {

/// A number of the row is one for the length of it.
class RowwiseStep final : public GroupStep {
 public:
  RowwiseStep(const RowStep& step, const RowLayout& layout)
      : GroupStep(step, layout, uniform_inputs(step, layout, true), layout.program.columns) {
    for (const LoweredGroup::Uniform& u : program_->lowered().uniforms) {
      if (pitch_[u.operand] != 0) numbers_.push_back(u);
    }
  }

  void run(const RowBlock& block) const noexcept override {
    const LoweredGroup& lowered = program_->lowered();
    char* slots[kernels::kMaxGroupSlots];
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

 private:
  std::vector<LoweredGroup::Uniform> numbers_;  // that change from row to row
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

std::unique_ptr<PreparedRowStep> prepare_group(const RowStep& step, const RowLayout& layout) {
  if (auto recipe = prepare_row_recipe(step, layout); recipe != nullptr) return recipe;
  bool still = true;  // every operand moves along as the first output does, or not at all
  for (const size_t v : step.reads) {
    const RowValue& value = layout.program.values[v];
    const ptrdiff_t pitch = layout.places[v].pitch;
    const auto dense = static_cast<ptrdiff_t>(layout.program.columns) * static_cast<ptrdiff_t>(size_of(value.dtype));
    still &= pitch == (value.wide ? dense : 0);
  }
  const bool by_row = step.kind == RowStep::kGroup && layout.program.columns >= kShortRow && !still;
  return by_row ? prepare_rowwise(step, layout) : prepare_flat(step, layout);
}

}  // namespace

GroupStep::GroupStep(const RowStep& step, const RowLayout& layout, const std::vector<uint8_t>& uniform, int64_t run)
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

std::vector<uint8_t> uniform_inputs(const RowStep& step, const RowLayout& layout, bool by_row) {
  std::vector<uint8_t> uniform;
  for (const size_t v : step.reads) {
    const bool number = !layout.program.values[v].wide && (by_row || layout.places[v].pitch == 0);
    uniform.push_back(number ? 1 : 0);
  }
  return uniform;
}

std::unique_ptr<PreparedRowStep> prepare_rowwise(const RowStep& step, const RowLayout& layout) {
  return std::make_unique<RowwiseStep>(step, layout);
}

std::unique_ptr<PreparedRowStep> prepare_row_step(const RowStep& step, const RowLayout& layout) {
  switch (step.kind) {
    case RowStep::kReduce:
      return std::make_unique<ReduceStep>(step, layout);
    case RowStep::kColumns:
      return prepare_columns(step, layout);
    case RowStep::kSoftmax:
      return std::make_unique<SoftmaxStep>(step, layout);
    default:
      return prepare_group(step, layout);
  }
}

}  // namespace gradsmith::plan
