// Single elements as lanes of the elementwise machine.
#pragma once
#include <bit>
#include <cstdint>

#include "base/dtype.h"

namespace gradsmith::plan {

/// The value as one lane of its dtype (integers saturate, as a cast does).
uint64_t lane_bits(double value, DType dtype);
/// The element at `p` as one lane.
uint64_t load_lane(const void* p, DType dtype);
/// The element at `p`, of dtype `from`, as one lane of `to`, which is another dtype only where `from` is float64.
inline uint64_t number_bits(const char* p, DType from, DType to) {
  if (from == DType::kFloat64) {
    const double value = *reinterpret_cast<const double*>(p);
    if (to == DType::kFloat32) return std::bit_cast<uint32_t>(static_cast<float>(value));
    if (to != from) return lane_bits(value, to);
  }
  return load_lane(p, to);
}

}  // namespace gradsmith::plan
