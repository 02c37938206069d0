#include "plan/group_direct.h"

#include <algorithm>

#include "kernels/elementwise_recipes.h"

namespace gradsmith::plan {
namespace {

/// Longer rows are also cut across, for the sake of threads.
constexpr int64_t kLongestRow = 1 << 15;
constexpr size_t kMost = kernels::kMaxRecipeOutputs + kernels::kMaxRecipeInputs;
/// The recipe's operands as `run` lays them out.
constexpr uint16_t kInOrder[kMost] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

}  // namespace

bool DirectGroup::fits(const GroupProgram& program, const GroupSpace& space, size_t lanes) {
  const LoweredGroup& lowered = program.lowered();
  if (lowered.whole == nullptr || !lowered.prologue.empty() || space.rank > 2) return false;
  const size_t inner = static_cast<size_t>(space.rank - 1);
  const int64_t row = space.dims[inner], vector = static_cast<int64_t>(lanes);
  for (const size_t operand : lowered.stream_operand) {
    if (space.strides[operand][inner] != 1 && row != 1) return false;
  }
  return space.rank == 1 || (row <= kLongestRow && (row % vector == 0 || row >= 4 * vector));
}

DirectGroup::DirectGroup(std::unique_ptr<GroupProgram> program, const GroupSpace& space, const std::vector<Ref>& refs,
                         int64_t part_size)
    : program_(std::move(program)), recipe_(program_->lowered().whole), flat_(space.rank == 1) {
  row_ = space.dims[static_cast<size_t>(space.rank - 1)];
  units_ = flat_ ? row_ : space.dims[0];
  part_units_ = flat_ ? part_size : (part_size + row_ - 1) / row_;
  const LoweredGroup& lowered = program_->lowered();
  for (const uint16_t slot : lowered.lists) {
    if (slot < lowered.stream_operand.size()) {
      const size_t operand = lowered.stream_operand[slot];
      const int64_t bytes = lowered.stream_bytes[slot];
      steps_.push_back(flat_ ? 0 : space.strides[operand][0] * bytes);
      streams_.push_back({refs[operand], flat_ ? bytes : steps_.back()});
      continue;
    }
    const size_t constant = slot - lowered.stream_operand.size() - lowered.scratch_slots;
    if (constant < lowered.constants.size()) {
      numbers_.push_back({{}, {}, {}, program_->constant(constant)});
      continue;
    }
    const auto is_it = [&](const LoweredGroup::Uniform& u) { return u.slot == slot; };
    const auto uniform = std::find_if(lowered.uniforms.begin(), lowered.uniforms.end(), is_it);
    numbers_.push_back({refs[uniform->operand], uniform->from, uniform->to, nullptr});
  }
  parts = static_cast<size_t>((units_ + part_units_ - 1) / part_units_);
  cost_ns = 10 + lowered.ns_per_element * static_cast<double>(space.size);
}

void DirectGroup::run(void* const* bases, size_t part, void*, Fault&) const noexcept {
  const int64_t first = static_cast<int64_t>(part) * part_units_;
  char* slots[kMost];
  uint64_t values[kernels::kMaxRecipeInputs];
  char** slot = slots;
  for (const Stream& s : streams_) *slot++ = s.ref.at<char>(bases) + first * s.unit_bytes;
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const Number& number = numbers_[i];
    *slot++ = number.constant != nullptr ? number.constant : reinterpret_cast<char*>(&values[i]);
    if (number.constant == nullptr) values[i] = number_bits(number.ref.at<char>(bases), number.from, number.to);
  }
  const size_t units = static_cast<size_t>(std::min(part_units_, units_ - first));
  if (flat_)
    recipe_(slots, kInOrder, units, 1, nullptr);
  else
    recipe_(slots, kInOrder, static_cast<size_t>(row_), units, steps_.data());
}

}  // namespace gradsmith::plan
