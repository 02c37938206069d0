// Products of operands rounded to bfloat16: how they round, and what special values do.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "base/cpu.h"
#include "gemm_testing.h"

using namespace gradsmith;
using namespace gradsmith::test;

namespace {

/// Runs `test` with the functions of both ways on every level.
template <class Test>
void each_way(Test test) {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    test(table->gemm.bf16);
    test(table->gemm.pairs);
    test(table->gemm.rounded);
  }
}

}  // namespace

TEST_CASE("an operand is rounded to the nearest bfloat16, ties to even, in every way a product may be computed") {
  const float ulp = 1.0f / 128;  // of a bfloat16 in [1, 2)
  const std::array<std::array<float, 2>, 9> cases = {{{1 + ulp / 2, 1},
                                                      {1 + ulp * 1.5f, 1 + ulp * 2},
                                                      {1 + ulp * 0.50001f, 1 + ulp},
                                                      {-1 - ulp / 2, -1},
                                                      {-1 - ulp * 1.5f, -1 - ulp * 2},
                                                      {std::numeric_limits<float>::max(), HUGE_VALF},
                                                      {std::numeric_limits<float>::lowest(), -HUGE_VALF},
                                                      {HUGE_VALF, HUGE_VALF},
                                                      {-0.0f, -0.0f}}};
  each_way([&](const GemmFunctions& gemm) {
    for (const auto& [x, want] : cases) {
      for (const auto& [m, n, k] : std::vector<std::array<int, 3>>{
               {1, 1, 1}, {1, 1, 2}, {1, 40, 3}, {5, 3, 50}, {20, 35, 33}, {40, 2, 65}, {70, 70, 300}}) {
        for (int layout = 0; layout < 6; layout++) {
          // x is one element of an operand that is 0 elsewhere; the other operand is 1.
          for (const bool in_a : {true, false}) {
            const int kind = layout < 4 ? layout % 2 : 4;
            Case c = make_case(m, n, k, kind, layout < 4 ? layout / 2 : kind);
            std::vector<float> a(c.a_size, in_a ? 0.0f : 1.0f), b(c.b_size, in_a ? 1.0f : 0.0f), out(c.c_size);
            const ptrdiff_t i = m / 2, j = n - 1, p = k - 1;
            if (in_a) a[static_cast<size_t>(c.a_at + i * c.s.a_row + p * c.s.a_col)] = x;
            if (!in_a) b[static_cast<size_t>(c.b_at + p * c.s.b_row + j * c.s.b_col)] = x;
            run_all(gemm.plan(c.s), {out.data(), a.data() + c.a_at, b.data() + c.b_at});
            CHECK(out[static_cast<size_t>(i * n + j)] == want);
          }
        }
      }
    }
  });
}

TEST_CASE("rows of dot products read a copy of B that was rounded before, to the same bits") {
  const auto all = [](auto products, bool somewhere) {
    unsigned way = 0;
    for (const ptrdiff_t m : {1, 2, 3, 5, 9}) {
      for (const ptrdiff_t n : {5, 10, 64, 515}) {
        for (const ptrdiff_t k : {1, 7, 31, 33, 64, 784}) {
          for (const int b : {1, 3}) {
            Case c = make_case(m, n, k, way % 2 == 0 ? 0 : 2, b, way % 3 == 0 ? 2 : 0);
            c.alpha = way % 4 == 0 ? -0.5 : 1;
            c.s.accumulate = way++ % 5 == 0;
            products->check(c);
          }
        }
      }
    }
    CHECK((products->with_copy() > 0) == somewhere);
  };
  all(std::make_unique<Products<PairedBf16>>(), !levels<PairedBf16>().empty());
  all(std::make_unique<Products<RoundedBf16>>(), true);
}

