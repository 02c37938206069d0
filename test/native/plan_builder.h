// Writes plans as lib/graph/encode.ts does, for tests without TypeScript.
#pragma once
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/decoder.h"
#include "plan/instruction.h"

namespace gradsmith::plan {

/// A micro-op's code as a word.
constexpr int32_t code(kernels::Micro op) { return static_cast<int32_t>(op); }

/// Attributes of a matmulGroup over float32 that writes w - cast(rate)·(A·B) over w; its inputs are w and the rate.
inline std::vector<int32_t> update_attributes(int32_t precision) {
  std::vector<int32_t> attrs = {3, 1, 3, 5};
  for (const auto& [op, a, b] : std::vector<std::array<int32_t, 3>>{{code(kernels::Micro::kCast), 2, 0},
                                                                    {code(kernels::Micro::kMul), 0, 3},
                                                                    {code(kernels::Micro::kSub), 1, 4}}) {
    attrs.insert(attrs.end(), {op, 0, a, b, 0, 0});
  }
  attrs.push_back(precision);
  return attrs;
}

/// A group's program; the ops' registers follow those of the inputs. Words of an op that are left out are 0.
inline std::vector<int32_t> program(int32_t inputs, const std::vector<int32_t>& outputs,
                                    std::vector<std::vector<int32_t>> ops) {
  std::vector<int32_t> words = {inputs, static_cast<int32_t>(outputs.size()), static_cast<int32_t>(ops.size())};
  words.insert(words.end(), outputs.begin(), outputs.end());
  for (std::vector<int32_t>& op : ops) {
    op.resize(6);
    words.insert(words.end(), op.begin(), op.end());
  }
  return words;
}

/// An operand to be written.
struct View {
  int32_t buffer;
  DType dtype;
  std::vector<int32_t> dims;
  std::vector<int32_t> strides;
  int64_t offset = 0;
};

/// A contiguous view.
inline View view(int32_t buffer, DType dtype, std::vector<int32_t> dims, int64_t offset = 0) {
  std::vector<int32_t> strides(dims.size());
  int32_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  return {buffer, dtype, std::move(dims), std::move(strides), offset};
}

/// Number `index` of the scalars, seen with rank `rank`.
inline View scalar(int64_t index, size_t rank = 0) {
  return {kScalars, DType::kFloat64, std::vector<int32_t>(rank, 1), std::vector<int32_t>(rank, 0), index};
}

inline int32_t opcode_of(std::string_view name) {
  for (const InstructionRow& row : instruction_table()) {
    if (name == row.name) return row.opcode;
  }
  throw std::invalid_argument("no such instruction");
}

class PlanBuilder {
 public:
  int32_t input(DType dtype, int64_t elements) { return buffer(BufferKind::kInput, dtype, elements); }
  int32_t state(DType dtype, int64_t elements) { return buffer(BufferKind::kState, dtype, elements); }
  int32_t output(DType dtype, int64_t elements) { return buffer(BufferKind::kOutput, dtype, elements); }

  PlanBuilder& scalars(int32_t n) {
    scalars_ = n;
    return *this;
  }
  /// A window of `rows` rows; its operands name it by the number of buffers and its own.
  PlanBuilder& window(int32_t from, int32_t scalar, int32_t rows, int32_t buffer_rows, int32_t columns) {
    windows_.insert(windows_.end(), {from, scalar, rows, buffer_rows, columns});
    return *this;
  }
  PlanBuilder& arena(int64_t bytes) {
    arena_ = bytes;
    return *this;
  }
  PlanBuilder& value(int32_t from, DType dtype, int64_t offset = 0) {
    values_.push_back({from, dtype, offset});
    return *this;
  }
  PlanBuilder& add(int32_t opcode, std::vector<int32_t> attrs, const std::vector<View>& operands) {
    std::vector<int32_t> words = {static_cast<int32_t>(attrs.size())};
    words.insert(words.end(), attrs.begin(), attrs.end());
    words.push_back(static_cast<int32_t>(operands.size()));
    for (const View& operand : operands) {
      words.push_back(operand.buffer);
      words.push_back(static_cast<int32_t>(operand.dtype));
      push64(words, operand.offset);
      words.push_back(static_cast<int32_t>(operand.dims.size()));
      words.insert(words.end(), operand.dims.begin(), operand.dims.end());
      words.insert(words.end(), operand.strides.begin(), operand.strides.end());
    }
    instructions_.push_back(opcode);
    instructions_.push_back(static_cast<int32_t>(words.size()) + 2);
    instructions_.insert(instructions_.end(), words.begin(), words.end());
    ++count_;
    return *this;
  }
  PlanBuilder& add(std::string_view name, std::vector<int32_t> attrs, const std::vector<View>& operands) {
    return add(opcode_of(name), std::move(attrs), operands);
  }

  std::vector<int32_t> words() const {
    std::vector<int32_t> words = {kMagic, kFormatVersion, static_cast<int32_t>(buffers_.size()), scalars_,
                                  static_cast<int32_t>(values_.size())};
    push64(words, arena_);
    words.push_back(count_);
    words.push_back(static_cast<int32_t>(windows_.size()) / 5);
    for (const BufferSpec& spec : buffers_) {
      words.push_back(static_cast<int32_t>(spec.kind));
      words.push_back(static_cast<int32_t>(spec.dtype));
      push64(words, spec.elements);
    }
    words.insert(words.end(), windows_.begin(), windows_.end());
    for (const ValueSpec& spec : values_) {
      words.push_back(spec.buffer);
      words.push_back(static_cast<int32_t>(spec.dtype));
      push64(words, spec.offset);
    }
    words.insert(words.end(), instructions_.begin(), instructions_.end());
    return words;
  }

 private:
  int32_t buffer(BufferKind kind, DType dtype, int64_t elements) {
    buffers_.push_back({kind, dtype, elements});
    return static_cast<int32_t>(buffers_.size()) - 1;
  }
  static void push64(std::vector<int32_t>& words, int64_t value) {
    words.push_back(static_cast<int32_t>(static_cast<uint32_t>(value)));
    words.push_back(static_cast<int32_t>(value >> 32));
  }

  std::vector<BufferSpec> buffers_;
  std::vector<ValueSpec> values_;
  std::vector<int32_t> instructions_;
  std::vector<int32_t> windows_;
  int32_t scalars_ = 0;
  int32_t count_ = 0;
  int64_t arena_ = 0;
};

}  // namespace gradsmith::plan
