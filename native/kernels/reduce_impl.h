// Reductions of float32 and float64: along rows, along columns, and element by element. Compiled once per ISA level.
#pragma once
#include "kernels/reduce_lanes.h"
#include "kernels/reduce_ops.h"

namespace gradsmith::kernels {

/// Calls f(offset) for each position of the outer reduced axes, in row-major order; offset in elements of x.
template <class Isa, class F>
GRADSMITH_INLINE void for_each_outer(const ReduceAxes& axes, F f) {
  if (axes.outer_rank == 0) return f(ptrdiff_t{0});
  size_t at[ReduceAxes::kMaxOuter] = {};
  ptrdiff_t offset = 0;
  for (;;) {
    f(offset);
    int32_t i = axes.outer_rank - 1;
    for (; i >= 0; i--) {
      offset += axes.outer_strides[i];
      if (++at[i] < axes.outer_dims[i]) break;
      offset -= static_cast<ptrdiff_t>(at[i]) * axes.outer_strides[i];
      at[i] = 0;
    }
    if (i < 0) return;
  }
}

/// Vectors of a block that is combined in the element's own precision: 4 chains of 16.
/// Roundings on the way of an element: 16 in its chain, 3 full and 1 partial vector at the end, 2 to join chains, 4
/// across lanes.
inline constexpr size_t kBlockVectors = 64;
/// Rows of a column block: one chain of 64, or 2 of 32, or 4 of 16.
inline constexpr size_t kBlockRows = kColumnBlock;

/// n <= kBlockVectors · kLanes elements, at least one, as a vector still to be combined across lanes. `full(k)` gives
/// the vector from element k on, `rest(k, count)` one of fewer, filled with the identity.
template <class V, class Op, class Full, class Rest>
GRADSMITH_INLINE V combine_block(size_t n, Full full, Rest rest) {
  constexpr size_t kLanes = V::kLanes;
  V chain[4];
  for (V& c : chain) c = V::splat(Op::kIdentity);
  size_t k = 0;
  for (; k + 4 * kLanes <= n; k += 4 * kLanes)
    for (size_t c = 0; c < 4; c++) chain[c] = Op::combine(chain[c], full(k + c * kLanes));
  for (; k + kLanes <= n; k += kLanes) chain[0] = Op::combine(chain[0], full(k));
  if (k < n) chain[1] = Op::combine(chain[1], rest(k, n - k));
  return Op::combine(Op::combine(chain[0], chain[1]), Op::combine(chain[2], chain[3]));
}

/// The same of contiguous elements.
template <class Isa, class Op>
GRADSMITH_INLINE auto block_vector(const typename Op::Element* x, size_t n) {
  using V = simd::Vec<typename Op::Element, Isa>;
  return combine_block<V, Op>(
      n, [&](size_t k) { return V::load(x + k); },
      [&](size_t k, size_t count) { return load_filled<V>(x + k, count, V::splat(Op::kIdentity)); });
}

/// A row of any length, added to `total` block by block.
template <class Isa, class Op>
GRADSMITH_INLINE void add_row(typename Op::Total& total, const typename Op::Element* x, size_t n) {
  constexpr size_t kBlock = kBlockVectors * simd::Vec<typename Op::Element, Isa>::kLanes;
  for (size_t k = 0; k < n; k += kBlock)
    total.add(Op::across(block_vector<Isa, Op>(x + k, n - k < kBlock ? n - k : kBlock)));
}

/// A row of fewer elements than a vector has, as a vector still to be combined across lanes.
template <class Isa, class Op>
GRADSMITH_INLINE auto short_row(const typename Op::Element* x, size_t n) {
  using V = simd::Vec<typename Op::Element, Isa>;
  if constexpr (Op::kIdentity == 0) return V::load_partial(x, n);
  return load_filled<V>(x, n, V::splat(Op::kIdentity));
}

/// Short rows, a vector's worth of them at once: one vector per row, then all of them across lanes together.
template <class Isa, class Op>
GRADSMITH_INLINE void reduce_row_batch(const typename Op::Element* x, typename Op::Element* y, const ReduceAxes& axes) {
  using V = simd::Vec<typename Op::Element, Isa>;
  V rows[V::kLanes];
  typename Op::Element results[V::kLanes];
  if (axes.length < V::kLanes) {
    for (size_t i = 0; i < V::kLanes; i++)
      rows[i] = short_row<Isa, Op>(x + static_cast<ptrdiff_t>(i) * axes.kept_stride, axes.length);
  } else {
    for (size_t i = 0; i < V::kLanes; i++)
      rows[i] = block_vector<Isa, Op>(x + static_cast<ptrdiff_t>(i) * axes.kept_stride, axes.length);
  }
  reduce_lanes<Op>(rows, results);
  for (size_t i = 0; i < V::kLanes; i++)
    y[static_cast<ptrdiff_t>(i) * axes.result_stride] = Op::finish(results[i], axes);
}

template <class Isa, class Op>
void reduce_rows(const void* x_data, void* y_data, const ReduceAxes& axes, size_t first, size_t last) {
  using T = typename Op::Element;
  constexpr size_t kLanes = simd::Vec<T, Isa>::kLanes;
  const auto* x = static_cast<const T*>(x_data);
  auto* y = static_cast<T*>(y_data);
  size_t i = first;
  if (kLanes > 1 && axes.outer_rank == 0 && axes.length <= 4 * kLanes && axes.length > 0) {
    for (; i + kLanes <= last; i += kLanes) {
      const auto row = static_cast<ptrdiff_t>(i);
      reduce_row_batch<Isa, Op>(x + row * axes.kept_stride, y + row * axes.result_stride, axes);
    }
  }
  if (axes.outer_rank == 0 && axes.length < kLanes && axes.length > 0) {
    for (; i < last; i++) {
      const auto row = static_cast<ptrdiff_t>(i);
      const auto lanes = short_row<Isa, Op>(x + row * axes.kept_stride, axes.length);
      y[row * axes.result_stride] = Op::finish(Op::across(lanes), axes);
    }
    return;
  }
  for (; i < last; i++) {
    const T* row = x + static_cast<ptrdiff_t>(i) * axes.kept_stride;
    typename Op::Total total;
    for_each_outer<Isa>(axes, [&](ptrdiff_t offset) { add_row<Isa, Op>(total, row + offset, axes.length); });
    y[static_cast<ptrdiff_t>(i) * axes.result_stride] = Op::finish(total, axes);
  }
}

/// kVectors vectors of neighbouring columns (the last one `tail` lanes wide) of up to kBlockRows rows, in kChains
/// chains.
template <class V, class Op, size_t kVectors, size_t kChains, bool kPartial>
GRADSMITH_INLINE void block_columns(const typename V::T* x, ptrdiff_t stride, size_t rows, size_t tail,
                                    V (&result)[kVectors]) {
  auto load = [&](const typename V::T* p) { return kPartial ? V::load_partial(p, tail) : V::load(p); };
  V chain[kChains][kVectors];
  for (auto& c : chain)
    for (V& v : c) v = V::splat(Op::kIdentity);
  size_t r = 0;
  for (; r + kChains <= rows; r += kChains)
    for (size_t c = 0; c < kChains; c++, x += stride)
      for (size_t v = 0; v < kVectors; v++) chain[c][v] = Op::combine(chain[c][v], load(x + v * V::kLanes));
  for (; r < rows; r++, x += stride)
    for (size_t v = 0; v < kVectors; v++) chain[0][v] = Op::combine(chain[0][v], load(x + v * V::kLanes));
  for (size_t v = 0; v < kVectors; v++) {
    result[v] = chain[0][v];
    for (size_t c = 1; c < kChains; c++) result[v] = Op::combine(result[v], chain[c][v]);
  }
}

/// Columns first … first + width - 1 with width <= kVectors · kLanes.
template <class Isa, class Op, size_t kVectors, size_t kChains, bool kPartial>
GRADSMITH_INLINE void reduce_panel(const typename Op::Element* x, typename Op::Element* y, const ReduceAxes& axes,
                                   size_t width) {
  using V = simd::Vec<typename Op::Element, Isa>;
  V sums[kVectors];
  typename Op::Element block[kVectors * V::kLanes];
  if (axes.outer_rank == 0 && axes.length <= kBlockRows && axes.length > 0) {
    block_columns<V, Op, kVectors, kChains, kPartial>(x, axes.stride, axes.length, width, sums);
    if (Op::kFinished && axes.result_stride == 1) {
      for (size_t v = 0; v < kVectors; v++) {
        if constexpr (kPartial)
          sums[v].store_partial(y + v * V::kLanes, width);
        else
          sums[v].store(y + v * V::kLanes);
      }
      return;
    }
    for (size_t v = 0; v < kVectors; v++) sums[v].store(block + v * V::kLanes);
    for (size_t j = 0; j < width; j++) y[static_cast<ptrdiff_t>(j) * axes.result_stride] = Op::finish(block[j], axes);
    return;
  }
  typename Op::Total totals[kVectors * V::kLanes];
  for_each_outer<Isa>(axes, [&](ptrdiff_t offset) {
    for (size_t r = 0; r < axes.length; r += kBlockRows) {
      const size_t rows = axes.length - r < kBlockRows ? axes.length - r : kBlockRows;
      const auto* from = x + offset + static_cast<ptrdiff_t>(r) * axes.stride;
      block_columns<V, Op, kVectors, kChains, kPartial>(from, axes.stride, rows, width, sums);
      for (size_t v = 0; v < kVectors; v++) sums[v].store(block + v * V::kLanes);
      for (size_t j = 0; j < width; j++) totals[j].add(block[j]);
    }
  });
  for (size_t j = 0; j < width; j++) y[static_cast<ptrdiff_t>(j) * axes.result_stride] = Op::finish(totals[j], axes);
}

/// Panels of 4 vectors in 2 chains: 8 accumulators hide the latency of an addition; single vectors take 4 chains.
template <class Isa, class Op>
void reduce_columns(const void* x_data, void* y_data, const ReduceAxes& axes, size_t first, size_t last) {
  using T = typename Op::Element;
  constexpr size_t kLanes = simd::Vec<T, Isa>::kLanes;
  const auto* x = static_cast<const T*>(x_data) + first;
  auto* y = static_cast<T*>(y_data) + static_cast<ptrdiff_t>(first) * axes.result_stride;
  size_t left = last - first;
  auto advance = [&](size_t columns) {
    x += columns;
    y += static_cast<ptrdiff_t>(columns) * axes.result_stride;
    left -= columns;
  };
  for (; left >= 4 * kLanes; advance(4 * kLanes)) reduce_panel<Isa, Op, 4, 2, false>(x, y, axes, 4 * kLanes);
  for (; left >= kLanes; advance(kLanes)) reduce_panel<Isa, Op, 1, 4, false>(x, y, axes, kLanes);
  if (left > 0) reduce_panel<Isa, Op, 1, 4, true>(x, y, axes, left);
}

/// No unit stride anywhere: every element goes to the total by itself.
template <class Isa, class Op>
void reduce_strided(const void* x_data, void* y_data, const ReduceAxes& axes, size_t first, size_t last) {
  using T = typename Op::Element;
  for (size_t i = first; i < last; i++) {
    const T* from = static_cast<const T*>(x_data) + static_cast<ptrdiff_t>(i) * axes.kept_stride;
    typename Op::Total total;
    for_each_outer<Isa>(axes, [&](ptrdiff_t offset) {
      for (size_t k = 0; k < axes.length; k++) total.add(from[offset + static_cast<ptrdiff_t>(k) * axes.stride]);
    });
    static_cast<T*>(y_data)[static_cast<ptrdiff_t>(i) * axes.result_stride] = Op::finish(total, axes);
  }
}

/// Integers in any layout. Columns in strips of 64 results, so that the inner loop runs along memory.
template <class Isa, class Op, ReduceLayout kLayout>
void reduce_integers(const void* x_data, void* y_data, const ReduceAxes& axes, size_t first, size_t last) {
  using T = typename Op::Element;
  constexpr size_t kStrip = kLayout == ReduceLayout::kColumns ? 64 : 1;
  const ptrdiff_t kept_stride = kLayout == ReduceLayout::kColumns ? 1 : axes.kept_stride;
  const ptrdiff_t stride = kLayout == ReduceLayout::kRows ? 1 : axes.stride;
  for (size_t i = first; i < last; i += kStrip) {
    const size_t width = last - i < kStrip ? last - i : kStrip;
    const T* from = static_cast<const T*>(x_data) + static_cast<ptrdiff_t>(i) * kept_stride;
    T best[kStrip];
    for (T& b : best) b = Op::kIdentity;
    for_each_outer<Isa>(axes, [&](ptrdiff_t offset) {
      const T* row = from + offset;
      for (size_t k = 0; k < axes.length; k++, row += stride)
        for (size_t j = 0; j < width; j++) best[j] = Op::combine(best[j], row[j]);
    });
    T* y = static_cast<T*>(y_data) + static_cast<ptrdiff_t>(i) * axes.result_stride;
    for (size_t j = 0; j < width; j++) y[static_cast<ptrdiff_t>(j) * axes.result_stride] = best[j];
  }
}

template <class Isa, class Op>
void fill_float_reduce(RowKernels& kernels, ReduceKind kind, size_t dtype) {
  const auto k = static_cast<size_t>(kind);
  kernels.reduce[0][k][dtype] = reduce_rows<Isa, Op>;
  kernels.reduce[1][k][dtype] = reduce_columns<Isa, Op>;
  kernels.reduce[2][k][dtype] = reduce_strided<Isa, Op>;
}

template <class Isa, class Op>
void fill_integer_reduce(RowKernels& kernels, ReduceKind kind, size_t dtype) {
  const auto k = static_cast<size_t>(kind);
  kernels.reduce[0][k][dtype] = reduce_integers<Isa, Op, ReduceLayout::kRows>;
  kernels.reduce[1][k][dtype] = reduce_integers<Isa, Op, ReduceLayout::kColumns>;
  kernels.reduce[2][k][dtype] = reduce_integers<Isa, Op, ReduceLayout::kStrided>;
}

template <class Isa, class T>
void fill_float_reduces(RowKernels& kernels, size_t dtype) {
  kernels.row_block[dtype] = kBlockVectors * simd::Vec<T, Isa>::kLanes;
  fill_float_reduce<Isa, Sum<Isa, T>>(kernels, ReduceKind::kSum, dtype);
  fill_float_reduce<Isa, Mean<Isa, T>>(kernels, ReduceKind::kMean, dtype);
  fill_float_reduce<Isa, Extreme<Isa, T, true>>(kernels, ReduceKind::kMax, dtype);
  fill_float_reduce<Isa, Extreme<Isa, T, false>>(kernels, ReduceKind::kMin, dtype);
}

template <class Isa, class T>
void fill_integer_reduces(RowKernels& kernels, size_t dtype) {
  kernels.row_block[dtype] = 1024;  // any would do: no order changes an integer
  fill_integer_reduce<Isa, WrappingSum<Isa, T>>(kernels, ReduceKind::kSum, dtype);
  fill_integer_reduce<Isa, IntegerExtreme<Isa, T, true>>(kernels, ReduceKind::kMax, dtype);
  fill_integer_reduce<Isa, IntegerExtreme<Isa, T, false>>(kernels, ReduceKind::kMin, dtype);
}

template <class Isa>
void fill_reduce(RowKernels& kernels) {
  fill_float_reduces<Isa, float>(kernels, 0);
  fill_float_reduces<Isa, double>(kernels, 1);
  fill_integer_reduces<Isa, int32_t>(kernels, 2);
  fill_integer_reduces<Isa, uint8_t>(kernels, 3);
}

}  // namespace gradsmith::kernels
