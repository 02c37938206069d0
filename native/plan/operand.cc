#include "plan/operand.h"

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

size_t rank_of(const Operand& operand) { return static_cast<size_t>(operand.rank); }

}  // namespace

int64_t Operand::size() const {
  int64_t elements = 1;
  for (size_t i = 0; i < rank_of(*this); ++i) elements *= dims[i];
  return elements;
}

bool Operand::contiguous() const {
  int64_t expected = 1;
  for (size_t i = rank_of(*this); i-- > 0;) {
    if (dims[i] != 1 && strides[i] != expected) return false;
    expected *= dims[i];
  }
  return true;
}

Reach reach(const Operand& operand) {
  if (operand.size() == 0) return {operand.offset, operand.offset};
  Reach reached{operand.offset, operand.offset + 1};
  for (size_t i = 0; i < rank_of(operand); ++i) {
    const int64_t last = (operand.dims[i] - 1) * operand.strides[i];
    (last < 0 ? reached.first : reached.end) += last;
  }
  return reached;
}

bool dense(const Operand& operand) {
  if (operand.size() == 0) return true;
  // Stride without its sign and last index of each dimension, smallest stride first.
  std::array<std::pair<int64_t, int64_t>, kMaxRank> steps{};
  size_t count = 0;
  for (size_t i = 0; i < rank_of(operand); ++i) {
    if (operand.dims[i] == 1) continue;
    const std::pair step{std::abs(operand.strides[i]), operand.dims[i] - 1};
    size_t at = count++;
    for (; at > 0 && step < steps[at - 1]; --at) steps[at] = steps[at - 1];
    steps[at] = step;
  }
  int64_t reached = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto [stride, last] = steps[i];
    if (stride <= reached) return false;
    reached += stride * last;
  }
  return true;
}

bool repeats_one(const Operand& operand) {
  for (size_t d = 0; d < static_cast<size_t>(operand.rank); ++d) {
    if (operand.dims[d] != 1 && operand.strides[d] != 0) return false;
  }
  return true;
}

bool same_view(const Operand& a, const Operand& b) {
  if (a.buffer != b.buffer || a.dtype != b.dtype || a.offset != b.offset || a.rank != b.rank) return false;
  for (size_t i = 0; i < rank_of(a); ++i) {
    if (a.dims[i] != b.dims[i] || (a.dims[i] > 1 && a.strides[i] != b.strides[i])) return false;
  }
  return true;
}

bool may_overlap(const Operand& a, const Operand& b) {
  if (a.buffer != b.buffer || a.size() == 0 || b.size() == 0) return false;
  const Reach ra = reach(a);
  const Reach rb = reach(b);
  const auto bytes_a = static_cast<int64_t>(size_of(a.dtype));  // the arena holds several dtypes
  const auto bytes_b = static_cast<int64_t>(size_of(b.dtype));
  return ra.first * bytes_a < rb.end * bytes_b && rb.first * bytes_b < ra.end * bytes_a;
}

void check_geometry(const Operand& operand) {
  int64_t elements = 1;
  for (size_t i = 0; i < rank_of(operand); ++i) {
    const int64_t dim = operand.dims[i];
    if (dim < 0) throw PlanError("dimension " + std::to_string(i) + " is negative (" + std::to_string(dim) + ")");
    // Of an empty tensor too, so that no family's product of some of the dims can wrap.
    if (dim > 0) elements *= dim;
    if (elements > kMaxElements) throw PlanError("more than 2147483647 elements");
  }
}

}  // namespace gradsmith::plan
