// Included by isa/hand_loops_*.cc, after the level's Vec.
#pragma once
#include "hand_loops.h"
#include "kernels/elementwise_ops.h"
#include "simd/math.h"

namespace gradsmith::bench {

/// f(i) for each vector, four at a time; n is a multiple of 4 vectors.
template <class V, class F>
GRADSMITH_INLINE void each(size_t n, F f) {
  for (size_t i = 0; i < n; i += 4 * V::kLanes) {
#pragma GCC unroll 4
    for (size_t u = 0; u < 4; ++u) f(i + u * V::kLanes);
  }
}

template <class V>
struct Hand {
  using L = kernels::Light<V>;
  static V at(const float* p, size_t i) { return V::load(p + i); }

  static void sigmoid(float* const* b, size_t n, size_t) {
    each<V>(n, [=](size_t i) { simd::sigmoid(V::load(b[1] + i)).store(b[0] + i); });
  }
  static void gelu(float* const* b, size_t n, size_t) {
    each<V>(n, [=](size_t i) { simd::gelu(V::load(b[1] + i)).store(b[0] + i); });
  }
  static void sigmoid_grad(float* const* b, size_t n, size_t) {
    float* y = b[0];
    const float *g = b[1], *s = b[2];
    const V one = V::splat(1);
    each<V>(n, [=](size_t i) {
      const V p = V::load(s + i);
      (V::load(g + i) * (p * (one - p))).store(y + i);
    });
  }
  static void relu_grad(float* const* b, size_t n, size_t) {
    float* y = b[0];
    const float *g = b[1], *s = b[2];
    each<V>(n, [=](size_t i) { select(V::load(s + i) > V::zero(), V::load(g + i), V::zero()).store(y + i); });
  }
  template <class F>
  static GRADSMITH_INLINE void bias(float* const* b, size_t n, size_t row, F f) {
    for (size_t r = 0; r < n; r += row) {
      float* y = b[0] + r;
      const float *x = b[1] + r, *add = b[2];
      for (size_t i = 0; i < row; i += V::kLanes) f(V::load(x + i) + V::load(add + i)).store(y + i);
    }
  }
  static void bias_relu(float* const* b, size_t n, size_t row) {
    bias(b, n, row, [](V v) { return L::Relu(v); });
  }
  static void bias_gelu(float* const* b, size_t n, size_t row) {
    bias(b, n, row, [](V v) { return simd::gelu(v); });
  }
  static void sgd(float* const* b, size_t n, size_t) {
    float* w = b[0];
    const float* g = b[1];
    const V rate = V::splat(*b[2]);
    each<V>(n, [=](size_t i) { (V::load(w + i) - V::load(g + i) * rate).store(w + i); });
  }
  static void adam(float* const* b, size_t n, size_t) {
    float *w = b[0], *m = b[1], *v = b[2];
    const float* g = b[3];
    const V root = V::splat(1.2f), step = V::splat(0.001f);
    each<V>(n, [=](size_t i) {
      const V gi = V::load(g + i);
      const V mi = V::load(m + i) * V::splat(0.9f) + gi * V::splat(0.1f);
      const V vi = V::load(v + i) * V::splat(0.999f) + gi * gi * V::splat(0.001f);
      const V wi = V::load(w + i) - mi / (sqrt(vi) * root + V::splat(1e-8f)) * step;
      wi.store(w + i);
      mi.store(m + i);
      vi.store(v + i);
    });
  }
  /// ((a·b - a)·b + a·0.5)·b - a: no recipe knows it.
  static void chain(float* const* b, size_t n, size_t) {
    float* y = b[0];
    const float *a = b[1], *c = b[2];
    const V half = V::splat(0.5f);
    each<V>(n, [=](size_t i) {
      const V p = V::load(a + i), q = V::load(c + i);
      (((p * q - p) * q + p * half) * q - p).store(y + i);
    });
  }
  template <size_t kReads, size_t kWrites>
  static void move(float* const* y, float* const* x, size_t n) {
    float* to[kWrites];
    const float* from[kReads];
    for (size_t k = 0; k < kWrites; ++k) to[k] = y[k];
    for (size_t k = 0; k < kReads; ++k) from[k] = x[k];
    each<V>(n, [&](size_t i) {
      V sum = V::load(from[0] + i);
      for (size_t k = 1; k < kReads; ++k) sum = sum + V::load(from[k] + i);
      for (size_t k = 0; k < kWrites; ++k) sum.store(to[k] + i);
    });
  }
  static void traffic(float* const* y, size_t writes, float* const* x, size_t reads, size_t n) {
    if (reads == 1) return move<1, 1>(y, x, n);
    if (reads == 2) return move<2, 1>(y, x, n);
    if (reads == 4 && writes == 3) return move<4, 3>(y, x, n);
  }
};

template <class Isa>
HandLoops hand_loops() {
  using H = Hand<simd::Vec<float, Isa>>;
  return {Isa::kName,   H::sigmoid, H::gelu, H::sigmoid_grad, H::relu_grad, H::bias_relu,
          H::bias_gelu, H::sgd,     H::adam, H::chain,        H::traffic};
}

}  // namespace gradsmith::bench
