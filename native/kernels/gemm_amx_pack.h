// Operands as AMX's tiles read them, rounded to bfloat16: panels of 32 rows of A or columns of B with all their terms,
// for every 32 terms two tiles of 1 KiB, one after the other. A row of a tile of A has the terms of a row side by side,
// one of B two terms of each of 16 columns. Terms that do not exist are 0 on both sides. Included by gemm_amx.h only.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_pairs_avx512.h"
// (first, for its care about the intrinsics' warnings)
#include "kernels/gemm_choose.h"
#include "kernels/gemm_entries.h"
#include "kernels/gemm_transpose.h"

namespace gradsmith::kernels {

/// Rows or columns of a tile, and of a panel; terms of a tile; elements of a tile, and of a panel's step.
inline constexpr ptrdiff_t kAmxSide = 16, kAmxPanel = 32, kAmxTerms = 32, kAmxTile = 256, kAmxStep = 512;

constexpr ptrdiff_t amx_panels(ptrdiff_t lanes) { return even_part(lanes, kAmxPanel); }
constexpr ptrdiff_t amx_steps(ptrdiff_t k) { return even_part(k, kAmxTerms); }
/// Elements of a panel of k terms.
constexpr ptrdiff_t amx_panel(ptrdiff_t k) { return amx_steps(k) * kAmxStep; }

/// A tile from `lanes` rows of A or columns of B (`lane` elements apart) and `terms` of their terms (`term` apart).
template <class Isa, bool kOfA>
void pack_amx_tile(const float* from, ptrdiff_t lane, ptrdiff_t term, ptrdiff_t lanes, ptrdiff_t terms, float* to) {
  using E = Entries<float, simd::Avx512Bf16, GemmMode::kPaired>;
  using V = E::V;
  V rows[kAmxSide];
  const bool by_lanes = term == 1 || lane != 1;  // a row is a lane; else a pair of terms
  for (ptrdiff_t i = 0; i < kAmxSide; i++) {
    rows[i] = V::zero();
    if (term == 1) {
      if (i < lanes) {
        rows[i] =
            terms == kAmxTerms ? E::along(from + i * lane) : E::along(from + i * lane, static_cast<size_t>(terms));
      }
    } else if (lane == 1) {
      const ptrdiff_t left = std::min<ptrdiff_t>(2, terms - 2 * i);
      const float* const at = from + 2 * i * term;
      if (left > 0) {
        rows[i] = left == 2 && lanes == kAmxSide ? E::across(at, term)
                                                 : E::across(at, term, static_cast<size_t>(lanes), left);
      }
    } else if (i < lanes) {
      alignas(64) float pairs[kAmxSide] = {};
      for (ptrdiff_t p = 0; 2 * p < terms; p++) {
        pairs[p] = E::one(from + i * lane + 2 * p * term, term, std::min<ptrdiff_t>(2, terms - 2 * p));
      }
      rows[i] = V::load(pairs);
    }
  }
  if (by_lanes != kOfA) Transposer<float, simd::Avx512>::run(rows);
  for (ptrdiff_t i = 0; i < kAmxSide; i++) rows[i].store(to + i * kAmxSide);
}

/// A panel of up to 32 lanes. A tile of no lanes is left out: none reads it.
template <class Isa, bool kOfA>
void pack_amx_panel(const float* from, ptrdiff_t lane, ptrdiff_t term, ptrdiff_t lanes, ptrdiff_t k, float* to) {
  for (ptrdiff_t p = 0; p < k; p += kAmxTerms, from += kAmxTerms * term, to += kAmxStep) {
    const ptrdiff_t terms = std::min(kAmxTerms, k - p);
    pack_amx_tile<Isa, kOfA>(from, lane, term, std::min(kAmxSide, lanes), terms, to);
    if (lanes > kAmxSide) {
      pack_amx_tile<Isa, kOfA>(from + kAmxSide * lane, lane, term, lanes - kAmxSide, terms, to + kAmxTile);
    }
  }
}

/// Panels [first, last) of columns of B, from its start on, into `to`.
template <class Isa>
void pack_amx_columns(const GemmShape& s, const float* b, ptrdiff_t first, ptrdiff_t last, float* to) {
  for (ptrdiff_t j = first * kAmxPanel; first < last; first++, j += kAmxPanel, to += amx_panel(s.k)) {
    pack_amx_panel<Isa, false>(b + j * s.b_col, s.b_col, s.b_row, std::min(kAmxPanel, s.n - j), s.k, to);
  }
}

}  // namespace gradsmith::kernels
