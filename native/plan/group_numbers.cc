#include "plan/group_numbers.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace gradsmith::plan {
namespace {

uint64_t bits_of(double value) { return __builtin_bit_cast(uint64_t, value); }
uint64_t bits_of(float value) { return __builtin_bit_cast(uint32_t, value); }
uint64_t truth_bits(bool value) { return value ? ~uint64_t{0} : 0; }

}  // namespace

uint64_t lane_bits(double value, DType dtype) {
  const double limited = std::isnan(value) ? 0.0 : std::clamp(value, -2147483648.0, 2147483647.0);
  switch (dtype) {
    case DType::kFloat64:
      return bits_of(value);
    case DType::kFloat32:
      return bits_of(static_cast<float>(value));
    case DType::kInt32:
      return static_cast<uint32_t>(static_cast<int32_t>(limited));
    case DType::kUint8:
      return static_cast<uint64_t>(std::clamp(limited, 0.0, 255.0));
    case DType::kBool:
      break;
  }
  return truth_bits(value != 0);
}

uint64_t load_lane(const void* p, DType dtype) {
  uint64_t bits = 0;
  std::memcpy(&bits, p, size_of(dtype));
  return dtype == DType::kBool ? truth_bits(bits != 0) : bits;
}

}  // namespace gradsmith::plan
