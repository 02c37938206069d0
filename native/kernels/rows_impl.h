// Softmax and cross-entropy along rows, and the family's table. Compiled once per ISA level.
#pragma once
#include "kernels/reduce_impl.h"
#include "kernels/rows_arg_impl.h"
#include "kernels/rows_columns_impl.h"
#include "kernels/rows_recipes_impl.h"
#include "simd/math_exp.h"
#include "simd/math_log.h"

namespace gradsmith::kernels {

/// The row's largest number; NaN is passed over, since the sum of exponentials finds it anyway.
template <class Isa, class T>
struct RowMax {
  using Element = T;
  static constexpr T kIdentity = -std::numeric_limits<T>::infinity();
  struct Total {
    T best = kIdentity;
    GRADSMITH_INLINE void add(T x) { best = x > best ? x : best; }
  };
  template <class V>
  static GRADSMITH_INLINE V combine(V a, V b) {
    return max(b, a);
  }
  template <class V>
  static GRADSMITH_INLINE T across(V v) {
    return reduce_max(v);
  }
};

/// exp(x - m) for x <= m. The difference is rounded; the exponential is told its error (Knuth's two-sum), because half
/// an ulp of 80 in an exponent is 2^-18 of the result. Where the result is 0 anyway, the error may be NaN.
template <class V>
GRADSMITH_INLINE V exp_below(V x, V m) {
  const V d = x - m;
  const V x_part = d + m;
  const V error = (x - x_part) - (m + (d - x_part));
  const V vanished = V::splat(typename V::T(sizeof(typename V::T) == 4 ? -104 : -746));
  return simd::exp_parts<true>(d, select(d > vanished, error, V::zero())).value();
}

/// A sum of up to a block of numbers of at most 1, in two parts: `high` of multiples of 2^-13 (double: 2^-43), which is
/// exact in any order, since a block has 2^10 (2^9) elements at most; `low` of the rests, whose own errors do not
/// count.
template <class V>
struct UnitSum {
  V high, low;
  static GRADSMITH_INLINE UnitSum zero() { return {V::zero(), V::zero()}; }
  static GRADSMITH_INLINE UnitSum of(V e) {
    const V grid = V::splat(typename V::T(sizeof(typename V::T) == 4 ? 0x1.8p10 : 0x1.8p9));
    const V high = (e + grid) - grid;
    return {high, e - high};
  }
  GRADSMITH_INLINE UnitSum operator+(UnitSum b) const { return {high + b.high, low + b.low}; }
};

/// Sum of exp(x - m) over n <= kBlockVectors · kLanes elements, still to be added across lanes; the exponentials are
/// stored to y if kStore.
template <class V, bool kStore>
GRADSMITH_INLINE UnitSum<V> exp_block(const typename V::T* x, typename V::T* y, size_t n, V m) {
  static_assert(kBlockVectors * V::kLanes <= (sizeof(typename V::T) == 4 ? 1024 : 512));
  using Sum = UnitSum<V>;
  Sum sum[2] = {Sum::zero(), Sum::zero()};
  auto full = [&](size_t k) {
    const V e = exp_below(V::load(x + k), m);
    if constexpr (kStore) e.store(y + k);
    return Sum::of(e);
  };
  size_t k = 0;
  for (; k + 2 * V::kLanes <= n; k += 2 * V::kLanes) {
    sum[0] = sum[0] + full(k);
    sum[1] = sum[1] + full(k + V::kLanes);
  }
  if (k + V::kLanes <= n) {
    sum[0] = sum[0] + full(k);
    k += V::kLanes;
  }
  if (k < n) {
    const V e = exp_below(V::load_partial(x + k, n - k), m);
    if constexpr (kStore) e.store_partial(y + k, n - k);
    sum[1] = sum[1] + Sum::of(select(first_lanes<V>(n - k), e, V::zero()));
  }
  return sum[0] + sum[1];
}

/// Maxima and exponentials of a few neighbouring rows: a vector's worth of short ones, which share their reductions
/// across lanes, else one.
template <class Isa, class T>
struct RowGroup {
  using V = simd::Vec<T, Isa>;
  static constexpr size_t kLanes = V::kLanes;

  size_t count;  // rows: 1 or kLanes
  alignas(64) T maxima[kLanes];
  alignas(64) T sums[kLanes];   // of exp(x - maximum), rounded
  alignas(64) T rests[kLanes];  // what the rounding lost
  const T* exponentials;        // of row 0; where kStore
  size_t stride;                // to the next row's

