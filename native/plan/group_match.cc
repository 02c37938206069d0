#include "plan/group_match.h"

#include <algorithm>
#include <optional>

namespace gradsmith::plan {
namespace {

using kernels::kRecipes;
using kernels::Micro;
using kernels::Recipe;

constexpr size_t kFree = SIZE_MAX;

/// The group's register for each of the recipe's.
using Binding = std::array<size_t, kernels::kMaxRecipeRegisters>;

bool contains(const auto& list, size_t value) { return std::find(list.begin(), list.end(), value) != list.end(); }

class Matcher {
 public:
  Matcher(const Group& group, const std::vector<uint8_t>& uniform, const std::vector<size_t>& order, int lane_bytes,
          bool single)
      : group_(group),
        uniform_(uniform),
        order_(order),
        dtype_(lane_bytes == 8 ? DType::kFloat64 : DType::kFloat32),
        single_(single),
        place_(group.registers.size(), kFree),
        taken_(order.size(), false) {
    for (size_t p = 0; p < order.size(); ++p) place_[order[p]] = p;
  }

  std::vector<GroupNode> run() {
    std::vector<GroupNode> nodes;  // backwards
    for (size_t p = order_.size(); p-- > 0;) {
      if (taken_[p]) continue;
      taken_[p] = true;
      std::optional<GroupNode> node;
      for (size_t r = 0; r < kernels::kRecipeCount && !node; ++r) node = recipe_at(p, r);
      nodes.push_back(node ? std::move(*node) : op_at(p));
    }
    std::reverse(nodes.begin(), nodes.end());
    return nodes;
  }

 private:
  const GroupOp& op_of(size_t reg) const { return group_.op_of(reg); }

  GroupNode op_at(size_t p) const {
    GroupNode node;
    const size_t reg = order_[p];
    for (const int32_t arg : op_of(reg).args) {
      if (!contains(node.reads, static_cast<size_t>(arg))) node.reads.push_back(static_cast<size_t>(arg));
    }
    node.writes = node.ops = {reg};
    return node;
  }

  std::optional<GroupNode> recipe_at(size_t p, size_t which) {
    const Recipe& recipe = kRecipes[which];
    const size_t ops = static_cast<size_t>(recipe.ops);
    const bool all = single_ && ops == order_.size();
    if (p + 1 < ops || (!all && recipe.ops < kernels::kFewestOpsInside)) return std::nullopt;
    Binding binding;
    binding.fill(kFree);
    taken_[p] = false;
    const bool found = solve(recipe, {{recipe.registers() - 1, order_[p]}}, binding) && find_others(recipe, binding);
    taken_[p] = true;
    if (!found) return std::nullopt;
    GroupNode node;
    node.recipe = which;
    for (int i = 0; i < recipe.inputs(); ++i) node.reads.push_back(binding[static_cast<size_t>(i)]);
    for (int k = 0; k < recipe.outputs; ++k) {
      node.writes.push_back(binding[static_cast<size_t>(recipe.output[static_cast<size_t>(k)])]);
    }
    for (int k = 0; k < recipe.ops; ++k) node.ops.push_back(binding[static_cast<size_t>(recipe.inputs() + k)]);
    if (!stands_alone(node, p)) return std::nullopt;
    for (const size_t reg : node.ops) taken_[place_[reg]] = true;
    return node;
  }

  struct Pair {
    int want;  // a register of the recipe
    size_t have;
  };

  /// Binds the recipe's registers so that every pair computes the same; both orders of what commutes are tried.
  bool solve(const Recipe& recipe, std::vector<Pair> pairs, Binding& binding) const {
    while (!pairs.empty()) {
      const auto [want, have] = pairs.back();
      pairs.pop_back();
      size_t& bound = binding[static_cast<size_t>(want)];
      if (bound != kFree && bound != have) return false;
      if (bound != kFree) continue;
      bound = have;
      if (want < recipe.inputs()) {
        if (group_.registers[have] != dtype_ || (uniform_[have] != 0) != (want >= recipe.streams)) return false;
        continue;
      }
      const Recipe::Op& op = recipe.op[want - recipe.inputs()];
      if (place_[have] == kFree || taken_[place_[have]]) return false;
      const GroupOp& candidate = op_of(have);
      if (candidate.op != op.op || candidate.dtype != dtype_) return false;
      const int operands[] = {op.a, op.b, op.c};
      if (op.op == Micro::kAdd || op.op == Micro::kMul) {
        std::vector<Pair> swapped = pairs;
        swapped.push_back({op.a, static_cast<size_t>(candidate.args[1])});
        swapped.push_back({op.b, static_cast<size_t>(candidate.args[0])});
        Binding other = binding;
        if (solve(recipe, std::move(swapped), other)) {
          binding = other;
          return true;
        }
      }
      for (size_t i = 0; i < candidate.args.size(); ++i) {
        pairs.push_back({operands[i], static_cast<size_t>(candidate.args[i])});
      }
    }
    return true;
  }

  /// Binds the recipe's ops that its last one does not need, and what they alone read.
  bool find_others(const Recipe& recipe, Binding& binding) const {
    for (int k = recipe.registers() - 1; k >= recipe.inputs(); --k) {
      const size_t& bound = binding[static_cast<size_t>(k)];
      for (size_t q = order_.size(); q-- > 0 && bound == kFree;) {
        if (taken_[q] || contains(binding, order_[q])) continue;
        Binding other = binding;
        if (solve(recipe, {{k, order_[q]}}, other)) binding = other;
      }
      if (bound == kFree) return false;
    }
    return true;
  }

  /// Nobody else reads what stays inside, and whoever reads an output comes later than the last op, at place p.
  bool stands_alone(const GroupNode& node, size_t p) const {
    if (std::find(node.reads.begin(), node.reads.end(), kFree) != node.reads.end()) return false;
    for (const size_t reg : node.ops) {
      if (std::count(node.ops.begin(), node.ops.end(), reg) != 1 || contains(node.reads, reg)) return false;
      const bool output = contains(node.writes, reg);
      if (!output && contains_output(reg)) return false;
      for (size_t q = 0; q < order_.size(); ++q) {
        const auto& args = op_of(order_[q]).args;
        if (std::find(args.begin(), args.end(), static_cast<int32_t>(reg)) == args.end()) continue;
        if (!contains(node.ops, order_[q]) && (!output || q < p)) return false;
      }
    }
    return true;
  }

  bool contains_output(size_t reg) const {
    return std::find(group_.outputs.begin(), group_.outputs.end(), static_cast<int32_t>(reg)) != group_.outputs.end();
  }

  const Group& group_;
  const std::vector<uint8_t>& uniform_;
  const std::vector<size_t>& order_;
  DType dtype_;
  bool single_;
  std::vector<size_t> place_;  // of each register in `order`
  std::vector<bool> taken_;    // by place
};

}  // namespace

std::vector<GroupNode> group_nodes(const Group& group, const std::vector<uint8_t>& uniform,
                                   const std::vector<size_t>& order, int lane_bytes, bool single) {
  return Matcher(group, uniform, order, lane_bytes, single).run();
}

}  // namespace gradsmith::plan
