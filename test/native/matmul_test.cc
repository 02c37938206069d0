// The `matmul` instruction: what its verifier refuses, and how it reaches its operands.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/instruction.h"
#include "plan/plan_error.h"

using namespace gradsmith;

namespace {

plan::Operand operand(int32_t buffer, std::vector<int64_t> dims, DType dtype = DType::kFloat32) {
  plan::Operand o{};
  o.buffer = buffer;
  o.dtype = dtype;
  o.rank = static_cast<int32_t>(dims.size());
  int64_t stride = 1;
  for (size_t d = dims.size(); d-- > 0;) {
    o.dims[d] = dims[d];
    o.strides[d] = stride;
    stride *= dims[d];
  }
  return o;
}

plan::Instruction matmul(std::vector<int32_t> attrs, std::vector<plan::Operand> operands) {
  return {2, std::move(attrs), std::move(operands)};
}

std::string error_of(const plan::Instruction& in) {
  try {
    plan::kMatmulRow.verify(in);
  } catch (const plan::PlanError& e) {
    return e.what();
  }
  return "";
}

/// Operands' buffers are bases 0, 1, …
struct TestContext : plan::PrepareContext {
  explicit TestContext(const kernels::KernelTable& table) : PrepareContext(table) {}
  plan::Ref ref(const plan::Operand& o) const override {
    return {static_cast<uint32_t>(o.buffer), o.offset * static_cast<int64_t>(size_of(o.dtype))};
  }
  plan::Ref workspace() const override { return {8, 0}; }
};

}  // namespace

TEST_CASE("matmul refuses what does not fit, and says why") {
  const auto c = operand(0, {2, 4}), a = operand(1, {2, 3}), b = operand(2, {3, 4});
  CHECK(error_of(matmul({0}, {c, a, b})) == "");
  CHECK(error_of(matmul({1}, {c, a, b})) == "");
  CHECK(error_of(matmul({}, {c, a, b})) == "matmul: 1 attribute expected, 0 given");
  CHECK(error_of(matmul({2}, {c, a, b})) == "matmul: unknown precision");
  const DType kF64 = DType::kFloat64;
  CHECK(error_of(matmul({1}, {operand(0, {2, 4}, kF64), operand(1, {2, 3}, kF64), operand(2, {3, 4}, kF64)})) ==
        "matmul: bfloat16 precision takes float32");
  CHECK(error_of(matmul({0}, {c, a, b, operand(3, {4})})) == "matmul: 3 operands expected, 4 given");
  CHECK(error_of(matmul({0}, {c, a, operand(2, {2, 4})})) ==
        "matmul: inner dimensions differ: [2, 3] x [2, 4] -> [2, 4]");
  CHECK(error_of(matmul({0}, {operand(0, {2, 5}), a, b})) ==
        "matmul: the result's shape does not fit: [2, 3] x [3, 4] -> [2, 5]");
  CHECK(error_of(matmul({0}, {operand(0, {4}), a, b})) ==
        "matmul: equal ranks of at least 2 expected: [2, 3] x [3, 4] -> [4]");
  CHECK(error_of(matmul({0}, {operand(0, {3, 2, 4}), operand(1, {3, 2, 3}), operand(2, {2, 3, 4})})) ==
        "matmul: batch dimensions differ: [3, 2, 3] x [2, 3, 4] -> [3, 2, 4]");
  CHECK(error_of(matmul({0}, {c, operand(1, {2, 3}, DType::kFloat64), b})) == "matmul: A, B and C differ in dtype");
  CHECK(error_of(matmul({0}, {operand(0, {2, 4}, DType::kInt32), a, b})) == "matmul: float32 or float64 expected");
  auto turned = c;
  turned.strides[0] = 1, turned.strides[1] = 2;
  CHECK(error_of(matmul({0}, {turned, a, b})) == "matmul: the result's columns must have stride 1");
}

TEST_CASE("the instruction reads offsets, and batches broadcast") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    auto c = operand(0, {2, 3, 2, 2}), a = operand(1, {2, 3, 2, 1}), b = operand(2, {2, 3, 1, 2});
    c.offset = 1;
    b.strides[0] = 0, b.strides[1] = 2;  // the same three matrices for both of the outer batch
    const auto in = matmul({0}, {c, a, b});
    REQUIRE(error_of(in) == "");
    const TestContext context(*table);
    const auto prepared = plan::kMatmulRow.prepare(in, context);
    float out[25], left[12], right[] = {1, 2, 3, 4, 5, 6};
    for (int i = 0; i < 12; i++) left[i] = static_cast<float>(i);
    std::fill(std::begin(out), std::end(out), -1.0f);
    void* bases[9] = {out, left, right};
    plan::Fault fault;
    void* scratch = std::aligned_alloc(64, prepared->scratch_bytes + 64);
    for (size_t part = 0; part < prepared->parts; part++) prepared->run(bases, part, scratch, fault);
    std::free(scratch);
    CHECK(out[0] == -1);
    for (int q = 0; q < 6; q++) {
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) CHECK(out[1 + q * 4 + i * 2 + j] == left[q * 2 + i] * right[q % 3 * 2 + j]);
      }
    }
  }
}

TEST_CASE("an instruction with an empty result has one part that does nothing") {
  const kernels::KernelTable& table = *kernels::available_tables().front();
  const auto in = matmul({0}, {operand(0, {0, 4}), operand(1, {0, 3}), operand(2, {3, 4})});
  REQUIRE(error_of(in) == "");
  const auto prepared = plan::kMatmulRow.prepare(in, TestContext(table));
  CHECK(prepared->parts == 1);
  float x = 5;
  void* bases[10] = {&x, &x, &x};
  plan::Fault fault;
  prepared->run(bases, 0, nullptr, fault);
  CHECK(x == 5);
}
