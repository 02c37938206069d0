// Rows by index, and iota. Compiled once per ISA level.
#pragma once
#include <cstring>

#include "kernels/index.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// One element a row: no call to memcpy.
template <class Isa, class Word>
GRADSMITH_INLINE void gather_words(const char* table, ptrdiff_t table_stride, const int32_t* indices, size_t n, char* y,
                                   ptrdiff_t y_stride) {
  for (size_t i = 0; i < n; i++) {
    Word word;
    std::memcpy(&word, table + indices[i] * table_stride, sizeof word);
    std::memcpy(y + static_cast<ptrdiff_t>(i) * y_stride, &word, sizeof word);
  }
}

template <class Isa>
void gather(const void* table_data, ptrdiff_t table_stride, const int32_t* indices, size_t n, void* y_data,
            ptrdiff_t y_stride, size_t row_bytes) {
  const char* table = static_cast<const char*>(table_data);
  char* y = static_cast<char*>(y_data);
  if (row_bytes == 4) return gather_words<Isa, uint32_t>(table, table_stride, indices, n, y, y_stride);
  if (row_bytes == 8) return gather_words<Isa, uint64_t>(table, table_stride, indices, n, y, y_stride);
  if (row_bytes == 1) return gather_words<Isa, uint8_t>(table, table_stride, indices, n, y, y_stride);
  for (size_t i = 0; i < n; i++)
    std::memcpy(y + static_cast<ptrdiff_t>(i) * y_stride, table + indices[i] * table_stride, row_bytes);
}

template <class V>
GRADSMITH_INLINE void add_row_to(typename V::T* y, const typename V::T* x, size_t n) {
  size_t k = 0;
  for (; k + V::kLanes <= n; k += V::kLanes) (V::load(y + k) + V::load(x + k)).store(y + k);
  if (k < n) (V::load_partial(y + k, n - k) + V::load_partial(x + k, n - k)).store_partial(y + k, n - k);
}

template <class Isa, class T>
void scatter_add(void* y_data, size_t columns, size_t first, size_t last, const int32_t* indices, size_t n,
                 const void* x_data, ptrdiff_t x_stride) {
  T* y = static_cast<T*>(y_data);
  const T* x = static_cast<const T*>(x_data);
  if (last > first) std::memset(y + first * columns, 0, (last - first) * columns * sizeof(T));
  for (size_t i = 0; i < n; i++) {
    const auto row = static_cast<size_t>(indices[i]);
    if (row < first || row >= last) continue;
    add_row_to<simd::Vec<T, Isa>>(y + row * columns, x + static_cast<ptrdiff_t>(i) * x_stride, columns);
  }
}

/// The cast of an elementwise group: truncates, saturates, NaN gives 0; bool (a byte, kBool) is x != 0.
template <class Isa, class T, bool kBool>
GRADSMITH_INLINE T cast_double(double x) {
  if constexpr (kBool) {
    return x != 0 ? 1 : 0;
  } else if constexpr (sizeof(T) == 8 || static_cast<T>(0.5) != T(0)) {
    return static_cast<T>(x);
  } else {
    constexpr double kLow = sizeof(T) == 1 ? 0 : -2147483648.0, kHigh = sizeof(T) == 1 ? 255 : 2147483647.0;
    const double number = x == x ? x : 0;
    return static_cast<T>(number < kLow ? kLow : number > kHigh ? kHigh : number);
  }
}

template <class Isa, class T, bool kBool>
void iota(void* y_data, double start, double step, size_t first, size_t last) {
  T* y = static_cast<T*>(y_data);
  const auto end = static_cast<int32_t>(last);
  for (auto i = static_cast<int32_t>(first); i < end; i++) {
    const double offset = static_cast<double>(i) * step;
    y[i] = cast_double<Isa, T, kBool>(start + offset);
  }
}

template <class Isa>
size_t find_bad_index(const int32_t* indices, size_t n, int32_t limit) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {  // sixteen at once: the compiler makes vectors of it
    bool bad = false;
    for (size_t j = 0; j < 16; j++) bad |= static_cast<uint32_t>(indices[i + j]) >= static_cast<uint32_t>(limit);
    if (bad) break;
  }
  while (i < n && static_cast<uint32_t>(indices[i]) < static_cast<uint32_t>(limit)) i++;
  return i;
}

template <class Isa>
IndexKernels make_index() {
  IndexKernels kernels{};
  kernels.gather = gather<Isa>;
  kernels.scatter_add[0] = scatter_add<Isa, float>;
  kernels.scatter_add[1] = scatter_add<Isa, double>;
  kernels.scatter_add[2] = scatter_add<Isa, int32_t>;
  kernels.iota[0] = iota<Isa, float, false>;
  kernels.iota[1] = iota<Isa, double, false>;
  kernels.iota[2] = iota<Isa, int32_t, false>;
  kernels.iota[3] = iota<Isa, uint8_t, false>;
  kernels.iota[4] = iota<Isa, uint8_t, true>;
  kernels.find_bad_index = find_bad_index<Isa>;
  return kernels;
}

}  // namespace gradsmith::kernels
