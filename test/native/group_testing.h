// Builds elementwise groups for tests, and says what each op means for one element.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>

#include "plan/group.h"
#include "rows_testing.h"

namespace gradsmith::plan::testing {

using kernels::Micro;

/// Attributes of the instruction, built op by op.
class GroupBuilder {
 public:
  explicit GroupBuilder(std::vector<DType> inputs) : registers(std::move(inputs)), inputs_(registers.size()) {}

  int32_t op(Micro op, DType dtype, std::vector<int32_t> args) {
    args.resize(4, 0);
    words_.insert(words_.end(), {static_cast<int32_t>(op), static_cast<int32_t>(dtype)});
    words_.insert(words_.end(), args.begin(), args.end());
    const bool truth = op >= Micro::kEqual && op <= Micro::kLogicalNot;
    registers.push_back(truth ? DType::kBool : dtype);
    return static_cast<int32_t>(registers.size() - 1);
  }
  int32_t constant(DType dtype, double value) {
    const uint64_t bits = std::bit_cast<uint64_t>(value);
    return op(Micro::kConstant, dtype,
              {static_cast<int32_t>(static_cast<uint32_t>(bits)), static_cast<int32_t>(bits >> 32)});
  }
  /// `operands`: outputs, then inputs.
  Instruction build(std::vector<int32_t> outputs, std::vector<Operand> operands) const {
    Instruction instruction{1, {}, std::move(operands)};
    instruction.attrs = {static_cast<int32_t>(inputs_), static_cast<int32_t>(outputs.size()),
                         static_cast<int32_t>(words_.size() / 6)};
    instruction.attrs.insert(instruction.attrs.end(), outputs.begin(), outputs.end());
    instruction.attrs.insert(instruction.attrs.end(), words_.begin(), words_.end());
    return instruction;
  }

  std::vector<DType> registers;

 private:
  size_t inputs_;
  std::vector<int32_t> words_;
};

/// Elements of any dtype as doubles, which hold them all.
inline double get(DType dtype, const void* p, size_t i) {
  switch (dtype) {
    case DType::kFloat32:
      return static_cast<const float*>(p)[i];
    case DType::kFloat64:
      return static_cast<const double*>(p)[i];
    case DType::kInt32:
      return static_cast<const int32_t*>(p)[i];
    default:
      return static_cast<const uint8_t*>(p)[i];
  }
}

/// `value` as an element of the dtype, by the rules of a cast.
inline double convert(DType dtype, double value) {
  switch (dtype) {
    case DType::kFloat32:
      return static_cast<double>(static_cast<float>(value));
    case DType::kFloat64:
      return value;
    case DType::kInt32:
      return std::isnan(value) ? 0 : std::trunc(std::clamp(value, -2147483648.0, 2147483647.0));
    case DType::kUint8:
      return std::isnan(value) ? 0 : std::trunc(std::clamp(value, 0.0, 255.0));
    default:
      return value != 0 ? 1 : 0;
  }
}

inline void put(DType dtype, void* p, size_t i, double value) {
  value = convert(dtype, value);
  switch (dtype) {
    case DType::kFloat32:
      static_cast<float*>(p)[i] = static_cast<float>(value);
      break;
    case DType::kFloat64:
      static_cast<double*>(p)[i] = value;
      break;
    case DType::kInt32:
      static_cast<int32_t*>(p)[i] = static_cast<int32_t>(value);
      break;
    default:
      static_cast<uint8_t*>(p)[i] = static_cast<uint8_t>(value);
  }
}

/// An integer result brought back into its dtype.
inline double wrap(DType dtype, int64_t value) {
  if (dtype == DType::kUint8) return static_cast<double>(static_cast<uint8_t>(value));
  return static_cast<double>(static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(value))));
}

