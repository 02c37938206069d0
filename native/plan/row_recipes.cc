// Elementwise groups of a row group that are one recipe (kernels/elementwise_recipes.h): one call for a block of rows,
// without the machine; and sums of the rows or the columns that a recipe makes.
#include <algorithm>

#include "kernels/elementwise_recipes.h"
#include "plan/group_numbers.h"
#include "plan/row_column_pieces.h"
#include "plan/row_group_step.h"

namespace gradsmith::plan {
namespace {

constexpr auto kInOrder = [] {
  std::array<uint16_t, kernels::kMaxRecipeOutputs + kernels::kMaxRecipeInputs> order{};
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint16_t>(i);
  return order;
}();

/// A number of the row is read where it is, one for the length of the row.
class RecipeStep : public GroupStep {
 public:
  RecipeStep(const RowStep& step, const RowLayout& layout, bool by_row)
      : GroupStep(step, layout, uniform_inputs(step, layout, by_row), layout.program.columns), by_row_(by_row) {
    found_ = is_recipe();
    for (const uint16_t slot : program_->lowered().lists) {
      if (found_) place(slot);
    }
  }

  bool found() const { return found_; }

  void run(const RowBlock& block) const noexcept override {
    Slots slots;
    enter(block, slots);
    const size_t rows = by_row_ ? block.rows : 1, n = by_row_ ? columns_ : block.rows * columns_;
    program_->lowered().whole(slots.at, kInOrder.data(), n, rows, steps_.data());
  }

 protected:
  struct Slots {
    char* at[kInOrder.size()];
    uint64_t numbers[kInOrder.size()];
  };

  void enter(const RowBlock& block, Slots& slots) const noexcept {
    for (size_t i = 0; i < places_.size(); ++i) {
      const Place& p = places_[i];
      slots.at[i] = p.constant != nullptr ? p.constant : block.at[p.value];
      if (p.from == p.to) continue;
      slots.numbers[i] = number_bits(slots.at[i], p.from, p.to);
      slots.at[i] = reinterpret_cast<char*>(&slots.numbers[i]);
    }
  }

  bool found_;
  std::vector<ptrdiff_t> steps_;  // by operand of the recipe: bytes from row to row

 private:
  struct Place {
    size_t value;
    char* constant;  // or null
    DType from, to;  // different where a number of the run is cast on its way in
  };

  void place(uint16_t slot) {
    const LoweredGroup& lowered = program_->lowered();
    const size_t streams = lowered.stream_operand.size(), numbers = streams + lowered.scratch_slots;
    if (slot >= numbers) return add({0, program_->constant(slot - numbers), DType::kFloat32, DType::kFloat32}, 0);
    if (slot < streams) {
      const size_t operand = lowered.stream_operand[slot];
      const auto stretch = static_cast<ptrdiff_t>(columns_ * bytes_[operand]);
      found_ &= by_row_ || pitch_[operand] == stretch;
      return add({value_of(operand), nullptr, DType::kFloat32, DType::kFloat32}, pitch_[operand]);
    }
    const auto is_it = [&](const LoweredGroup::Uniform& u) { return u.slot == slot; };
    const auto u = std::find_if(lowered.uniforms.begin(), lowered.uniforms.end(), is_it);
    found_ &= pitch_[u->operand] == 0 || u->from == u->to;
    add({value_of(u->operand), nullptr, u->from, u->to}, pitch_[u->operand]);
  }

  void add(const Place& p, ptrdiff_t step) {
    places_.push_back(p);
    steps_.push_back(step);
  }

