// Casts between dtypes, bytes to lanes and back, and what crosses from float64 to 32-bit lanes.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/elementwise_ops.h"

namespace gradsmith::kernels {

/// One element at a time, from lanes of type A to lanes of type R. Isa is the tag that keeps levels apart.
template <class Isa, class A, class R, R (*kOp)(A)>
void convert_block(char* d, const char* a, const char*, const char*, size_t n) {
  const A* x = reinterpret_cast<const A*>(a);
  R* z = reinterpret_cast<R*>(d);
  for (size_t i = 0; i < n; ++i) z[i] = kOp(x[i]);
}

template <class Isa>
struct Convert {
  static double float_to_double(float x) { return static_cast<double>(x); }
  static double int_to_double(int32_t x) { return static_cast<double>(x); }
  static double bool_to_double(int32_t x) { return x != 0 ? 1.0 : 0.0; }
  static float double_to_float(double x) { return static_cast<float>(x); }
  static int32_t double_to_bool(double x) { return x != 0 ? -1 : 0; }
  static int32_t double_to_byte(double x) { return x >= 255 ? 255 : x > 0 ? static_cast<int32_t>(x) : 0; }
  static int32_t double_to_int(double x) {
    if (x != x) return 0;
    return x >= 2147483647.0 ? INT32_MAX : x <= -2147483648.0 ? INT32_MIN : static_cast<int32_t>(x);
  }
};

/// Between values of 32-bit lanes.
template <class Isa, DType kFrom, DType kTo>
void cast_block32(char* d, const char* a, const char*, const char*, size_t n) {
  using F = simd::Vec<float, Isa>;
  using I = simd::Vec<int32_t, Isa>;
  const int32_t* x = reinterpret_cast<const int32_t*>(a);
  int32_t* z = reinterpret_cast<int32_t*>(d);
  for (size_t i = 0; i < n; i += I::kLanes) {
    I v = I::load(x + i);
    if constexpr (kFrom == DType::kFloat32) {
      const F f = F::from_bits(v);
      if constexpr (kTo == DType::kBool)
        v = I::lanes_of(f != F::zero());
      else
        v = to_int(f);
      if constexpr (kTo == DType::kUint8) v = max(I::zero(), min(I::splat(255), v));
    } else if constexpr (kFrom == DType::kBool) {
      v = v & (kTo == DType::kFloat32 ? bits(F::splat(1.0f)) : I::splat(1));
    } else {
      if constexpr (kTo == DType::kFloat32)
        v = bits(F::from_int(v));
      else if constexpr (kTo == DType::kBool)
        v = I::lanes_of(v != I::zero());
      else if constexpr (kTo == DType::kUint8)
        v = v & I::splat(255);
    }
    v.store(z + i);
  }
}

/// float64 to bool and back where both are 64-bit lanes.
template <class Isa, bool kToBool>
void cast_block64(char* d, const char* a, const char*, const char*, size_t n) {
  using V = simd::Vec<double, Isa>;
  const double* x = reinterpret_cast<const double*>(a);
  double* z = reinterpret_cast<double*>(d);
  for (size_t i = 0; i < n; i += V::kLanes) {
    const V v = V::load(x + i);
    (kToBool ? Light<V>::NotEqual(v, V::zero()) : Light<V>::LogicalAnd(v, V::splat(1.0))).store(z + i);
  }
}

template <class Isa>
BlockFn* cast_function(int lane_bytes, DType from, DType to) {
  using enum DType;
  using C = Convert<Isa>;
  if (lane_bytes == 8) {
    if (from == kFloat64 && to == kBool) return cast_block64<Isa, true>;
    if (from == kBool && to == kFloat64) return cast_block64<Isa, false>;
    return nullptr;
  }
  if (to == kFloat64) {
    if (from == kFloat32) return convert_block<Isa, float, double, C::float_to_double>;
    return from == kBool ? convert_block<Isa, int32_t, double, C::bool_to_double>
                         : convert_block<Isa, int32_t, double, C::int_to_double>;
  }
  switch (from) {
    case kFloat64:
      if (to == kFloat32) return convert_block<Isa, double, float, C::double_to_float>;
      if (to == kInt32) return convert_block<Isa, double, int32_t, C::double_to_int>;
      return to == kUint8 ? convert_block<Isa, double, int32_t, C::double_to_byte>
                          : convert_block<Isa, double, int32_t, C::double_to_bool>;
    case kFloat32:
      if (to == kInt32) return cast_block32<Isa, kFloat32, kInt32>;
      return to == kUint8 ? cast_block32<Isa, kFloat32, kUint8> : cast_block32<Isa, kFloat32, kBool>;
    case kBool:
      return to == kFloat32 ? cast_block32<Isa, kBool, kFloat32> : cast_block32<Isa, kBool, kInt32>;
    default:  // int32 and uint8 have the same lanes
      if (to == kFloat32) return cast_block32<Isa, kInt32, kFloat32>;
      return to == kBool ? cast_block32<Isa, kInt32, kBool> : cast_block32<Isa, kInt32, kUint8>;
  }
}

template <class Isa, class I, DType kType, bool kWiden>
void bytes_block(char* d, const char* a, const char*, const char*, size_t n) {
  using V = simd::Vec<I, Isa>;
  for (size_t i = 0; i < n; i += V::kLanes) {
    if constexpr (kWiden) {
      V v = V::load_u8(reinterpret_cast<const uint8_t*>(a) + i);
      if constexpr (kType == DType::kBool) v = V::lanes_of(v != V::zero());
      v.store(reinterpret_cast<I*>(d) + i);
    } else {
      V v = V::load(reinterpret_cast<const I*>(a) + i);
      if constexpr (kType == DType::kBool) v = v & V::splat(1);
      v.store_u8(reinterpret_cast<uint8_t*>(d) + i);
    }
  }
}

template <class Isa, bool kWiden>
BlockFn* bytes_function(int lane_bytes, DType dtype) {
  if (dtype == DType::kBool) {
    return lane_bytes == 4 ? bytes_block<Isa, int32_t, DType::kBool, kWiden>
                           : bytes_block<Isa, int64_t, DType::kBool, kWiden>;
  }
  if (dtype == DType::kUint8 && lane_bytes == 4) return bytes_block<Isa, int32_t, DType::kUint8, kWiden>;
  return nullptr;
}

/// float64 beside 32-bit lanes.
template <class Isa, Micro op>
void compare_doubles(char* d, const char* a, const char* b, const char*, size_t n) {
  const double* x = reinterpret_cast<const double*>(a);
  const double* y = reinterpret_cast<const double*>(b);
  int32_t* z = reinterpret_cast<int32_t*>(d);
  for (size_t i = 0; i < n; ++i) {
    bool t;
    if constexpr (op == Micro::kEqual)
      t = x[i] == y[i];
    else if constexpr (op == Micro::kNotEqual)
      t = x[i] != y[i];
    else if constexpr (op == Micro::kLess)
      t = x[i] < y[i];
    else if constexpr (op == Micro::kLessEqual)
      t = x[i] <= y[i];
    else if constexpr (op == Micro::kGreater)
      t = x[i] > y[i];
    else
      t = x[i] >= y[i];
    z[i] = t ? -1 : 0;
  }
}

template <class Isa>
void select_doubles(char* d, const char* a, const char* b, const char* c, size_t n) {
  const int32_t* m = reinterpret_cast<const int32_t*>(a);
  const double* x = reinterpret_cast<const double*>(b);
  const double* y = reinterpret_cast<const double*>(c);
  double* z = reinterpret_cast<double*>(d);
  for (size_t i = 0; i < n; ++i) z[i] = m[i] < 0 ? x[i] : y[i];
}

template <class Isa>
void copy_doubles(char* d, const char* a, const char*, const char*, size_t n) {
  using V = simd::Vec<double, Isa>;
  for (size_t i = 0; i < n; i += V::kLanes) {
    V::load(reinterpret_cast<const double*>(a) + i).store(reinterpret_cast<double*>(d) + i);
  }
}

}  // namespace gradsmith::kernels
