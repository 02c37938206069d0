// What the tests of products are run for: float, double, and the ways of products in bfloat16, each on the levels that
// have it.
#pragma once
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "kernels/kernel_table.h"

namespace gradsmith::test {

using kernels::GemmFunctions;

/// Products of float operands that are rounded to bfloat16: by the best way of a level (AMX), by pairs, and by the way
/// of every CPU.
struct Bf16 {};
struct PairedBf16 {};
struct RoundedBf16 {};

template <class P>
constexpr bool kRounds = std::is_same_v<P, Bf16> || std::is_same_v<P, PairedBf16> || std::is_same_v<P, RoundedBf16>;
template <class P>
using ElementOf = std::conditional_t<kRounds<P>, float, P>;

template <class P>
const GemmFunctions& functions(const kernels::KernelTable& table) {
  if constexpr (std::is_same_v<P, Bf16>) return table.gemm.bf16;
  if constexpr (std::is_same_v<P, PairedBf16>) return table.gemm.pairs;
  if constexpr (std::is_same_v<P, RoundedBf16>) return table.gemm.rounded;
  if constexpr (std::is_same_v<P, float>) return table.gemm.f32;
  return table.gemm.f64;
}

/// The bfloat16 nearest to x, ties to even; by arithmetic rather than by bits, so that it is another way than the
/// kernels'.
inline float nearest_bf16(float x) {
  if (std::isnan(x) || std::isinf(x) || x == 0) return x;
  int exponent;
  const double fraction = std::frexp(double{x}, &exponent);  // [1/2, 1), which has 8 bits
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
  return static_cast<float>(rounded);  // infinite above the largest
}

/// The levels whose functions are P's own. Where a CPU has no AMX, or no pairs of bfloat16, two ways are one
/// (gemm_bf16_test.cc), and what the lesser finds there the better would find once more.
template <class P>
std::vector<const kernels::KernelTable*> levels() {
  const auto all = kernels::available_tables();
  std::vector<const kernels::KernelTable*> own(all.begin(), all.end());
  std::erase_if(own, [](const kernels::KernelTable* t) {
    if (std::is_same_v<P, Bf16>) return t->gemm.bf16.plan == t->gemm.pairs.plan;
    return std::is_same_v<P, PairedBf16> && t->gemm.pairs.plan == t->gemm.rounded.plan;
  });
  return own;
}

}  // namespace gradsmith::test
