// Runs single instructions on every kernel table of this CPU: what the tests of reduce, rows, index and random share.
#pragma once
#include <doctest/doctest.h>

#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "plan/instruction.h"
#include "plan/plan_error.h"

namespace gradsmith::plan::testing {

using Dims = std::vector<int64_t>;

template <class T>
constexpr DType dtype_of() {
  if (sizeof(T) == 8) return DType::kFloat64;
  if (sizeof(T) == 1) return DType::kUint8;
  return static_cast<T>(0.5) != T(0) ? DType::kFloat32 : DType::kInt32;
}

inline Operand view(int32_t buffer, DType dtype, const Dims& dims, const Dims& strides, int64_t offset = 0) {
  Operand operand{buffer, dtype, offset, static_cast<int32_t>(dims.size()), {}, {}};
  for (size_t i = 0; i < dims.size(); i++) {
    operand.dims[i] = dims[i];
    operand.strides[i] = strides[i];
  }
  return operand;
}

inline Operand packed(int32_t buffer, DType dtype, const Dims& dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  return view(buffer, dtype, dims, strides);
}

/// Buffers are numbered as in `bases`; the workspace is the one behind them.
struct TestContext final : PrepareContext {
  using PrepareContext::PrepareContext;
  Ref ref(const Operand& operand) const override {
    return {static_cast<uint32_t>(operand.buffer), operand.offset * static_cast<int64_t>(size_of(operand.dtype))};
  }
  Ref workspace() const override { return {workspace_base, 0}; }
  uint32_t workspace_base = UINT32_MAX;
};

/// Verifies, prepares and runs all parts of both phases, the last one first if `backwards`. Gives the last fault
/// reported.
inline Fault run(const InstructionRow& row, const Instruction& instruction, std::vector<void*> bases,
                 const kernels::KernelTable& table, bool backwards = false, size_t* parts = nullptr) {
  row.verify(instruction);
  TestContext context(table);
  context.workspace_base = static_cast<uint32_t>(bases.size());
  const std::unique_ptr<Prepared> prepared = row.prepare(instruction, context);
  CHECK(prepared->cost_ns > 0);
  if (parts != nullptr) *parts = prepared->parts;
  std::vector<double> scratch(prepared->scratch_bytes / sizeof(double) + 8);
  std::vector<char> workspace(prepared->workspace_bytes);
  bases.push_back(workspace.data());
  Fault last;
  for (size_t i = 0; i < prepared->parts; i++) {
    Fault fault;
    prepared->run(bases.data(), backwards ? prepared->parts - 1 - i : i, scratch.data(), fault);
    if (fault.code != Fault::kNone) last = fault;
  }
  for (size_t i = 0; i < prepared->finish_parts; i++)
    prepared->finish(bases.data(), backwards ? prepared->finish_parts - 1 - i : i, scratch.data());
  return last;
}

/// The message of the PlanError that `verify` throws, "" if it accepts.
inline std::string complaint(const InstructionRow& row, const Instruction& instruction) {
  try {
    row.verify(instruction);
  } catch (const PlanError& error) {
    return error.what();
  }
  return "";
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Runs `f` once per table, named in the failure messages.
template <class F>
void each_table(F f) {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    f(*table);
  }
}

}  // namespace gradsmith::plan::testing
