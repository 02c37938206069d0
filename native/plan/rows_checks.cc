#include "plan/rows_checks.h"

namespace gradsmith::plan {
namespace {

const char* dtype_text(DType dtype) {
  static constexpr const char* kNames[kDTypeCount] = {"float32", "float64", "int32", "uint8", "bool"};
  return kNames[static_cast<int32_t>(dtype)];
}

}  // namespace

std::string shape_text(const Operand& operand) {
  std::string text = "[";
  for (int32_t i = 0; i < operand.rank; i++) {
    if (i > 0) text += ", ";
    text += std::to_string(operand.dims[static_cast<size_t>(i)]);
  }
  return text + "]";
}

void Checks::require(bool ok, const std::string& message) const {
  if (!ok) throw PlanError(std::string(op_) + ": " + message);
}

void Checks::counts(size_t operands, size_t attrs) const {
  require(instruction_.operands.size() == operands,
          "takes " + std::to_string(operands) + " operands, but has " + std::to_string(instruction_.operands.size()));
  require(instruction_.attrs.size() == attrs,
          "takes " + std::to_string(attrs) + " attributes, but has " + std::to_string(instruction_.attrs.size()));
}

int32_t Checks::choice(size_t index, const char* what, int32_t limit) const {
  const int32_t value = instruction_.attrs[index];
  require(value >= 0 && value < limit,
          std::string(what) + " must be 0 to " + std::to_string(limit - 1) + ", but is " + std::to_string(value));
  return value;
}

void Checks::rank(const Operand& operand, const char* what, int32_t rank) const {
  require(operand.rank == rank,
          std::string(what) + " must have rank " + std::to_string(rank) + ", but is " + shape_text(operand));
}

void Checks::dtype(const Operand& operand, const char* what, DType dtype) const {
  require(operand.dtype == dtype,
          std::string(what) + " must be " + dtype_text(dtype) + ", but is " + dtype_text(operand.dtype));
}

void Checks::same_dtype(const Operand& a, const char* what_a, const Operand& b, const char* what_b) const {
  require(a.dtype == b.dtype, std::string(what_a) + " is " + dtype_text(a.dtype) + ", but " + what_b + " is " +
                                  dtype_text(b.dtype) + "; they must be the same");
}

void Checks::floating(const Operand& operand, const char* what) const {
  require(is_float(operand.dtype),
          std::string(what) + " must be float32 or float64, but is " + dtype_text(operand.dtype));
}

void Checks::contiguous(const Operand& operand, const char* what) const {
  require(operand.contiguous(), std::string(what) + " must be contiguous");
}

void Checks::dim(const Operand& operand, const char* what, int32_t axis, int64_t expected) const {
  require(operand.dims[static_cast<size_t>(axis)] == expected, std::string(what) + " is " + shape_text(operand) +
                                                                   ", but its dimension " + std::to_string(axis) +
                                                                   " must be " + std::to_string(expected));
}

void Checks::scalar(const Operand& operand, const char* what) const {
  dtype(operand, what, DType::kFloat64);
  for (size_t i = 0; i < static_cast<size_t>(operand.rank); i++) {
    const bool one = operand.dims[i] == 1 || (operand.dims[i] > 0 && operand.strides[i] == 0);
    require(one, std::string(what) + " must be a scalar, but is " + shape_text(operand));
  }
}

Chunks Chunks::of(size_t count, size_t least, size_t grain) {
  const size_t chunk = (least + grain - 1) / grain * grain;
  return {count, chunk == 0 ? grain : chunk};
}

size_t rows_for(size_t elements, size_t columns) {
  if (columns == 0) return elements;
  const size_t rows = elements / columns;
  return rows == 0 ? 1 : rows;
}

}  // namespace gradsmith::plan
