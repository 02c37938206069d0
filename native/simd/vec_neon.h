// Vec for AArch64 NEON: 128-bit registers, masks are lanes of all ones or all zeros.
#pragma once
#include <arm_neon.h>

#include "simd/vec.h"

namespace gradsmith::simd {

template <>
struct LaneMask<Neon, 32> {
  uint32x4_t m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {vandq_u32(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {vorrq_u32(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {veorq_u32(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {vmvnq_u32(a.m)}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return vmaxvq_u32(a.m) != 0; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return vminvq_u32(a.m) != 0; }
};

template <>
struct LaneMask<Neon, 64> {
  uint64x2_t m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {vandq_u64(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {vorrq_u64(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {veorq_u64(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {veorq_u64(a.m, vdupq_n_u64(~uint64_t{0}))}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return (vgetq_lane_u64(a.m, 0) | vgetq_lane_u64(a.m, 1)) != 0; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return (vgetq_lane_u64(a.m, 0) & vgetq_lane_u64(a.m, 1)) != 0; }
};

template <>
struct Vec<int32_t, Neon> {
  using T = int32_t;
  using Mask = LaneMask<Neon, 32>;
  static constexpr size_t kLanes = 4;
  int32x4_t v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {vld1q_s32(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    T lanes[kLanes] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {vdupq_n_s32(x)}; }
  static GRADSMITH_INLINE Vec zero() { return splat(T(0)); }
  GRADSMITH_INLINE void store(T* p) const { vst1q_s32(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    T lanes[kLanes];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u16(const uint16_t* p) { return {vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p)))}; }
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) {
    const T lanes[kLanes] = {p[0], p[1], p[2], p[3]};
    return load(lanes);
  }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const {
    T lanes[kLanes];
    store(lanes);
    for (size_t i = 0; i < kLanes; ++i) p[i] = static_cast<uint8_t>(lanes[i] & 255);
  }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {vaddq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {vsubq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {vnegq_s32(a.v)}; }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {vandq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {vorrq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {veorq_s32(a.v, b.v)}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return {vshlq_n_s32(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return {vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a.v), N))};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {vshrq_n_s32(a.v, N)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {vceqq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return ~(a == b); }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {vcltq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {vcleq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {vcgtq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {vcgeq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {vbslq_s32(m.m, a.v, b.v)}; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {vreinterpretq_s32_u32(m.m)}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return {vcltzq_s32(a.v)}; }

  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {vmulq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {vminq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {vmaxq_s32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {vabsq_s32(a.v)}; }
  /// High 32 bits of the unsigned 32 x 32 products.
  friend GRADSMITH_INLINE Vec mulhi_u(Vec a, Vec b) {
    const uint32x4_t x = vreinterpretq_u32_s32(a.v), y = vreinterpretq_u32_s32(b.v);
    const uint32x4_t lo = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(x), vget_low_u32(y)));
    const uint32x4_t hi = vreinterpretq_u32_u64(vmull_high_u32(x, y));
    return {vreinterpretq_s32_u32(vuzp2q_u32(lo, hi))};
  }
  friend GRADSMITH_INLINE T reduce_add(Vec a) { return vaddvq_s32(a.v); }
  friend GRADSMITH_INLINE T reduce_max(Vec a) { return vmaxvq_s32(a.v); }
  friend GRADSMITH_INLINE T reduce_min(Vec a) { return vminvq_s32(a.v); }
};

template <>
struct Vec<int64_t, Neon> {
  using T = int64_t;
  using Mask = LaneMask<Neon, 64>;
  static constexpr size_t kLanes = 2;
  int64x2_t v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {vld1q_s64(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    T lanes[kLanes] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {vdupq_n_s64(x)}; }
  static GRADSMITH_INLINE Vec zero() { return splat(T(0)); }
  GRADSMITH_INLINE void store(T* p) const { vst1q_s64(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    T lanes[kLanes];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) {
    const T lanes[kLanes] = {p[0], p[1]};
    return load(lanes);
  }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const {
    T lanes[kLanes];
    store(lanes);
    for (size_t i = 0; i < kLanes; ++i) p[i] = static_cast<uint8_t>(lanes[i] & 255);
  }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {vaddq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {vsubq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {vnegq_s64(a.v)}; }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {vandq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {vorrq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {veorq_s64(a.v, b.v)}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return {vshlq_n_s64(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return {vreinterpretq_s64_u64(vshrq_n_u64(vreinterpretq_u64_s64(a.v), N))};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {vshrq_n_s64(a.v, N)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {vceqq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return ~(a == b); }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {vcltq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {vcleq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {vcgtq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {vcgeq_s64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {vbslq_s64(m.m, a.v, b.v)}; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {vreinterpretq_s64_u64(m.m)}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return {vcltzq_s64(a.v)}; }
};

template <>
struct Vec<float, Neon> {
  using T = float;
  using Int = Vec<int32_t, Neon>;
  using Mask = LaneMask<Neon, 32>;
  static constexpr size_t kLanes = 4;
  float32x4_t v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {vld1q_f32(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    T lanes[kLanes] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {vdupq_n_f32(x)}; }
  static GRADSMITH_INLINE Vec zero() { return splat(T(0)); }
  GRADSMITH_INLINE void store(T* p) const { vst1q_f32(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    T lanes[kLanes];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {vreinterpretq_f32_s32(i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {vreinterpretq_s32_f32(a.v)}; }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {vdivq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {vnegq_f32(a.v)}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return select(a < b, a, b); }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {vsqrtq_f32(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {vabsq_f32(a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) { return {vrndnq_f32(a.v)}; }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {vceqq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return ~(a == b); }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {vcltq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {vcleq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {vcgtq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {vcgeq_f32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {vbslq_f32(m.m, a.v, b.v)}; }

  /// Rounded to nearest.
  static GRADSMITH_INLINE Vec from_int(Int i) { return {vcvtq_f32_s32(i.v)}; }
  /// Towards zero; saturates; NaN gives 0 (what the instruction does).
  friend GRADSMITH_INLINE Int to_int(Vec a) { return {vcvtq_s32_f32(a.v)}; }

  friend GRADSMITH_INLINE T reduce_add(Vec a) {
    const float32x2_t d = vadd_f32(vget_low_f32(a.v), vget_high_f32(a.v));
    return vget_lane_f32(d, 0) + vget_lane_f32(d, 1);
  }
  friend GRADSMITH_INLINE T reduce_max(Vec a) {
    const Vec d = max(a, {vextq_f32(a.v, a.v, 2)});
    return vgetq_lane_f32(max(d, {vextq_f32(d.v, d.v, 1)}).v, 0);
  }
  friend GRADSMITH_INLINE T reduce_min(Vec a) {
    const Vec d = min(a, {vextq_f32(a.v, a.v, 2)});
    return vgetq_lane_f32(min(d, {vextq_f32(d.v, d.v, 1)}).v, 0);
  }
};

template <>
struct Vec<double, Neon> {
  using T = double;
  using Int = Vec<int64_t, Neon>;
  using Mask = LaneMask<Neon, 64>;
  static constexpr size_t kLanes = 2;
  float64x2_t v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {vld1q_f64(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    T lanes[kLanes] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {vdupq_n_f64(x)}; }
  static GRADSMITH_INLINE Vec zero() { return splat(T(0)); }
  GRADSMITH_INLINE void store(T* p) const { vst1q_f64(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    T lanes[kLanes];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {vreinterpretq_f64_s64(i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {vreinterpretq_s64_f64(a.v)}; }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {vaddq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {vsubq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {vmulq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {vdivq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {vnegq_f64(a.v)}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f64(c.v, a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f64(c.v, a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return select(a < b, a, b); }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {vsqrtq_f64(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {vabsq_f64(a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) { return {vrndnq_f64(a.v)}; }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {vceqq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return ~(a == b); }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {vcltq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {vcleq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {vcgtq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {vcgeq_f64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {vbslq_f64(m.m, a.v, b.v)}; }

  friend GRADSMITH_INLINE T reduce_add(Vec a) { return vgetq_lane_f64(a.v, 0) + vgetq_lane_f64(a.v, 1); }
  friend GRADSMITH_INLINE T reduce_max(Vec a) { return vgetq_lane_f64(max(a, {vextq_f64(a.v, a.v, 1)}).v, 0); }
  friend GRADSMITH_INLINE T reduce_min(Vec a) { return vgetq_lane_f64(min(a, {vextq_f64(a.v, a.v, 1)}).v, 0); }
};

}  // namespace gradsmith::simd
