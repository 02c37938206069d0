// Geometry of a strided view: which elements it reaches, and whether two views may share some.
#pragma once
#include <cstdint>

#include "plan/instruction.h"

namespace gradsmith::plan {

inline constexpr int64_t kMaxElements = INT32_MAX;

/// The elements that a view reaches: first <= index < end. Empty views reach nothing (first == end).
struct Reach {
  int64_t first;
  int64_t end;
};

// The functions below need an operand that has passed check_geometry, which keeps every sum within 64 bits: the dims
// (without zeros) have a product below 2^31, so the sum of (dim - 1) is below 2^31 as well, and a stride is at most
// 2^31.

Reach reach(const Operand& operand);
/// No two indices share an element. Sufficient, not necessary: sorted by stride, each dimension steps over all smaller
/// ones.
bool dense(const Operand& operand);
/// Is it one element for all indices, by its strides? Strides of dimensions of 1 do not matter.
bool repeats_one(const Operand& operand);
/// The same elements in the same order, seen through the same shape. Strides of dimensions of 1 do not matter.
bool same_view(const Operand& a, const Operand& b);
/// May the two share a byte? Compares the ranges they reach, so interleaved views count as sharing.
bool may_overlap(const Operand& a, const Operand& b);

/// Throws PlanError unless the dims, and the product of those that are not 0, are within the limits of the format.
void check_geometry(const Operand& operand);

}  // namespace gradsmith::plan