  bool by_row_;
  std::vector<Place> places_;  // by operand of the recipe
};

bool is_mean(const RowStep& reduction) { return reduction.choice == static_cast<int32_t>(kernels::ReduceKind::kMean); }

/// A recipe whose rows are added up as they are made, and go to no memory.
class SumStep final : public RecipeStep {
 public:
  SumStep(const RowStep& step, std::span<const RowStep> reductions, const RowLayout& layout)
      : RecipeStep(step, layout, true), sums_(reductions.size()) {
    if (!found_) return;
    const LoweredGroup& lowered = program_->lowered();
    fn_ = layout.kernels.rows.recipe_sum[lowered.lane_bytes == 8 ? 1 : 0][lowered.whole_recipe];
    // As the recipe orders its results.
    for (size_t k = 0; k < sums_; ++k) {
      const size_t made = value_of(lowered.stream_operand[lowered.lists[k]]);
      const auto reads = [&](const RowStep& reduction) { return reduction.reads[0] == made; };
      const RowStep& reduction = *std::find_if(reductions.begin(), reductions.end(), reads);
      y_[k] = reduction.writes[0];
      means_ |= is_mean(reduction) ? 1u << k : 0;
    }
    found_ = fn_ != nullptr;
  }

  void run(const RowBlock& block) const noexcept override {
    Slots slots;
    enter(block, slots);
    void* y[kernels::kMostSums];
    for (size_t k = 0; k < sums_; ++k) y[k] = block.at[y_[k]];
    fn_(slots.at, kInOrder.data(), columns_, block.rows, steps_.data(), y, means_);
  }

 private:
  size_t y_[kernels::kMostSums] = {};
  size_t sums_;
  uint32_t means_ = 0;
  kernels::RecipeSumFn fn_ = nullptr;
};

/// A recipe whose columns are added up as it goes down the rows, which go to no memory.
class ColumnSumStep final : public RecipeStep {
 public:
  ColumnSumStep(const RowStep& step, const RowStep& columns, const RowLayout& layout)
      : RecipeStep(step, layout, true), pieces_(columns.writes[0], layout) {
    if (!found_) return;
    const LoweredGroup& lowered = program_->lowered();
    fn_ = layout.kernels.rows.recipe_column_sum[lowered.lane_bytes == 8 ? 1 : 0][lowered.whole_recipe];
    found_ = fn_ != nullptr;
    kept_bytes = pieces_.kept_bytes();
  }

  void run(const RowBlock& block) const noexcept override {
    Slots slots;
    enter(block, slots);
    pieces_.each(block, kept_at, [&](size_t rows, const kernels::ColumnPiece& piece) {
      fn_(slots.at, kInOrder.data(), steps_.data(), columns_, rows, piece);
      for (size_t i = 0; i < steps_.size(); ++i) slots.at[i] += static_cast<ptrdiff_t>(rows) * steps_[i];
    });
  }

 private:
  ColumnPieces pieces_;
  kernels::RecipeColumnSumFn fn_ = nullptr;
};

}  // namespace

std::unique_ptr<PreparedRowStep> prepare_row_recipe(const RowStep& step, const RowLayout& layout) {
  const bool by_row = step.kind == RowStep::kGroup && layout.program.columns >= kShortRow;
  auto recipe = std::make_unique<RecipeStep>(step, layout, by_row);
  return recipe->found() ? std::move(recipe) : nullptr;
}

std::unique_ptr<PreparedRowStep> prepare_row_sums(const RowStep& step, std::span<const RowStep> reductions,
                                                  const RowLayout& layout) {
  const auto is_sum = [&](const RowStep& r) {
    const bool sum = r.choice == static_cast<int32_t>(kernels::ReduceKind::kSum) || is_mean(r);
    return r.kind == RowStep::kReduce && sum && std::count(step.writes.begin(), step.writes.end(), r.reads[0]) == 1;
  };
  if (step.kind == RowStep::kGroup && reductions.size() == 1 && reductions[0].kind == RowStep::kColumns) {
    auto joined = std::make_unique<ColumnSumStep>(step, reductions[0], layout);
    return joined->found() ? std::move(joined) : nullptr;
  }
  // Rows up to this long are added up several at once, in another order.
  if (step.kind != RowStep::kGroup || layout.program.columns <= kShortRow || reductions.size() > kernels::kMostSums ||
      !std::all_of(reductions.begin(), reductions.end(), is_sum))
    return nullptr;
  auto joined = std::make_unique<SumStep>(step, reductions, layout);
  return joined->found() ? std::move(joined) : nullptr;
}

}  // namespace gradsmith::plan
