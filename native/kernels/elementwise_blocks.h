// Ops as functions over a block: the heavy ones, integers, and values whose width is not the machine's lane.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/elementwise_ops.h"
#include "simd/math.h"

namespace gradsmith::kernels {

constexpr bool is_math(Micro op) {
  return op == Micro::kExp || op == Micro::kLog || op == Micro::kSigmoid || op == Micro::kTanh || op == Micro::kErf ||
         op == Micro::kSin || op == Micro::kCos || op == Micro::kGelu || op == Micro::kGeluSlope;
}
constexpr bool is_comparison(Micro op) { return op >= Micro::kEqual && op <= Micro::kGreaterEqual; }
constexpr bool is_arithmetic(Micro op) { return op >= Micro::kAdd && op <= Micro::kMinimum; }

template <Micro op, class V>
GRADSMITH_INLINE V float_unary(V a) {
  using L = Light<V>;
  if constexpr (op == Micro::kNeg)
    return L::Neg(a);
  else if constexpr (op == Micro::kAbs)
    return L::Abs(a);
  else if constexpr (op == Micro::kSign)
    return L::Sign(a);
  else if constexpr (op == Micro::kSqrt)
    return L::Sqrt(a);
  else if constexpr (op == Micro::kSquare)
    return L::Square(a);
  else if constexpr (op == Micro::kReciprocal)
    return L::Reciprocal(a);
  else if constexpr (op == Micro::kRelu)
    return L::Relu(a);
  else if constexpr (op == Micro::kExp)
    return simd::exp(a);
  else if constexpr (op == Micro::kLog)
    return simd::log(a);
  else if constexpr (op == Micro::kSigmoid)
    return simd::sigmoid(a);
  else if constexpr (op == Micro::kTanh)
    return simd::tanh(a);
  else if constexpr (op == Micro::kErf)
    return simd::erf(a);
  else if constexpr (op == Micro::kSin)
    return simd::sin(a);
  else if constexpr (op == Micro::kCos)
    return simd::cos(a);
  else if constexpr (op == Micro::kGelu)
    return simd::gelu(a);
  else
    return simd::gelu_slope(a);
}

/// float32 or float64 arithmetic, operand and result of one width.
template <class Isa, class T, Micro op>
void float_block(char* d, const char* a, const char* b, const char*, size_t n) {
  using V = simd::Vec<T, Isa>;
  using L = Light<V>;
  const T* x = reinterpret_cast<const T*>(a);
  [[maybe_unused]] const T* y = reinterpret_cast<const T*>(b);
  T* z = reinterpret_cast<T*>(d);
#pragma GCC unroll 2
  for (size_t i = 0; i < n; i += V::kLanes) {
    const V p = V::load(x + i);
    V q;
    if constexpr (is_arithmetic(op)) {
      const V s = V::load(y + i);
      if constexpr (op == Micro::kAdd)
        q = L::Add(p, s);
      else if constexpr (op == Micro::kSub)
        q = L::Sub(p, s);
      else if constexpr (op == Micro::kMul)
        q = L::Mul(p, s);
      else if constexpr (op == Micro::kDiv)
        q = L::Div(p, s);
      else if constexpr (op == Micro::kMaximum)
        q = L::Maximum(p, s);
      else
        q = L::Minimum(p, s);
    } else {
      q = float_unary<op>(p);
    }
    q.store(z + i);
  }
}

template <class Isa, class T>
BlockFn* float_function(Micro op) {
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return float_block<Isa, T, Micro::k##name>;
  switch (op) {
    // clang-format off
    GRADSMITH_CASE(Neg) GRADSMITH_CASE(Abs) GRADSMITH_CASE(Sign) GRADSMITH_CASE(Sqrt) GRADSMITH_CASE(Square)
    GRADSMITH_CASE(Reciprocal) GRADSMITH_CASE(Relu) GRADSMITH_CASE(Exp) GRADSMITH_CASE(Log) GRADSMITH_CASE(Sigmoid)
    GRADSMITH_CASE(Tanh) GRADSMITH_CASE(Erf) GRADSMITH_CASE(Sin) GRADSMITH_CASE(Cos) GRADSMITH_CASE(Gelu)
    GRADSMITH_CASE(GeluSlope) GRADSMITH_CASE(Add) GRADSMITH_CASE(Sub) GRADSMITH_CASE(Mul) GRADSMITH_CASE(Div) GRADSMITH_CASE(Maximum) GRADSMITH_CASE(Minimum)
    default: return nullptr;
    // clang-format on
  }
#undef GRADSMITH_CASE
}

/// Towards zero; by zero gives 0; the one quotient that does not fit wraps.
GRADSMITH_INLINE int32_t divide(int32_t a, int32_t b) {
  if (b == 0) return 0;
  return b == -1 ? static_cast<int32_t>(0u - static_cast<uint32_t>(a)) : a / b;
}

/// Comparisons of integer lanes. Bool lanes are 0 and -1, so there the larger lane is the smaller value.
template <class Isa, class I, Micro op, bool kBool>
void compare_lanes(char* d, const char* a, const char* b, const char*, size_t n) {
  using V = simd::Vec<I, Isa>;
  const I* x = reinterpret_cast<const I*>(kBool ? b : a);
  const I* y = reinterpret_cast<const I*>(kBool ? a : b);
  for (size_t i = 0; i < n; i += V::kLanes) {
    const V p = V::load(x + i), q = V::load(y + i);
    V z;
    if constexpr (op == Micro::kEqual)
      z = V::lanes_of(p == q);
    else if constexpr (op == Micro::kNotEqual)
      z = V::lanes_of(p != q);
    else if constexpr (op == Micro::kLess)
      z = V::lanes_of(p < q);
    else if constexpr (op == Micro::kLessEqual)
      z = V::lanes_of(p <= q);
    else if constexpr (op == Micro::kGreater)
      z = V::lanes_of(p > q);
    else
      z = V::lanes_of(p >= q);
    z.store(reinterpret_cast<I*>(d) + i);
  }
}

/// int32 and uint8 (which wraps to 0 … 255) in 32-bit lanes.
template <class Isa, Micro op, bool kByte>
void int_block(char* d, const char* a, const char* b, const char*, size_t n) {
  using V = simd::Vec<int32_t, Isa>;
  const int32_t* x = reinterpret_cast<const int32_t*>(a);
  [[maybe_unused]] const int32_t* y = reinterpret_cast<const int32_t*>(b);
  int32_t* z = reinterpret_cast<int32_t*>(d);
  if constexpr (op == Micro::kDiv) {
    for (size_t i = 0; i < n; ++i) z[i] = divide(x[i], y[i]);
  } else {
    for (size_t i = 0; i < n; i += V::kLanes) {
      const V p = V::load(x + i);
      V q;
      if constexpr (op == Micro::kAdd)
        q = p + V::load(y + i);
      else if constexpr (op == Micro::kSub)
        q = p - V::load(y + i);
      else if constexpr (op == Micro::kMul)
        q = p * V::load(y + i);
      else if constexpr (op == Micro::kMaximum)
        q = max(p, V::load(y + i));
      else if constexpr (op == Micro::kMinimum)
        q = min(p, V::load(y + i));
      else if constexpr (op == Micro::kNeg)
        q = -p;
      else if constexpr (op == Micro::kAbs)
        q = abs(p);
      else if constexpr (op == Micro::kSign)
        q = V::lanes_of(p < V::zero()) - V::lanes_of(p > V::zero());
      else if constexpr (op == Micro::kSquare)
        q = p * p;
      else
        q = max(p, V::zero());  // relu
      if constexpr (kByte) q = q & V::splat(255);
      q.store(z + i);
    }
  }
}

template <class Isa, class I, bool kBool>
BlockFn* compare_function(Micro op) {
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return compare_lanes<Isa, I, Micro::k##name, kBool>;
  switch (op) {
    GRADSMITH_CASE(Equal)
    GRADSMITH_CASE(NotEqual)
    GRADSMITH_CASE(Less)
    GRADSMITH_CASE(LessEqual)
    GRADSMITH_CASE(Greater)
    GRADSMITH_CASE(GreaterEqual)
    default:
      return nullptr;
  }
#undef GRADSMITH_CASE
}

template <class Isa, bool kByte>
BlockFn* int_function(Micro op) {
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return int_block<Isa, Micro::k##name, kByte>;
  switch (op) {
    GRADSMITH_CASE(Neg)
    GRADSMITH_CASE(Abs)
    GRADSMITH_CASE(Sign)
    GRADSMITH_CASE(Square)
    GRADSMITH_CASE(Relu)
    GRADSMITH_CASE(Add)
    GRADSMITH_CASE(Sub)
    GRADSMITH_CASE(Mul)
    GRADSMITH_CASE(Div)
    GRADSMITH_CASE(Maximum)
    GRADSMITH_CASE(Minimum)
    default:
      return compare_function<Isa, int32_t, false>(op);
  }
#undef GRADSMITH_CASE
}

}  // namespace gradsmith::kernels
