// Copies of buffers that are kept while nobody overwrites them: when there is one, and that products read it.
#include "plan/buffer.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan_builder.h"
#include "plan_run.h"

using namespace gradsmith;
using namespace gradsmith::plan;

namespace {

constexpr DType kF32 = DType::kFloat32;
constexpr int32_t kRows = 3, kInner = 100, kColumns = 40;

/// y = x · wᵀ in bfloat16.
std::vector<int32_t> product_words() {
  PlanBuilder plan;
  const int32_t x = plan.input(kF32, kRows * kInner);
  const int32_t w = plan.input(kF32, kColumns * kInner);
  const int32_t y = plan.output(kF32, kRows * kColumns);
  plan.add("matmul", {1},
           {view(y, kF32, {kRows, kColumns}), view(x, kF32, {kRows, kInner}),
            View{w, kF32, {kInner, kColumns}, {1, kInner}}});
  return plan.words();
}

/// w = w · w in place.
std::vector<int32_t> update_words() {
  PlanBuilder plan;
  const int32_t w = plan.state(kF32, kColumns * kInner);
  plan.add("elementwise", {1, 1, 1, 1, /**/ code(kernels::Micro::kMul), 0, 0, 0, 0, 0},
           {view(w, kF32, {kColumns * kInner}), view(w, kF32, {kColumns * kInner})});
  return plan.words();
}

void fill(float* p, size_t count, float scale) {
  for (size_t i = 0; i < count; ++i) p[i] = scale * static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 50.0f;
}

}  // namespace

TEST_CASE("a buffer has a rounded copy from its second use on, until it is overwritten") {
  const Buffer::Round round = kernels::kernel_table().gemm.round;
  Buffer buffer(3 * sizeof(float));
  auto* const x = reinterpret_cast<float*>(buffer.data());
  x[0] = 1, x[1] = 1.00390625f, x[2] = -2.5f;
  CHECK(buffer.rounded(round) == nullptr);
  const uint16_t* const copy = buffer.rounded(round);
  REQUIRE(copy != nullptr);
  CHECK(copy[0] == 0x3F80);
  CHECK(copy[1] == 0x3F80);  // a tie, to even
  CHECK(copy[2] == 0xC020);
  CHECK(buffer.rounded(round) == copy);
  x[0] = 3;
  buffer.overwritten();
  CHECK(buffer.rounded(round) == nullptr);
  const uint16_t* const again = buffer.rounded(round);
  REQUIRE(again != nullptr);
  CHECK(again[0] == 0x4040);
  buffer.overwritten();
  buffer.overwritten();
  CHECK(buffer.rounded(round) == nullptr);
  Buffer empty(0);
  CHECK(empty.rounded(round) == nullptr);
  CHECK(empty.rounded(round) == nullptr);
}

TEST_CASE("the halves of a large matrix lie in pages of their own") {
  for (const size_t rows : {2, 100, 784, 1000, 100000}) {
    for (const size_t row_bytes : {4, 400, 2048, 4000}) {
      const size_t bytes = rows * row_bytes;
      const Buffer buffer(bytes, rows);
      const auto at = reinterpret_cast<uintptr_t>(buffer.data());
      CHECK(buffer.size() == bytes);
      CHECK(at % 64 == 0);
      std::memset(buffer.data(), 1, bytes);
      if (bytes < 65536) continue;
      const size_t half = static_cast<size_t>(kernels::gemm_half(static_cast<ptrdiff_t>(rows))) * row_bytes;
      const size_t before_border = (4096 - (at + half) % 4096) % 4096;
      CHECK(before_border < 64);  // less than a line, since the matrix begins with one
    }
  }
  CHECK(Buffer(70000, 3).size() == 70000);  // no matrix of so many rows
}

TEST_CASE("products with a factor that stays read its copy, to the same bits, and see what is written to it") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    PlanRun run(product_words(), *table);
    fill(run.at<float>(0), kRows * kInner, 1);
    Buffer w(kColumns * kInner * sizeof(float));
    auto* const weights = reinterpret_cast<float*>(w.data());
    fill(weights, kColumns * kInner, 0.7f);
    run.bases[1] = w.data();
    const std::array<Buffer*, 3> buffers = {nullptr, &w, nullptr};
    const auto result = [&] {
      RunArguments arguments{run.bases.data(), nullptr, nullptr};
      arguments.buffers = buffers.data();
      CHECK(plan::run(run.plan, arguments, run.control).fault.code == Fault::kNone);
      return std::vector<float>(run.at<float>(2), run.at<float>(2) + kRows * kColumns);
    };
    const std::vector<float> first = result();
    CHECK(result() == first);
    CHECK(result() == first);
    fill(weights, kColumns * kInner, 2);  // behind everybody's back: so it is the copy that is read
    CHECK(result() == first);
    w.overwritten();
    const std::vector<float> second = result();
    CHECK(second != first);
    CHECK(result() == second);
    CHECK(result() == second);

    PlanRun update(update_words(), *table);
    update.bases[0] = w.data();
    Buffer* const written = &w;
    RunArguments arguments{update.bases.data(), nullptr, nullptr};
    arguments.buffers = &written;
    CHECK(plan::run(update.plan, arguments, update.control).fault.code == Fault::kNone);
    const std::vector<float> third = result();
    CHECK(third != second);
    CHECK(result() == third);
  }
}
