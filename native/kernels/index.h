// Kernels that move or add rows by index, and `iota`. Indices have been checked by the caller.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradsmith::kernels {

/// y row i = table row indices[i], for i < n. Strides and sizes in bytes.
using GatherFn = void (*)(const void* table, ptrdiff_t table_stride, const int32_t* indices, size_t n, void* y,
                          ptrdiff_t y_stride, size_t row_bytes);

/// Zeroes rows [first, last) of y (`columns` contiguous elements each), then adds row i of x to row indices[i] if that
/// lies in [first, last), in order of i. Integer addition wraps. `x_stride` in elements.
using ScatterAddFn = void (*)(void* y, size_t columns, size_t first, size_t last, const int32_t* indices, size_t n,
                              const void* x, ptrdiff_t x_stride);

/// y[i] = start + i · step for first <= i < last, in float64 (a product, then a sum, each rounded), then cast: to an
/// integer by truncation, saturating, NaN to 0; to bool as `value != 0`.
using IotaFn = void (*)(void* y, double start, double step, size_t first, size_t last);

/// The first i whose indices[i] lies outside [0, limit), or n.
using FindBadIndexFn = size_t (*)(const int32_t* indices, size_t n, int32_t limit);

struct IndexKernels {
  GatherFn gather;
  ScatterAddFn scatter_add[3];  // float32, float64, int32
  IotaFn iota[5];               // by DType
  FindBadIndexFn find_bad_index;
};

}  // namespace gradsmith::kernels