TEST_CASE("NaN stays NaN, whatever its bits, and infinities cancel to NaN") {
  std::vector<float> nans(4, std::numeric_limits<float>::quiet_NaN());
  const uint32_t low = 0x7F800001,
                 negative = 0xFF80FFFF;  // bits that rounding as a number would carry to infinity or 0
  std::memcpy(&nans[1], &low, 4);
  std::memcpy(&nans[2], &negative, 4);
  each_way([&](const GemmFunctions& gemm) {
    for (const float nan : nans) {
      for (const auto& [m, n, k] : std::vector<std::array<int, 3>>{{1, 1, 1}, {1, 40, 20}, {5, 3, 50}, {20, 35, 33}}) {
        for (int layout = 0; layout < 4; layout++) {
          Case c = make_case(m, n, k, layout % 2, layout / 2);
          std::vector<float> a(c.a_size, 0), b(c.b_size, 1), out(c.c_size);
          a[static_cast<size_t>(c.a_at + (m - 1) * c.s.a_row)] = nan;
          run_all(gemm.plan(c.s), {out.data(), a.data() + c.a_at, b.data() + c.b_at});
          for (ptrdiff_t q = 0; q < m * n; q++) CHECK(std::isnan(out[static_cast<size_t>(q)]) == (q / n == m - 1));
        }
      }
      uint16_t copy = 0;
      kernels::kernel_table().gemm.round(&nan, 1, &copy);
      CHECK((copy & 0x7FFF) > 0x7F80);
    }
    const float a[] = {HUGE_VALF, -HUGE_VALF}, b[] = {1, 1};
    float out = 0;
    run_all(gemm.plan(make_case(1, 1, 2, 0, 0).s), {&out, a, b});
    CHECK(std::isnan(out));
  });
}

TEST_CASE("an odd last term meets nothing: no infinity times an absent 0") {
  each_way([&](const GemmFunctions& gemm) {
    for (const int k : {1, 3, 33, 63}) {
      const Case c = make_case(15, 33, k, 0, 0);
      const std::vector<float> a(c.a_size, HUGE_VALF), b(c.b_size, 1);
      std::vector<float> out(c.c_size);
      run_all(gemm.plan(c.s), {out.data(), a.data(), b.data()});
      for (const float x : out) CHECK(x == HUGE_VALF);
    }
  });
}

TEST_CASE("denormal operands, terms and sums count for what they are, or for 0") {
  const float tiny = std::numeric_limits<float>::min();
  each_way([&](const GemmFunctions& gemm) {
    const Case c = make_case(3, 5, 8, 0, 0);
    std::vector<float> a(c.a_size, tiny / 4), b(c.b_size, 1), out(c.c_size);
    run_all(gemm.plan(c.s), {out.data(), a.data(), b.data()});
    for (const float x : out) CHECK((x == 0 || x == tiny * 2));
    std::fill(a.begin(), a.end(), tiny * 2);
    std::fill(b.begin(), b.end(), 0.125f);  // each term is denormal, their sum is not
    run_all(gemm.plan(c.s), {out.data(), a.data(), b.data()});
    for (const float x : out) CHECK(std::fabs(x - tiny * 2) <= tiny * 2);
  });
}

TEST_CASE("AMX and pairs where the CPU has them, else the lesser way for both") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    const bool paired = table->gemm.pairs.plan != table->gemm.rounded.plan;
    CHECK((table->gemm.pairs.run != table->gemm.rounded.run) == paired);
    CHECK(table->gemm.pairs.traits.terms == (paired ? 2 : 1));
    CHECK(table->gemm.rounded.traits.terms == 1);
    const bool amx = table->gemm.bf16.plan != table->gemm.pairs.plan;
    CHECK((table->gemm.bf16.run != table->gemm.pairs.run) == amx);
    CHECK(amx == (cpu_features().amx_bf16 && paired));
    const GemmShape shape = make_case(64, 64, 64, 0, 0).s;
    if (amx) CHECK((table->gemm.bf16.plan(shape).run != table->gemm.pairs.plan(shape).run) == amx_bf16_granted());
  }
}
