// Element types. The codes are part of the plan format: never renumber, only append.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradsmith {

enum class DType : int32_t { kFloat32 = 0, kFloat64 = 1, kInt32 = 2, kUint8 = 3, kBool = 4 };
inline constexpr int32_t kDTypeCount = 5;

constexpr bool is_dtype(int32_t code) { return code >= 0 && code < kDTypeCount; }
constexpr bool is_float(DType d) { return d == DType::kFloat32 || d == DType::kFloat64; }
/// Bytes an element takes in memory; a bool is one byte, 0 or 1.
constexpr size_t size_of(DType d) {
  return d == DType::kFloat64 ? 8 : d == DType::kFloat32 || d == DType::kInt32 ? 4 : 1;
}

}  // namespace gradsmith
