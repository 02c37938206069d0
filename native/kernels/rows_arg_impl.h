// argReduce: the position of the first largest or smallest element. Compiled once per ISA level.
#pragma once
#include "kernels/reduce_impl.h"

namespace gradsmith::kernels {

/// The first winner among n elements `stride` apart, n >= 1.
template <class Isa, class T, bool kMax>
GRADSMITH_INLINE int32_t arg_scan(const T* x, size_t n, ptrdiff_t stride) {
  T best = x[0];
  size_t at = 0;
  for (size_t k = 1; k < n; k++) {
    const T value = x[static_cast<ptrdiff_t>(k) * stride];
    if (Extreme<Isa, T, kMax>::better(value, best)) {
      best = value;
      at = k;
    }
  }
  return static_cast<int32_t>(at);
}

/// The same for a long contiguous row of floats: reduce it, then look for the value.
template <class Isa, class T, bool kMax>
GRADSMITH_INLINE int32_t arg_search(const T* x, size_t n) {
  using V = simd::Vec<T, Isa>;
  typename Extreme<Isa, T, kMax>::Total total;
  add_row<Isa, Extreme<Isa, T, kMax>>(total, x, n);
  const T best = total.best;
  const V wanted = V::splat(best);
  const bool nan = best != best;
  size_t k = 0;
  for (; k + V::kLanes <= n; k += V::kLanes) {
    const V v = V::load(x + k);
    if (nan ? any(v != v) : any(v == wanted)) break;
  }
  while (k + 1 < n && !(nan ? x[k] != x[k] : x[k] == best)) k++;
  return static_cast<int32_t>(k);
}

template <class Isa, class T, bool kMax>
void arg_reduce(const void* x_data, int32_t* y, const ArgReduceAxes& axes, size_t first, size_t last) {
  constexpr bool kFloat = std::numeric_limits<T>::has_infinity;
  for (size_t i = first; i < last; i++) {
    const T* x = static_cast<const T*>(x_data) + static_cast<ptrdiff_t>(i) * axes.kept_stride;
    if constexpr (kFloat) {
      if (axes.stride == 1 && axes.length >= 64) {
        y[i] = arg_search<Isa, T, kMax>(x, axes.length);
        continue;
      }
    }
    y[i] = arg_scan<Isa, T, kMax>(x, axes.length, axes.stride);
  }
}

template <class Isa, class T>
void fill_arg_reduce(RowKernels& kernels, size_t dtype) {
  kernels.arg_reduce[0][dtype] = arg_reduce<Isa, T, true>;
  kernels.arg_reduce[1][dtype] = arg_reduce<Isa, T, false>;
}

}  // namespace gradsmith::kernels
