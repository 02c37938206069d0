// Matrix products of every size up to 130, in every layout.
#include <doctest/doctest.h>

#include <algorithm>

#include "gemm_testing.h"

using namespace gradsmith;
using namespace gradsmith::test;

namespace {

/// Around the edges of tiles (14 and 6 rows; 4, 8, 16 and 32 columns) and of what is computed by other ways.
constexpr ptrdiff_t kEdges[] = {1, 2, 13, 15, 32, 33, 100, 130};

}  // namespace

TEST_CASE_TEMPLATE("every size from 1 to 40, in every layout", P, float, double, Bf16, PairedBf16, RoundedBf16) {
  Products<P> products;
  unsigned count = 0;
  // The x87 reference of double is slow: of its triples every third, so that each pair of sizes still occurs; of what
  // is rounded every fifth.
  const ptrdiff_t step = kRounds<P> ? 5 : sizeof(ElementOf<P>) == 4 ? 1 : 3;
  for (ptrdiff_t m = 1; m <= 40; m++) {
    for (ptrdiff_t n = 1; n <= 40; n++) {
      for (ptrdiff_t k = 1 + (m + n) % step; k <= 40; k += step, count++) {
        Case c = make_case(m, n, k, static_cast<int>(count % 5), static_cast<int>(count / 5 % 5), count % 3);
        vary(c, count / 7);
        products.check(c);
      }
    }
  }
}

TEST_CASE_TEMPLATE("square products of every size up to 130, each operand as it is or transposed", P, float, double,
                   Bf16, PairedBf16, RoundedBf16) {
  Products<P> products;
  unsigned count = 0;
  for (ptrdiff_t n = 1; n <= 130; n++) {
    // All four layouts; of long double and of what is rounded one a size, in turn.
    for (int layout = 0; layout < 4; layout++, count++) {
      if (!std::is_same_v<P, float> && layout != n % 4) continue;
      Case c = make_case(n, n, n, layout % 2, layout / 2, count % 2);
      vary(c, count / 3);
      products.check(c);
    }
  }
}

TEST_CASE_TEMPLATE("each dimension from 1 to 130, the others around the edges of tiles", P, float, double, Bf16,
                   PairedBf16, RoundedBf16) {
  Products<P> products;
  // All of float; of the slow reference of double, and of what is rounded, every n-th.
  const unsigned step = kRounds<P> ? 7 : sizeof(ElementOf<P>) == 4 ? 1 : 13;
  unsigned count = 0;
  for (int which = 0; which < 3; which++) {
    for (ptrdiff_t size = 1; size <= 130; size++) {
      for (ptrdiff_t one : kEdges) {
        for (ptrdiff_t other : kEdges) {
          if (count++ % step != 0) continue;
          const ptrdiff_t m = which == 0 ? size : one,
                          n = which == 1   ? size
                              : which == 0 ? one
                                           : other,
                          k = which == 2 ? size : other;
          const unsigned way = count / step;
          Case c = make_case(m, n, k, static_cast<int>(way % 4), static_cast<int>(way / 4 % 4), way % 2);
          vary(c, way / 3);
          products.check(c);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("random shapes, strides, batches and finishes", P, float, double, Bf16, PairedBf16, RoundedBf16) {
  Products<P> products;
  std::mt19937& r = products.random();
  const int rounds = sizeof(ElementOf<P>) == 4 ? 1200 : 400;
  for (int round = 0; round < rounds; round++) {
    const int big = round % 8 == 0 ? 300 : 70;
    const ptrdiff_t batch = round % 3 == 0 ? between(r, 2, 5) : 1;
    const ptrdiff_t m = between(r, 1, big), n = between(r, 1, big), k = between(r, 0, round % 16 == 0 ? 700 : 90);
    Case c = make_case(m, n, k, between(r, 0, 7), between(r, 0, 7), between(r, 0, 4), batch, between(r, 0, 2) == 0,
                       between(r, 0, 1) == 0);
    if (c.a_size > 400000 || c.b_size > 400000 || c.c_size > 400000) continue;
    vary(c, static_cast<unsigned>(between(r, 0, 3)));
    products.check(c);
  }
}