  /// The first rows of `rows` >= 1. The exponentials go to y if kStore (which may be x), or stay here.
  template <bool kStore>
  GRADSMITH_INLINE void take(const T* x, T* y, size_t rows, size_t columns) {
    const bool several = kLanes > 1 && rows >= kLanes;
    count = several && columns <= 4 * kLanes ? kLanes : 1;
    exponentials = y;
    stride = columns;
    if (count == 1) return take_one<kStore>(x, y, columns);
    if (columns <= kLanes) return take_short(x, columns);
    V v[kLanes];
    for (size_t i = 0; i < kLanes; i++) v[i] = block_vector<Isa, RowMax<Isa, T>>(x + i * columns, columns);
    reduce_lanes<RowMax<Isa, T>>(v, maxima);
    V low[kLanes];
    for (size_t i = 0; i < kLanes; i++) {
      const size_t at = i * columns;
      const UnitSum<V> sum = exp_block<V, kStore>(x + at, kStore ? y + at : nullptr, columns, V::splat(maxima[i]));
      v[i] = sum.high;
      low[i] = sum.low;
    }
    finish_sums(v, low);
  }

 private:
  alignas(64) T short_rows_[kLanes * kLanes];

  template <bool kStore>
  GRADSMITH_INLINE void take_one(const T* x, T* y, size_t columns) {
    typename RowMax<Isa, T>::Total best;
    add_row<Isa, RowMax<Isa, T>>(best, x, columns);
    maxima[0] = best.best;
    SumTotal<Isa, T> high, low;
    constexpr size_t kBlock = kBlockVectors * kLanes;
    for (size_t k = 0; k < columns; k += kBlock) {
      const size_t n = columns - k < kBlock ? columns - k : kBlock;
      const UnitSum<V> sum = exp_block<V, kStore>(x + k, kStore ? y + k : nullptr, n, V::splat(best.best));
      high.add(reduce_add(sum.high));
      low.add(reduce_add(sum.low));
    }
    double rest = low.sum;  // of many blocks not even the high parts are added exactly
    if constexpr (sizeof(T) == 8) rest += high.lost;
    sums[0] = static_cast<T>(high.sum + rest);
    rests[0] = static_cast<T>((high.sum - static_cast<double>(sums[0])) + rest);
  }

  /// Lanes of each row's sums together, in two parts again.
  GRADSMITH_INLINE void finish_sums(const V (&high)[kLanes], const V (&low)[kLanes]) {
    reduce_lanes<Sum<Isa, T>>(high, sums);
    reduce_lanes<Sum<Isa, T>>(low, rests);
    const V h = V::load(sums), l = V::load(rests);
    const V sum = h + l;
    sum.store(sums);
    (l - (sum - h)).store(rests);
  }

