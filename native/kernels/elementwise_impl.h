// The elementwise kernels of one ISA level. Include the level's vec_*.h first.
#pragma once
#include "kernels/elementwise_blocks.h"
#include "kernels/elementwise_casts.h"
#include "kernels/elementwise_machine.h"
#include "kernels/elementwise_recipes.h"

namespace gradsmith::kernels {

template <class Isa>
BlockFn* compare_doubles_function(Micro op) {
  switch (op) {
    case Micro::kEqual:
      return compare_doubles<Isa, Micro::kEqual>;
    case Micro::kNotEqual:
      return compare_doubles<Isa, Micro::kNotEqual>;
    case Micro::kLess:
      return compare_doubles<Isa, Micro::kLess>;
    case Micro::kLessEqual:
      return compare_doubles<Isa, Micro::kLessEqual>;
    case Micro::kGreater:
      return compare_doubles<Isa, Micro::kGreater>;
    default:
      return compare_doubles<Isa, Micro::kGreaterEqual>;
  }
}

template <class Isa>
BlockFn* block_function(int lane_bytes, Micro op, DType operand, DType result) {
  if (op == Micro::kCast) return cast_function<Isa>(lane_bytes, operand, result);
  if (operand == DType::kFloat64 && lane_bytes == 4) {
    if (is_comparison(op)) return compare_doubles_function<Isa>(op);
    if (op == Micro::kSelect) return select_doubles<Isa>;
    if (op == Micro::kCopy) return copy_doubles<Isa>;
  }
  switch (operand) {
    case DType::kFloat32:
      return float_function<Isa, float>(op);
    case DType::kFloat64:
      return float_function<Isa, double>(op);
    case DType::kInt32:
      return int_function<Isa, false>(op);
    case DType::kUint8:
      return int_function<Isa, true>(op);
    case DType::kBool:
      return lane_bytes == 4 ? compare_function<Isa, int32_t, true>(op) : compare_function<Isa, int64_t, true>(op);
  }
  return nullptr;
}

template <class Isa, class T>
void fill_words(char* d, const char* element, size_t n) {
  using V = simd::Vec<T, Isa>;
  T value;
  std::memcpy(&value, element, sizeof(T));
  T* z = reinterpret_cast<T*>(d);
  size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::splat(value).store(z + i);
  for (; i < n; ++i) z[i] = value;
}

template <class Isa>
void fill(char* d, const char* element, size_t bytes, size_t n) {
  if (bytes == 4) {
    fill_words<Isa, int32_t>(d, element, n);
  } else if (bytes == 8) {
    fill_words<Isa, int64_t>(d, element, n);
  } else {
    std::memset(d, *element, n);
  }
}

template <class Isa, class T>
void spread_words(char* d, const char* x, ptrdiff_t pitch, size_t rows, size_t columns) {
  using V = simd::Vec<T, Isa>;
  T* z = reinterpret_cast<T*>(d);
  for (size_t r = 0; r < rows; ++r, x += pitch, z += columns) {
    T value;
    std::memcpy(&value, x, sizeof(T));
    // Whole vectors: the next row overwrites what is too much.
    for (size_t i = 0; i < columns; i += V::kLanes) V::splat(value).store(z + i);
  }
}

template <class Isa>
void spread(char* d, const char* x, ptrdiff_t pitch, size_t bytes, size_t rows, size_t columns) {
  if (bytes == 4) {
    spread_words<Isa, int32_t>(d, x, pitch, rows, columns);
  } else if (bytes == 8) {
    spread_words<Isa, int64_t>(d, x, pitch, rows, columns);
  } else {
    for (size_t r = 0; r < rows; ++r, x += pitch) std::memset(d + r * columns, *x, columns);
  }
}

template <class Isa>
ElementwiseKernels make_elementwise() {
  constexpr size_t k32 = simd::Vec<float, Isa>::kLanes, k64 = simd::Vec<double, Isa>::kLanes;
  return {{{kWideVectors<Isa> * k32, kHalfVectors * k32, k32}, {kWideVectors<Isa> * k64, kHalfVectors * k64, k64}},
          label_of<Isa>,
          block_function<Isa>,
          bytes_function<Isa, true>,
          bytes_function<Isa, false>,
          run_program<Isa>,
          {recipe_kernels<Isa>().function[0], recipe_kernels<Isa>().function[1]},
          fill<Isa>,
          spread<Isa>};
}

}  // namespace gradsmith::kernels
