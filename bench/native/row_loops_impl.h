// Included by isa/row_loops_*.cc, after the level's Vec.
#pragma once
#include <cmath>

#include "kernels/rows_impl.h"
#include "row_loops.h"
#include "simd/math.h"

namespace gradsmith::bench {

template <class V>
struct RowHand {
  static constexpr size_t kStep = 4 * V::kLanes;

  /// f(sum) for four chains of vectors.
  template <class F>
  static GRADSMITH_INLINE float add_up(size_t n, F f) {
    V c[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    for (size_t i = 0; i < n; i += kStep)
      for (size_t u = 0; u < 4; ++u) c[u] = c[u] + f(i + u * V::kLanes);
    return reduce_add((c[0] + c[1]) + (c[2] + c[3]));
  }
  template <class F>
  static GRADSMITH_INLINE void each(size_t n, F f) {
    for (size_t i = 0; i < n; i += kStep)
      for (size_t u = 0; u < 4; ++u) f(i + u * V::kLanes);
  }
  static GRADSMITH_INLINE float largest(const float* x, size_t n) {
    V c[4] = {V::load(x), V::load(x), V::load(x), V::load(x)};
    for (size_t i = 0; i < n; i += kStep)
      for (size_t u = 0; u < 4; ++u) c[u] = max(c[u], V::load(x + i + u * V::kLanes));
    return reduce_max(max(max(c[0], c[1]), max(c[2], c[3])));
  }

  /// Exponentials below the largest and their sum, as exact as the kernels' (up to 1024 elements); kept in y if kStore.
  template <bool kStore>
  static GRADSMITH_INLINE float exponentials(const float* x, float* y, size_t n, float top) {
    using Parts = kernels::UnitSum<V>;
    const V m = V::splat(top);
    Parts c[2] = {Parts::zero(), Parts::zero()};
    for (size_t i = 0; i < n; i += 2 * V::kLanes) {
      for (size_t u = 0; u < 2; ++u) {
        const V e = kernels::exp_below(V::load(x + i + u * V::kLanes), m);
        if constexpr (kStore) e.store(y + i + u * V::kLanes);
        c[u] = c[u] + Parts::of(e);
      }
    }
    const Parts sum = c[0] + c[1];
    return reduce_add(sum.high) + reduce_add(sum.low);
  }
  static void softmax(const RowArguments& r) {
    for (size_t row = 0; row < r.rows; ++row) {
      float* y = r.y + row * r.n;
      const V scale = V::splat(1.0f / exponentials<true>(r.a + row * r.n, y, r.n, largest(r.a + row * r.n, r.n)));
      each(r.n, [=](size_t i) { (V::load(y + i) * scale).store(y + i); });
    }
  }
  static GRADSMITH_INLINE float log_sum(const float* x, size_t n) {
    const float top = largest(x, n);
    return top + std::log(exponentials<false>(x, nullptr, n, top));
  }
  static void log_softmax(const RowArguments& r) {
    for (size_t row = 0; row < r.rows; ++row) {
      const float* x = r.a + row * r.n;
      float* y = r.y + row * r.n;
      const V all = V::splat(log_sum(x, r.n));
      each(r.n, [=](size_t i) { (V::load(x + i) - all).store(y + i); });
    }
  }
  static void cross_entropy(const RowArguments& r) {
    for (size_t row = 0; row < r.rows; ++row) {
      const float* x = r.a + row * r.n;
      r.y[row] = log_sum(x, r.n) - x[r.labels[row]];
    }
  }
  static void cross_entropy_grad(const RowArguments& r) {
    const float dloss = r.b[0];
    for (size_t row = 0; row < r.rows; ++row) {
      float* y = r.y + row * r.n;
      const V scale = V::splat(dloss / exponentials<true>(r.a + row * r.n, y, r.n, largest(r.a + row * r.n, r.n)));
      each(r.n, [=](size_t i) { (V::load(y + i) * scale).store(y + i); });
      y[r.labels[row]] -= dloss;
    }
  }
  static void softmax_grad(const RowArguments& r) {
    for (size_t row = 0; row < r.rows; ++row) {
      const float *p = r.a + row * r.n, *dp = r.b + row * r.n;
      float* y = r.y + row * r.n;
      const V sum = V::splat(add_up(r.n, [=](size_t i) { return V::load(p + i) * V::load(dp + i); }));
      each(r.n, [=](size_t i) { (V::load(p + i) * (V::load(dp + i) - sum)).store(y + i); });
    }
  }
  static void log_softmax_grad(const RowArguments& r) {
    for (size_t row = 0; row < r.rows; ++row) {
      const float *p = r.a + row * r.n, *dp = r.b + row * r.n;
      float* y = r.y + row * r.n;
      const V sum = V::splat(add_up(r.n, [=](size_t i) { return V::load(dp + i); }));
      each(r.n, [=](size_t i) { (V::load(dp + i) - simd::exp(V::load(p + i)) * sum).store(y + i); });
    }
  }
  static GRADSMITH_INLINE void moments(const float* x, size_t n, float& mean, float& scale) {
    const float count = static_cast<float>(n);
    mean = add_up(n, [=](size_t i) { return V::load(x + i); }) / count;
    const V m = V::splat(mean);
    const float squares = add_up(n, [=](size_t i) {
      const V d = V::load(x + i) - m;
      return d * d;
    });
    scale = 1.0f / std::sqrt(squares / count + 1e-5f);
  }
  static void layer_norm(const RowArguments& r) {
    const float *gamma = r.gamma, *beta = r.beta;
    for (size_t row = 0; row < r.rows; ++row) {
      const float* x = r.a + row * r.n;
      float* y = r.y + row * r.n;
      float mean, scale;
      moments(x, r.n, mean, scale);
      const V m = V::splat(mean), s = V::splat(scale);
      each(r.n, [=](size_t i) { ((V::load(x + i) - m) * s * V::load(gamma + i) + V::load(beta + i)).store(y + i); });
    }
  }
  /// Of x alone; both sums in one pass.
  static void layer_norm_grad(const RowArguments& r) {
    const float* gamma = r.gamma;
    for (size_t row = 0; row < r.rows; ++row) {
      const float *x = r.a + row * r.n, *dy = r.b + row * r.n;
      float* y = r.y + row * r.n;
      float mean, scale;
      moments(x, r.n, mean, scale);
      const V m = V::splat(mean), s = V::splat(scale);
      V plain[2] = {V::zero(), V::zero()}, weighed[2] = {V::zero(), V::zero()};
      for (size_t i = 0; i < r.n; i += 2 * V::kLanes) {
        for (size_t u = 0; u < 2; ++u) {
          const size_t k = i + u * V::kLanes;
          const V g = V::load(dy + k) * V::load(gamma + k);
          plain[u] = plain[u] + g;
          weighed[u] = weighed[u] + g * ((V::load(x + k) - m) * s);
        }
      }
      const float count = static_cast<float>(r.n);
      const V a = V::splat(reduce_add(plain[0] + plain[1]) / count);
      const V b = V::splat(reduce_add(weighed[0] + weighed[1]) / count);
      each(r.n, [=](size_t i) {
        const V unit = (V::load(x + i) - m) * s;
        (s * (V::load(dy + i) * V::load(gamma + i) - a - unit * b)).store(y + i);
      });
    }
  }
  static void traffic(const RowArguments& r, bool two) {
    const float *a = r.a, *b = r.b;
    float* y = r.y;
    if (two)
      each(r.rows * r.n, [=](size_t i) { (V::load(a + i) + V::load(b + i)).store(y + i); });
    else
      each(r.rows * r.n, [=](size_t i) { V::load(a + i).store(y + i); });
  }
};

template <class Isa>
RowLoops row_loops() {
  using H = RowHand<simd::Vec<float, Isa>>;
  return {Isa::kName,      H::softmax,          H::log_softmax, H::cross_entropy,   H::cross_entropy_grad,
          H::softmax_grad, H::log_softmax_grad, H::layer_norm,  H::layer_norm_grad, H::traffic};
}

}  // namespace gradsmith::bench