inline double expected_int(Micro op, DType dtype, int64_t a, int64_t b) {
  switch (op) {
    case Micro::kNeg:
      return wrap(dtype, -a);
    case Micro::kAbs:
      return wrap(dtype, a < 0 ? -a : a);
    case Micro::kSign:
      return wrap(dtype, (a > 0) - (a < 0));
    case Micro::kSquare:
      return wrap(dtype, a * a);
    case Micro::kRelu:
      return wrap(dtype, std::max<int64_t>(a, 0));
    case Micro::kAdd:
      return wrap(dtype, a + b);
    case Micro::kSub:
      return wrap(dtype, a - b);
    case Micro::kMul:
      return wrap(dtype, a * b);
    case Micro::kDiv:
      return b == 0 ? 0 : wrap(dtype, a / b);
    case Micro::kMaximum:
      return wrap(dtype, std::max(a, b));
    default:
      return wrap(dtype, std::min(a, b));
  }
}

/// x·Φ(x), at its limits the limit; its derivative.
inline long double exact_gelu(long double x) {
  return std::isinf(x) ? std::max(x, -0.0L) : x / 2 * std::erfc(-x / std::sqrt(2.0L));
}
inline long double exact_gelu_slope(long double x) {
  const long double bell = std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846264338327950288L);
  return std::erfc(-x / std::sqrt(2.0L)) / 2 + (bell > 0 ? x * bell : 0.0L);
}

template <class T>
double expected_float(Micro op, T a, T b) {
  const bool nan = std::isnan(a) || std::isnan(b);
  switch (op) {
    case Micro::kNeg:
      return -a;
    case Micro::kAbs:
      return std::abs(a);
    case Micro::kSign:
      return a > 0 ? 1 : a < 0 ? -1 : a;
    case Micro::kExp:
      return std::exp(a);
    case Micro::kLog:
      return std::log(a);
    case Micro::kSqrt:
      return std::sqrt(a);
    case Micro::kSquare:
      return a * a;
    case Micro::kReciprocal:
      return T(1) / a;
    case Micro::kSigmoid:
      return static_cast<double>(1 / (1 + std::exp(-static_cast<long double>(a))));
    case Micro::kTanh:
      return std::tanh(a);
    case Micro::kRelu:
      return a > 0 || std::isnan(a) ? a : T(0);
    case Micro::kErf:
      return std::erf(a);
    case Micro::kSin:
      return std::sin(a);
    case Micro::kCos:
      return std::cos(a);
    case Micro::kGelu:
      return static_cast<double>(exact_gelu(static_cast<long double>(a)));
    case Micro::kGeluSlope:
      return static_cast<double>(exact_gelu_slope(static_cast<long double>(a)));
    case Micro::kAdd:
      return a + b;
    case Micro::kSub:
      return a - b;
    case Micro::kMul:
      return a * b;
    case Micro::kDiv:
      return a / b;
    case Micro::kMaximum:
      return nan ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(std::max(a, b));
    default:
      return nan ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(std::min(a, b));
  }
}

inline bool is_comparison(Micro op) { return op >= Micro::kEqual && op <= Micro::kGreaterEqual; }
inline bool is_math(Micro op) {
  return op == Micro::kExp || op == Micro::kLog || op == Micro::kSigmoid || op == Micro::kTanh || op == Micro::kErf ||
         op == Micro::kSin || op == Micro::kCos || op == Micro::kGelu || op == Micro::kGeluSlope;
}

/// What the op gives for one element whose operands are of `dtype`; casts aside.
inline double expected(Micro op, DType dtype, double a, double b, double c) {
  switch (op) {
    case Micro::kCopy:
      return a;
    case Micro::kEqual:
      return a == b;
    case Micro::kNotEqual:
      return a != b;
    case Micro::kLess:
      return a < b;
    case Micro::kLessEqual:
      return a <= b;
    case Micro::kGreater:
      return a > b;
    case Micro::kGreaterEqual:
      return a >= b;
    case Micro::kLogicalAnd:
      return a != 0 && b != 0;
    case Micro::kLogicalOr:
      return a != 0 || b != 0;
    case Micro::kLogicalNot:
      return a == 0;
    case Micro::kSelect:
      return a != 0 ? b : c;
    default:
      break;
  }
  if (dtype == DType::kFloat32) return expected_float(op, static_cast<float>(a), static_cast<float>(b));
  if (dtype == DType::kFloat64) return expected_float(op, a, b);
  return expected_int(op, dtype, static_cast<int64_t>(a), static_cast<int64_t>(b));
}

}  // namespace gradsmith::plan::testing
