// Matrix products: thin and long ones, those of real networks, and what special values and empty operands do.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "gemm_testing.h"
#include "kernels/gemm_tile_shape.h"
#include "simd/vec.h"

using namespace gradsmith;
using namespace gradsmith::test;

TEST_CASE_TEMPLATE("rows, columns and other thin products with long sums", P, float, double, PairedBf16, RoundedBf16) {
  Products<P> products;
  unsigned count = 0;
  for (ptrdiff_t thin = 1; thin <= 9; thin++) {
    for (ptrdiff_t wide : {1, 10, 64, 300}) {
      for (ptrdiff_t k : {255, 257, 600}) {
        for (int kinds = 0; kinds < 16; kinds++, count++) {
          Case c = count % 2 ? make_case(thin, wide, k, kinds % 4, kinds / 4)
                             : make_case(wide, thin, k, kinds % 4, kinds / 4);
          vary(c, count / 16);
          products.check(c);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("two columns or two terms, as data in the plane has", P, float, double, PairedBf16, RoundedBf16) {
  Products<P> products;
  unsigned count = 0;
  for (ptrdiff_t size = 1; size <= 66; size++) {
    for (ptrdiff_t other : {1, 4, 7, 33}) {
      for (int kinds = 0; kinds < 9; kinds++, count++) {
        Case columns = make_case(size, 2, other, kinds % 3, kinds / 3, count % 4 == 3);
        Case terms = make_case(other, size, 2, kinds % 3, kinds / 3, count % 4 == 3);
        for (Case& c : {std::ref(columns), std::ref(terms)}) {
          vary(c, count);
          products.check(c);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("shapes of real networks: several parts, ragged last vectors", P, float, double, Bf16, PairedBf16,
                   RoundedBf16) {
  Products<P> products;
  for (unsigned way : {0u, 1u, 3u}) {
    for (const auto& [m, n, k, a, b] : std::vector<std::array<int, 5>>{{64, 100, 1000, 0, 0},
                                                                       {1000, 100, 64, 1, 0},
                                                                       {64, 10, 100, 0, 0},
                                                                       {100, 10, 64, 1, 0},
                                                                       {64, 100, 10, 0, 1},
                                                                       {128, 512, 784, 0, 0},
                                                                       {784, 512, 128, 1, 0},
                                                                       {128, 784, 512, 0, 1},
                                                                       {1, 512, 784, 0, 0},
                                                                       {1, 512, 784, 0, 1},
                                                                       {1, 2503, 391, 0, 0},
                                                                       {40, 70, 2100, 0, 0},
                                                                       {9, 40, 1500, 0, 3},
                                                                       {250, 333, 515, 4, 4}}) {
      Case c = make_case(m, n, k, a, b);
      vary(c, way);
      products.check(c);
    }
  }
}

TEST_CASE_TEMPLATE("a large B is packed once for all parts, and A a block at a time", P, float, double, PairedBf16,
                   RoundedBf16) {
  // Slow modes take all layouts of float; of the others, whose blocks are the same code, sanitizers one and emulators
  // none.
  const bool checks = every_nth() <= 7 || std::is_same_v<P, float>;
  const bool one_layout = every_nth() > 1 && !std::is_same_v<P, float>;
  Products<P> products;
  const bool wide = sizeof(ElementOf<P>) == 8, pairs = std::is_same_v<P, PairedBf16>;
  const ptrdiff_t n = pairs ? 600 : wide ? 300 : 500;
  const ptrdiff_t k = pairs ? 2100 : wide ? 900 : 1060;  // more than one block of terms
  unsigned way = 0;
  for (const auto& [a, b] : std::vector<std::array<int, 2>>{{0, 0}, {1, 3}, {4, 4}}) {
    Case c = make_case(515, n, k, a, b, 3);
    vary(c, way++);
    for (const kernels::KernelTable* table : levels<P>()) {
      const GemmPlan plan = functions<P>(*table).plan(c.s);
      CHECK(plan.shares_b);
      CHECK(plan.finish_parts >= 2);
      CHECK(plan.kc < k);
      // Where sums wait for more terms before they are added to C, rows of tiles are packed one by one.
      CHECK(plan.tall == !c.s.accumulate);
    }
    if (checks && (!one_layout || way == (wide ? 3 : 1))) products.check(c);
  }
  Case c = make_case(100, 133, pairs ? 6144 : 3072, 0, 0);  // A's rows meet in the same lines of L1, B is not large
  for (const kernels::KernelTable* table : levels<P>()) {
    const GemmPlan plan = functions<P>(*table).plan(c.s);
    CHECK(plan.tall);
    CHECK(!plan.shares_b);
  }
  if (checks) products.check(c);
}

TEST_CASE("AMX packs B's columns a block at a time: each part its own, or all parts all of them") {
  if (!amx_bf16_granted()) return;
  Products<Bf16> products;
  unsigned way = 0;
  for (const auto& [m, b] : std::vector<std::array<int, 2>>{{130, 0}, {130, 1}, {520, 4}}) {
    Case c = make_case(m, 260, 2100, b, b, 3);
    vary(c, way++);
    for (const kernels::KernelTable* table : levels<Bf16>()) {
      const GemmPlan plan = table->gemm.bf16.plan(c.s);
      CHECK(plan.finish_parts >= 2);
      CHECK((plan.grid_m > 1) == (m > 260));
      CHECK(plan.nc < plan.n_step);
    }
    if (every_nth() <= 7) products.check(c);
  }
}

TEST_CASE("a sum of nothing is 0: C becomes 0, or stays") {
  Products<float> products;
  for (unsigned way = 0; way < 4; way++) {
    for (const auto& [m, n] : std::vector<std::array<int, 2>>{{1, 19}, {19, 1}, {1, 1}, {1, 700}}) {
      Case c = make_case(m, n, 0, 0, 0);
      vary(c, way);
      products.check(c);
    }
  }
  for (unsigned way = 0; way < 5; way++) {
    Case c = make_case(5, 19, 0, 0, 0, 2);
    vary(c, way);
    if (way == 4) c.alpha = std::numeric_limits<double>::infinity();
    if (way == 4) {
      const kernels::KernelTable& table = *kernels::available_tables().back();
      float out[5 * 21];
      std::fill(std::begin(out), std::end(out), 1.0f);
      const GemmPlan plan = table.gemm.f32.plan(c.s);
      std::vector<char> scratch(plan.scratch_bytes + 64);
      plan.run(plan, {out, out, out, c.alpha}, 0, scratch.data());
      CHECK(out[0] == 0);
      CHECK(out[4 * 21 + 18] == 0);
      CHECK(out[19] == 1);
    } else {
      products.check(c);
    }
  }
}

TEST_CASE("an empty C has no parts") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CHECK(table->gemm.f32.plan(make_case(0, 5, 3, 0, 0).s).parts == 0);
    CHECK(table->gemm.f32.plan(make_case(5, 0, 3, 0, 0).s).parts == 0);
  }
}

TEST_CASE_TEMPLATE("NaN and infinity spread as IEEE says, through zeros too", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  std::mt19937 random(3);
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    const GemmFunctions& gemm = functions<T>(*table);
    for (const auto& [m, n, k] :
         std::vector<std::array<int, 3>>{{1, 1, 1}, {1, 40, 20}, {5, 3, 50}, {20, 35, 33}, {70, 70, 300}}) {
      for (int layout = 0; layout < 4; layout++) {
        Case c = make_case(m, n, k, layout % 2, layout / 2);
        std::vector<T> a(c.a_size, 0), b(c.b_size, 1), out(c.c_size, 7);
        const ptrdiff_t i = between(random, 0, m - 1), p = between(random, 0, k - 1), j = between(random, 0, n - 1);
        T& x = a[static_cast<size_t>(c.a_at + i * c.s.a_row + p * c.s.a_col)];
        T& y = b[static_cast<size_t>(c.b_at + p * c.s.b_row + j * c.s.b_col)];
        const GemmPlan plan = gemm.plan(c.s);
        const auto run = [&] { run_all(plan, {out.data(), a.data() + c.a_at, b.data() + c.b_at}); };
        x = inf;
        run();
        bool right = true;
        for (ptrdiff_t q = 0; q < m * n; q++) right = right && out[static_cast<size_t>(q)] == (q / n == i ? inf : 0);
        CHECK(right);
        x = 0;
        y = nan;  // 0 · NaN is NaN
        run();
        right = true;
        for (ptrdiff_t q = 0; q < m * n; q++) {
          const T got = out[static_cast<size_t>(q)];
          right = right && (q % n == j ? std::isnan(got) : got == 0);
        }
        CHECK(right);
      }
    }
  }
}

TEST_CASE("parts: one below some 5 µs of work, at most 16, cut where weights stay with their threads") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    const GemmFunctions& gemm = table->gemm.f32;
    CHECK(gemm.plan(make_case(4, 16, 2, 0, 0).s).parts == 1);
    CHECK(gemm.plan(make_case(16, 16, 16, 0, 0).s).parts == 1);
    const size_t most = gemm.plan(make_case(2048, 2048, 2048, 0, 0).s).parts;
    CHECK(most == 16);
    CHECK(gemm.plan(make_case(512, 512, 512, 0, 0).s).parts >= 2);
    // A weight's rows are k of its product with a small batch, n of the gradient that goes on, m of its own gradient.
    const GemmPlan forward = gemm.plan(make_case(64, 100, 1000, 0, 0).s);
    CHECK(forward.grid_k == 2);
    CHECK(forward.finish_parts >= 2);
    CHECK(forward.partial_bytes >= 64 * 100 * 4 + 128 * 1024);
    CHECK(gemm.plan(make_case(64, 1000, 100, 0, 1).s).grid_n >= 2);
    const GemmPlan own = gemm.plan(make_case(1000, 100, 64, 1, 0).s);
    CHECK(own.grid_m >= 2);
    CHECK(own.finish_parts == 0);
    CHECK(own.workspace_bytes == 0);
  }
}

TEST_CASE("the products of a step on a few points in the plane take the short ways, not the general one") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    if (std::string_view(table->isa) == "scalar") continue;
    const GemmFunctions& gemm = table->gemm.f32;
    for (const auto& [m, n, k, a, b] : std::vector<std::array<int, 5>>{
             {4, 16, 2, 0, 1}, {4, 1, 16, 0, 1}, {1, 16, 4, 1, 0}, {4, 16, 1, 0, 0}, {16, 2, 4, 1, 0}}) {
      const GemmShape shape = make_case(m, n, k, a, b).s;
      CAPTURE(shape.m * 10000 + shape.n * 100 + shape.k);
      const bool general = gemm.plan(shape).run == gemm.run;
      CHECK(!general);
    }
  }
}

TEST_CASE("one row times a long matrix needs little scratch, however many its terms, at every ISA level") {
  const auto check = [](const auto& plan) {
    for (const ptrdiff_t n : {1, 2, 10, 16, 64, 513, 700}) {
      for (const ptrdiff_t k : {20000, 60000, 1000000}) {
        for (const int layout : {0, 1}) {
          CAPTURE(layout);
          CAPTURE(n * 10000000 + k);
          CHECK(plan(make_case(1, n, k, 0, layout).s).scratch_bytes <= 1 << 20);
        }
      }
    }
  };
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    check(table->gemm.f32.plan);
    check(table->gemm.f64.plan);
  }
  for (const int bytes : {4, 8}) {  // also of levels that this CPU lacks
    for (const kernels::GemmTraits& traits :
         {kernels::tile_traits<simd::Scalar>(bytes, 1), kernels::tile_traits<simd::Avx2>(bytes, 32 / bytes),
          kernels::tile_traits<simd::Avx512>(bytes, 64 / bytes),
          kernels::tile_traits<simd::Avx512>(bytes, 64 / bytes, 2048 * 1024),
          kernels::tile_traits<simd::Neon>(bytes, 16 / bytes)}) {
      CAPTURE(bytes);
      CAPTURE(traits.lanes);
      check([&](const GemmShape& shape) { return kernels::choose_gemm(shape, traits); });
    }
  }
}

TEST_CASE_TEMPLATE("a hook's block holds the rows of a tile, also of a last part with fewer rows", P, float, double) {
  Products<P> products;
  for (ptrdiff_t m = 26; m <= 130; m += every_nth() > 1 ? 32 : 4) {
    for (const ptrdiff_t n : {320, 416}) {
      Case c = make_case(m, n, 130, 0, 0);
      products.check(c);
    }
  }
}

TEST_CASE("what decides bits does not depend on the machine's cache") {
  std::mt19937 random(5);
  const auto any = [&](int most) { return std::uniform_int_distribution<ptrdiff_t>(1, most)(random); };
  for (int i = 0; i < 2000; i++) {
    const int most = i % 2 == 0 ? 300 : 3000;
    const ptrdiff_t m = any(most), n = any(most), k = any(most);
    const bool a_lies_transposed = i % 3 == 1, b_lies_transposed = i % 5 == 1;
    GemmShape shape{};
    shape.m = m, shape.n = n, shape.k = k, shape.c_row = n;
    shape.a_row = a_lies_transposed ? 1 : k, shape.a_col = a_lies_transposed ? m : 1;
    shape.b_row = b_lies_transposed ? 1 : n, shape.b_col = b_lies_transposed ? k : 1;
    const GemmPlan usual = kernels::choose_gemm(shape, kernels::tile_traits<simd::Avx512>(4, 16));
    const GemmPlan large = kernels::choose_gemm(shape, kernels::tile_traits<simd::Avx512>(4, 16, 2048 * 1024));
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    REQUIRE(usual.parts == large.parts);
    REQUIRE(usual.grid_k == large.grid_k);
    REQUIRE(usual.k_step == large.k_step);
    REQUIRE(usual.pieces == large.pieces);
    for (int piece = 0; piece < usual.pieces; piece++) {
      REQUIRE(usual.piece[piece].method == large.piece[piece].method);
      REQUIRE(usual.piece[piece].across == large.piece[piece].across);
      REQUIRE(usual.piece[piece].n1 == large.piece[piece].n1);
    }
  }
}
