#include "plan/group_recipe.h"

#include <algorithm>

namespace gradsmith::plan {

GroupRecipe::GroupRecipe(const GroupProgram& program, const std::vector<Ref>& refs) : recipe_(program.lowered().whole) {
  const LoweredGroup& lowered = program.lowered();
  const size_t streams = lowered.stream_operand.size();
  for (const uint16_t slot : lowered.lists) {
    if (slot < streams) {
      streams_.push_back(slot);
      continue;
    }
    const size_t constant = slot - streams - lowered.scratch_slots;
    if (slot >= streams + lowered.scratch_slots && constant < lowered.constants.size()) {
      numbers_.push_back({{}, {}, {}, false, program.constant(constant)});
      continue;
    }
    const auto is_it = [&](const LoweredGroup::Uniform& u) { return u.slot == slot; };
    const auto uniform = std::find_if(lowered.uniforms.begin(), lowered.uniforms.end(), is_it);
    const DType from = uniform->from, to = uniform->to;
    const bool is_float = from == DType::kFloat32 && to == from;
    numbers_.push_back({refs[uniform->operand], from, to, is_float, nullptr});
  }
}

}  // namespace gradsmith::plan
