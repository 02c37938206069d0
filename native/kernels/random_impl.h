// Random numbers by counter, numbered as random.h says. Compiled once per ISA level.
#pragma once
#include <cstring>

#include "kernels/random_philox.h"
#include "simd/math_log.h"

namespace gradsmith::kernels {

/// Fills y[first..last) from a `Deal`, which writes the kElements elements of one group.
template <class Isa, class Deal, class T>
GRADSMITH_INLINE void deal_groups(T* y, RandomKey key, size_t first, size_t last, Deal deal) {
  constexpr size_t kElements = Deal::kElements;
  PhiloxGroup words;
  alignas(64) T whole[kElements];
  for (size_t at = first; at < last;) {
    const size_t group = at / kElements, skip = at % kElements;
    philox_group<Isa>(key, group, words);
    const size_t rest = kElements - skip, n = last - at < rest ? last - at : rest;
    if (n == kElements) {
      deal(words, y + at);
    } else {
      deal(words, whole);
      std::memcpy(y + at, whole + skip, n * sizeof(T));
    }
    at += n;
  }
}

/// The upper 53 bits of words k and k + 1 of every block, as float64 integers. Exact.
template <class Isa>
GRADSMITH_INLINE void upper_53(const PhiloxGroup& words, size_t k, double* out) {
  for (size_t l = 0; l < kGroupBlocks; l++) {
    const auto high = static_cast<uint32_t>(words.w[k][l]), low = static_cast<uint32_t>(words.w[k + 1][l]);
    out[l] = static_cast<double>(high) * 0x1p21 + static_cast<double>(low >> 11);
  }
}

template <class Isa, class T>
struct Uniform;

template <class Isa>
struct Uniform<Isa, float> {
  static constexpr size_t kElements = 4 * kGroupBlocks;
  GRADSMITH_INLINE void operator()(const PhiloxGroup& words, float* y) const {
    using V = simd::Vec<float, Isa>;
    for (size_t k = 0; k < 4; k++)
      for (size_t l = 0; l < kGroupBlocks; l += V::kLanes) {
        const auto upper = shr<8>(V::Int::load(words.w[k] + l));
        (V::from_int(upper) * V::splat(0x1p-24f)).store(y + k * kGroupBlocks + l);
      }
  }
};

template <class Isa>
struct Uniform<Isa, double> {
  static constexpr size_t kElements = 2 * kGroupBlocks;
  GRADSMITH_INLINE void operator()(const PhiloxGroup& words, double* y) const {
    upper_53<Isa>(words, 0, y);
    upper_53<Isa>(words, 2, y + kGroupBlocks);
    for (size_t i = 0; i < kElements; i++) y[i] *= 0x1p-53;
  }
};

template <class Isa, class T>
struct Normal;

template <class Isa>
struct Normal<Isa, float> {
  static constexpr size_t kElements = 4 * kGroupBlocks;
  GRADSMITH_INLINE void operator()(const PhiloxGroup& words, float* y) const {
    using V = simd::Vec<float, Isa>;
    using Int = typename V::Int;
    for (size_t k = 0; k < 4; k += 2, y += 2 * kGroupBlocks)
      for (size_t l = 0; l < kGroupBlocks; l += V::kLanes) {
        const Int u = Int::load(words.w[k] + l), v = Int::load(words.w[k + 1] + l);
        // u + 1 by halves: each is exact, so the fma rounds once.
        const V low = V::from_int((u & Int::splat(0xFFFF)) + Int::splat(1));
        const V sum = fma(V::from_int(shr<16>(u)), V::splat(65536.0f), low);
        const V turn = V::from_int(shr<8>(v)) * V::splat(0x1p-24f);
        box_muller(sum * V::splat(0x1p-32f), turn, y + l, y + kGroupBlocks + l);
      }
  }
};

template <class Isa>
struct Normal<Isa, double> {
  static constexpr size_t kElements = 2 * kGroupBlocks;
  GRADSMITH_INLINE void operator()(const PhiloxGroup& words, double* y) const {
    using V = simd::Vec<double, Isa>;
    alignas(64) double u[kGroupBlocks], v[kGroupBlocks];
    upper_53<Isa>(words, 0, u);
    upper_53<Isa>(words, 2, v);
    const V scale = V::splat(0x1p-53);
    for (size_t l = 0; l < kGroupBlocks; l += V::kLanes)
      box_muller((V::load(u + l) + V::splat(1)) * scale, V::load(v + l) * scale, y + l, y + kGroupBlocks + l);
  }
};

template <class Isa, class T>
struct Integer {
  static constexpr size_t kElements = 2 * kGroupBlocks;
  int64_t low;
  uint64_t range;
  GRADSMITH_INLINE void operator()(const PhiloxGroup& words, T* y) const {
    for (size_t k = 0; k < 4; k += 2, y += kGroupBlocks)
      for (size_t l = 0; l < kGroupBlocks; l++) {
        // floor(W · range / 2^64) by halves: range <= 2^32, so neither product nor the sum overflows.
        const uint64_t upper = static_cast<uint32_t>(words.w[k][l]) * range;
        const uint64_t lower = static_cast<uint32_t>(words.w[k + 1][l]) * range;
        const uint64_t drawn = (upper + (lower >> 32)) >> 32;
        y[l] = static_cast<T>(static_cast<uint64_t>(low) + drawn);
      }
  }
};

template <class Isa, class T>
void uniform(void* y, RandomKey key, size_t first, size_t last) {
  deal_groups<Isa>(static_cast<T*>(y), key, first, last, Uniform<Isa, T>{});
}
template <class Isa, class T>
void normal(void* y, RandomKey key, size_t first, size_t last) {
  deal_groups<Isa>(static_cast<T*>(y), key, first, last, Normal<Isa, T>{});
}
template <class Isa, class T>
void integer(void* y, RandomKey key, int64_t low, uint64_t range, size_t first, size_t last) {
  deal_groups<Isa>(static_cast<T*>(y), key, first, last, Integer<Isa, T>{low, range});
}

template <class Isa>
RandomKernels make_random() {
  RandomKernels kernels{};
  kernels.uniform[0] = uniform<Isa, float>;
  kernels.uniform[1] = uniform<Isa, double>;
  kernels.normal[0] = normal<Isa, float>;
  kernels.normal[1] = normal<Isa, double>;
  kernels.integer[0] = integer<Isa, int32_t>;
  kernels.integer[1] = integer<Isa, uint8_t>;
  return kernels;
}

}  // namespace gradsmith::kernels
