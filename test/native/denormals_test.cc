// Denormals in plans, on every ISA level and thread.
#include "base/denormals.h"

#include <doctest/doctest.h>

#include <vector>

#include "plan_builder.h"
#include "plan_run.h"
#include "threads.h"

using namespace gradsmith;
using namespace gradsmith::plan;
using gradsmith::test::Threads;

namespace {

constexpr DType kF32 = DType::kFloat32;

/// out = x · y
std::vector<int32_t> product_words(int32_t n) {
  PlanBuilder plan;
  const int32_t x = plan.input(kF32, n);
  const int32_t y = plan.input(kF32, n);
  const int32_t out = plan.output(kF32, n);
  plan.add("elementwise", {2, 1, 1, 2, /**/ code(kernels::Micro::kMul), 0, 0, 1, 0, 0},
           {view(out, kF32, {n}), view(x, kF32, {n}), view(y, kF32, {n})});
  return plan.words();
}

/// c = a · b, matrices that are split over threads.
std::vector<int32_t> matmul_words() {
  PlanBuilder plan;
  const int32_t a = plan.input(kF32, 200 * 150);
  const int32_t b = plan.input(kF32, 150 * 300);
  const int32_t c = plan.output(kF32, 200 * 300);
  plan.add("matmul", {0}, {view(c, kF32, {200, 300}), view(a, kF32, {200, 150}), view(b, kF32, {150, 300})});
  return plan.words();
}

}  // namespace

TEST_CASE("denormals count as 0, operands and results, or are kept") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    for (const bool keep : {false, true, false}) {
      CAPTURE(keep);
      keep_denormals.store(keep);
      PlanRun run(product_words(3), *table);
      run.fill<float>(0, {1e-40F, 1e-30F, 1});
      run.fill<float>(1, {1e10F, 1e-10F, 1e-10F});
      run.run();
      const float* out = run.at<float>(2);
      CHECK((out[0] > 0.9e-30F) == keep);  // an operand
      CHECK((out[1] != 0) == keep);        // a result, 1e-40
      CHECK(out[2] == 1e-10F);
      if (!keep) CHECK(out[0] == 0);
      volatile float outside = 1e-40F;
      CHECK(outside * 0.5F != 0);  // the caller's arithmetic is as it was
    }
  }
}

TEST_CASE("denormals count as 0 on every thread") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    for (const size_t threads : {1, 2, 4}) {
      const Threads limit(threads);
      PlanRun run(matmul_words(), *table);
      const std::vector<float> a(size_t{200} * 150, 1e-40F), b(size_t{150} * 300, 1e38F);  // a term would be 0.01
      run.fill<float>(0, a);
      run.fill<float>(1, b);
      run.run();
      for (size_t i = 0; i < size_t{200} * 300; ++i) REQUIRE(run.at<float>(2)[i] == 0);
    }
  }
}
