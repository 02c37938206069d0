// From words to tables. Checks only what decoding needs: that every count fits what is left of the words, before
// anything is allocated for it. What the tables mean is the verifier's business.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "plan/instruction.h"
#include "plan/window.h"

namespace gradsmith::plan {

inline constexpr int32_t kMagic = 0x47534D31;
inline constexpr int32_t kFormatVersion = 5;

enum class BufferKind : int32_t { kInput = 0, kState = 1, kOutput = 2 };

struct BufferSpec {
  BufferKind kind;
  DType dtype;
  int64_t elements;
  size_t bytes() const { return static_cast<size_t>(elements) * size_of(dtype); }
};

/// One element that is read at the end of each step.
struct ValueSpec {
  int32_t buffer;
  DType dtype;
  int64_t offset;
};

struct DecodedPlan {
  int64_t scalars = 0;
  int64_t arena_bytes = 0;
  std::vector<BufferSpec> buffers;
  std::vector<WindowSpec> windows;  // operands name them by numbers that go on from the buffers'
  std::vector<ValueSpec> values;
  std::vector<Instruction> instructions;
};

/// Throws PlanError for words that do not follow docs/architecture.md's plan format.
DecodedPlan decode(std::span<const int32_t> words);

}  // namespace gradsmith::plan
