#include "plan/group_bind.h"

#include <algorithm>

#include "kernels/elementwise_recipes.h"

namespace gradsmith::plan {
namespace {

using kernels::Code;
using kernels::Pace;
using kernels::Step;

class Binder {
 public:
  Binder(LoweredGroup& out, const kernels::ElementwiseKernels& kernels) : out_(out), kernels_(kernels) {}

  void run(const std::vector<Emit>& prologue, const std::vector<Emit>& steps) {
    for (uint16_t& slot : out_.lists) slot = final_slot(slot);
    if (steps.size() == 1 && steps[0].code == Code::kRecipe && writes_streams_only(steps[0])) {
      out_.whole = recipe_loop(steps[0]);
      out_.whole_recipe = steps[0].recipe;
    }
    if (!prologue.empty()) out_.prologue = bind(prologue, Pace::kNarrow);
    for (const Pace pace : {Pace::kWide, Pace::kHalf, Pace::kNarrow}) {
      out_.steps[static_cast<size_t>(pace)] = bind(steps, pace);
    }
  }

 private:
  uint16_t final_slot(uint16_t slot) const {
    if (slot < kConstantBase) return slot;
    return static_cast<uint16_t>(slot - kConstantBase + out_.stream_operand.size() + out_.scratch_slots);
  }

  std::vector<Step> bind(const std::vector<Emit>& emits, Pace pace) const {
    std::vector<Step> steps;
    for (const Emit& e : emits) {
      const void* label = kernels_.label(out_.lane_bytes, pace, e.code);
      if (e.code == Code::kRecipe) {
        steps.push_back({label, {}, e.d, 0, 0, 0});
        steps.back().recipe = recipe_loop(e);
      } else {
        steps.push_back({label, {e.fn}, final_slot(e.d), final_slot(e.a), final_slot(e.b), final_slot(e.c)});
      }
    }
    steps.push_back({kernels_.label(out_.lane_bytes, pace, Code::kEnd), {}, 0, 0, 0, 0});
    return steps;
  }

  /// A result that no output wants goes to a block's slot, which has no room for more than a block.
  bool writes_streams_only(const Emit& emit) const {
    const auto first = out_.lists.begin() + emit.d;
    return std::all_of(first, first + kernels::kRecipes[emit.recipe].outputs,
                       [&](uint16_t slot) { return slot < out_.stream_operand.size(); });
  }

  kernels::RecipeFn* recipe_loop(const Emit& emit) const {
    return kernels_.recipes[out_.lane_bytes == 8 ? 1 : 0][emit.recipe];
  }

  LoweredGroup& out_;
  const kernels::ElementwiseKernels& kernels_;
};

}  // namespace

void bind_steps(LoweredGroup& out, const std::vector<Emit>& prologue, const std::vector<Emit>& steps,
                const kernels::ElementwiseKernels& kernels) {
  Binder(out, kernels).run(prologue, steps);
}

}  // namespace gradsmith::plan
