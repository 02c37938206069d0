#include "plan/group_life.h"

#include <algorithm>

namespace gradsmith::plan {
namespace {

void choose_lanes(const Group& group, GroupLife& life) {
  bool only = true;
  life.has_float64 = false;
  for (const DType dtype : group.registers) {
    life.has_float64 |= dtype == DType::kFloat64;
    only &= dtype == DType::kFloat64 || dtype == DType::kBool;
  }
  life.lane_bytes = only && life.has_float64 ? 8 : 4;
}

void find_live(const Group& group, GroupLife& life) {
  const size_t count = group.registers.size();
  life.live.assign(count, 0);
  for (const int32_t reg : group.outputs) life.live[static_cast<size_t>(reg)] = 1;
  for (size_t reg = count; reg-- > group.inputs;) {
    if (!life.live[reg]) continue;
    for (const int32_t arg : group.op_of(reg).args) life.live[static_cast<size_t>(arg)] = 1;
  }
}

/// Every stream holds lanes as they are: no bytes to widen.
bool lanes_are_memory(const Group& group, const GroupLife& life) {
  const auto fits = [&](size_t reg) {
    return life.uniform[reg] != 0 || size_of(group.registers[reg]) == static_cast<size_t>(life.lane_bytes);
  };
  for (size_t i = 0; i < group.inputs; ++i) {
    if (life.live[i] && !fits(i)) return false;
  }
  return std::all_of(group.outputs.begin(), group.outputs.end(),
                     [&](int32_t reg) { return fits(static_cast<size_t>(reg)); });
}

void find_last_uses(const Group& group, GroupLife& life) {
  life.last_use.assign(group.registers.size(), 0);
  life.in_blocks.assign(group.registers.size(), 0);
  for (size_t p = 0; p < life.nodes.size(); ++p) {
    for (const size_t reg : life.nodes[p].reads) {
      life.last_use[reg] = p + 1;
      if (life.nodes[p].recipe == GroupNode::kOp) life.in_blocks[reg] = 1;
    }
  }
  for (const int32_t reg : group.outputs) life.last_use[static_cast<size_t>(reg)] = GroupLife::kNever;
}

}  // namespace

GroupLife group_life(const Group& group, const std::vector<uint8_t>& uniform) {
  GroupLife life{};
  life.uniform = uniform;
  choose_lanes(group, life);
  find_live(group, life);
  std::vector<size_t> order;
  for (size_t reg = group.inputs; reg < group.registers.size(); ++reg) {
    const std::vector<int32_t>& args = group.op_of(reg).args;
    const auto is_uniform = [&](int32_t arg) { return life.uniform[static_cast<size_t>(arg)] != 0; };
    life.uniform.push_back(std::all_of(args.begin(), args.end(), is_uniform) ? 1 : 0);
    if (life.live[reg] && !life.uniform[reg]) order.push_back(reg);
  }
  life.nodes = group_nodes(group, life.uniform, order, life.lane_bytes, lanes_are_memory(group, life));
  find_last_uses(group, life);
  return life;
}

}  // namespace gradsmith::plan
