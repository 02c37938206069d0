#include "plan/group_direct.h"

#include <algorithm>

namespace gradsmith::plan {
namespace {

/// Longer rows are also cut across, for the sake of threads.
constexpr int64_t kLongestRow = 1 << 15;

}  // namespace

bool DirectGroup::fits(const GroupProgram& program, const GroupSpace& space, size_t lanes) {
  if (!GroupRecipe::fits(program) || space.rank > 2) return false;
  const size_t inner = static_cast<size_t>(space.rank - 1);
  const int64_t row = space.dims[inner];
  for (const size_t operand : program.lowered().stream_operand) {
    if (space.strides[operand][inner] != 1 && row != 1) return false;
  }
  return space.rank == 1 || (row <= kLongestRow && GroupRecipe::worth_a_row(row, lanes));
}

DirectGroup::DirectGroup(std::unique_ptr<GroupProgram> program, const GroupSpace& space, const std::vector<Ref>& refs,
                         int64_t part_size)
    : program_(std::move(program)), recipe_(*program_, refs), flat_(space.rank == 1) {
  row_ = space.dims[static_cast<size_t>(space.rank - 1)];
  units_ = flat_ ? row_ : space.dims[0];
  part_units_ = flat_ ? part_size : (part_size + row_ - 1) / row_;
  const LoweredGroup& lowered = program_->lowered();
  for (const uint16_t stream : recipe_.streams()) {
    const size_t operand = lowered.stream_operand[stream];
    const int64_t bytes = lowered.stream_bytes[stream];
    steps_.push_back(flat_ ? 0 : space.strides[operand][0] * bytes);
    streams_.push_back({refs[operand], flat_ ? bytes : steps_.back()});
  }
  steps_.resize(GroupRecipe::kMostSlots);
  parts = static_cast<size_t>((units_ + part_units_ - 1) / part_units_);
  cost_ns = 10 + lowered.ns_per_element * static_cast<double>(space.size);
}

void DirectGroup::run(void* const* bases, size_t part, void*, Fault&) const noexcept {
  const int64_t first = static_cast<int64_t>(part) * part_units_;
  char* slots[GroupRecipe::kMostSlots];
  GroupRecipe::Numbers numbers;
  recipe_.enter(bases, slots, numbers);
  char** slot = slots;
  for (const Stream& s : streams_) *slot++ = s.ref.at<char>(bases) + first * s.unit_bytes;
  const size_t units = static_cast<size_t>(std::min(part_units_, units_ - first));
  if (flat_)
    recipe_.run(slots, units, 1, nullptr);
  else
    recipe_.run(slots, static_cast<size_t>(row_), units, steps_.data());
}

}  // namespace gradsmith::plan