  /// Rows no longer than a vector: whole vectors in and out of memory of our own, since a partial store that is read
  /// back at once stalls.
  GRADSMITH_INLINE void take_short(const T* x, size_t columns) {
    const auto mask = first_lanes<V>(columns);
    V v[kLanes], low[kLanes];
    for (size_t i = 0; i < kLanes; i++)
      v[i] = select(mask, V::load_partial(x + i * columns, columns), V::splat(RowMax<Isa, T>::kIdentity));
    reduce_lanes<RowMax<Isa, T>>(v, maxima);
    for (size_t i = 0; i < kLanes; i++) {
      const V e = exp_below(V::load_partial(x + i * columns, columns), V::splat(maxima[i]));
      const V counted = select(mask, e, V::zero());
      counted.store(short_rows_ + i * kLanes);
      const UnitSum<V> sum = UnitSum<V>::of(counted);
      v[i] = sum.high;
      low[i] = sum.low;
    }
    finish_sums(v, low);
    exponentials = short_rows_;
    stride = kLanes;
  }
};

/// values[i] = f(values[i]) for a group's maxima or sums; f maps vectors.
template <class V, class F>
GRADSMITH_INLINE void map_group(typename V::T* values, size_t count, F f) {
  if (count == V::kLanes)
    f(V::load(values)).store(values);
  else
    f(V::splat(values[0])).store_partial(values, 1);
}

/// y[k] = f(x[k]) for a row, where f maps vectors.
template <class V, class F>
GRADSMITH_INLINE void map_row(const typename V::T* x, typename V::T* y, size_t n, F f) {
  size_t k = 0;
  for (; k + V::kLanes <= n; k += V::kLanes) f(V::load(x + k)).store(y + k);
  if (k < n) f(V::load_partial(x + k, n - k)).store_partial(y + k, n - k);
}

/// 1 / (x + rest) in two parts, so that a product with it is rounded once, as a quotient is, at a fraction of its
/// price.
template <class V>
struct Inverse {
  V high, low;
  GRADSMITH_INLINE Inverse(typename V::T x, typename V::T rest) {
    const V one = V::splat(1), all = V::splat(x);
    high = one / all;
    low = fnma(high, V::splat(rest), fnma(high, all, one)) * high;
  }
  GRADSMITH_INLINE V times(V e) const { return fma(e, high, e * low); }
};

template <class Isa, class T>
void softmax(const void* x_data, void* y_data, size_t rows, size_t columns) {
  using V = simd::Vec<T, Isa>;
  const T* x = static_cast<const T*>(x_data);
  T* y = static_cast<T*>(y_data);
  RowGroup<Isa, T> group;
  if (columns == 0) return;
  for (size_t i = 0; i < rows;) {
    group.template take<true>(x + i * columns, y + i * columns, rows - i, columns);
    for (size_t j = 0; j < group.count; j++, i++) {
      const Inverse<V> scale(group.sums[j], group.rests[j]);
      map_row<V>(group.exponentials + j * group.stride, y + i * columns, columns, [&](V e) { return scale.times(e); });
    }
  }
}

template <class Isa, class T>
void log_softmax(const void* x_data, void* y_data, size_t rows, size_t columns) {
  using V = simd::Vec<T, Isa>;
  const T* x = static_cast<const T*>(x_data);
  T* y = static_cast<T*>(y_data);
  RowGroup<Isa, T> group;
  if (columns == 0) return;
  for (size_t i = 0; i < rows;) {
    group.template take<false>(x + i * columns, nullptr, rows - i, columns);
    map_group<V>(group.sums, group.count, [](V sum) { return log(sum); });
    for (size_t j = 0; j < group.count; j++, i++) {
      const V m = V::splat(group.maxima[j]), log_sum = V::splat(group.sums[j]);
      map_row<V>(x + i * columns, y + i * columns, columns, [&](V v) { return (v - m) - log_sum; });
    }
  }
}

/// The first row whose label is outside 0..columns-1, or `rows`.
template <class Isa>
GRADSMITH_INLINE size_t first_bad_label(const int32_t* labels, size_t rows, size_t columns) {
  size_t i = 0;
  while (i < rows && labels[i] >= 0 && static_cast<size_t>(labels[i]) < columns) i++;
  return i;
}

template <class Isa, class T>
size_t cross_entropy(const void* logits, const int32_t* labels, void* loss_data, size_t rows, size_t columns) {
  using V = simd::Vec<T, Isa>;
  const T* x = static_cast<const T*>(logits);
  T* loss = static_cast<T*>(loss_data);
  RowGroup<Isa, T> group;
  const size_t good = first_bad_label<Isa>(labels, rows, columns);
  for (size_t i = 0; i < good;) {
    group.template take<false>(x + i * columns, nullptr, good - i, columns);
    map_group<V>(group.sums, group.count, [](V sum) { return log(sum); });
    for (size_t j = 0; j < group.count; j++, i++)
      loss[i] = (group.maxima[j] - x[i * columns + static_cast<size_t>(labels[i])]) + group.sums[j];
  }
  return good;
}

template <class Isa, class T>
size_t cross_entropy_grad(const void* logits, const int32_t* labels, const void* scale_data, ptrdiff_t scale_stride,
                          void* d_data, size_t rows, size_t columns) {
  using V = simd::Vec<T, Isa>;
  const T* x = static_cast<const T*>(logits);
  const T* scales = static_cast<const T*>(scale_data);
  T* d = static_cast<T*>(d_data);
  RowGroup<Isa, T> group;
  const size_t good = first_bad_label<Isa>(labels, rows, columns);
  if (good < rows) return good;
  for (size_t i = 0; i < rows;) {
    group.template take<true>(x + i * columns, d + i * columns, rows - i, columns);
    for (size_t j = 0; j < group.count; j++, i++) {
      const T* e = group.exponentials + j * group.stride;
      T* row = d + i * columns;
      const T scale = scales[static_cast<ptrdiff_t>(i) * scale_stride];
      const size_t label = static_cast<size_t>(labels[i]);
      const T at_label = (e[label] / group.sums[j] - T(1)) * scale;
      const Inverse<V> one_over(group.sums[j], group.rests[j]);
      const V scale_all = V::splat(scale);
      map_row<V>(e, row, columns, [&](V v) { return one_over.times(v) * scale_all; });
      row[label] = at_label;
    }
  }
  return rows;
}

template <class Isa, class T>
void fill_softmax(RowKernels& kernels, size_t dtype) {
  kernels.softmax[dtype] = softmax<Isa, T>;
  kernels.log_softmax[dtype] = log_softmax<Isa, T>;
  kernels.cross_entropy[dtype] = cross_entropy<Isa, T>;
  kernels.cross_entropy_grad[dtype] = cross_entropy_grad<Isa, T>;
  kernels.recipe_sum[dtype] = recipe_sums<Isa, T>(std::make_index_sequence<kRecipeCount>{});
}

template <class Isa>
RowKernels make_rows() {
  RowKernels kernels{};
  fill_reduce<Isa>(kernels);
  fill_arg_reduce<Isa, float>(kernels, 0);
  fill_arg_reduce<Isa, double>(kernels, 1);
  fill_arg_reduce<Isa, int32_t>(kernels, 2);
  fill_arg_reduce<Isa, uint8_t>(kernels, 3);
  fill_softmax<Isa, float>(kernels, 0);
  fill_softmax<Isa, double>(kernels, 1);
  fill_column_sums<Isa, float>(kernels, 0);
  fill_column_sums<Isa, double>(kernels, 1);
  return kernels;
}

}  // namespace gradsmith::kernels
