// What the loops of a part of a product work on: operands, where sums go, and which block of all that is in turn.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/gemm.h"
#include "kernels/gemm_entries.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// One part of one product. Element (i, p) of A is a[i·a_row + p·a_col], and so on.
template <class T>
struct GemmView {
  ptrdiff_t m, n, k;
  const T* a;
  ptrdiff_t a_row, a_col;
  const T* b;
  ptrdiff_t b_row, b_col;
  const uint16_t* b_copy;  // instead of b, if given
};

/// Where the part's sums go.
template <class T>
struct GemmSink {
  T* c;  // of the part's first element
  ptrdiff_t c_row;
  T alpha;
  bool add;                 // to C
  bool padded;              // C's rows are whole vectors: nothing to spare behind a ragged end
  ptrdiff_t row0, column0;  // the part's first, in the hook's terms
};

/// Rows [i0, i1), columns [j0, j1) and terms [k0, k0 + k) of a part.
struct GemmBlock {
  ptrdiff_t i0, i1, j0, j1, k0, k;
  ptrdiff_t top;      // the first row of those whose sums wait together
  bool packed;        // these columns and terms of B, for rows above `top`
  bool single;        // one row of tiles is all that uses them
  bool first, final;  // of the blocks of terms
};

/// Rows [m0, m1), columns [n0, n1), terms [k0, k1) and products [first, last) of a batch that are a part's; empty where
/// the grid reaches beyond the shape.
struct PartRange {
  ptrdiff_t m0, m1, n0, n1, k0, k1, first, last;
  ptrdiff_t in_k;  // which of the cuts of k
};
GRADSMITH_INLINE PartRange part_range(const GemmPlan& plan, size_t part) {
  const GemmShape& s = plan.shape;
  const auto grid_n = static_cast<uint32_t>(plan.grid_n), grid_m = static_cast<uint32_t>(plan.grid_m),
             grid_batch = static_cast<uint32_t>(plan.grid_batch);
  auto p = static_cast<uint32_t>(part);
  const ptrdiff_t in_n = p % grid_n;
  p /= grid_n;
  const ptrdiff_t in_m = p % grid_m;
  p /= grid_m;
  const ptrdiff_t in_batch = p % grid_batch, in_k = p / grid_batch;
  PartRange r;
  r.m0 = std::min(s.m, in_m * plan.m_step), r.m1 = std::min(s.m, r.m0 + plan.m_step);
  r.n0 = std::min(s.n, in_n * plan.n_step), r.n1 = std::min(s.n, r.n0 + plan.n_step);
  r.k0 = std::min(s.k, in_k * plan.k_step), r.k1 = std::min(s.k, r.k0 + plan.k_step);
  r.first = plan.batch_count * in_batch / plan.grid_batch;
  r.last = plan.batch_count * (in_batch + 1) / plan.grid_batch;
  r.in_k = in_k;
  return r;
}

/// Elements from the operands' starts to those of the q-th product of a batch.
struct BatchOffsets {
  ptrdiff_t a = 0, b = 0, c = 0;
};
GRADSMITH_INLINE BatchOffsets batch_offsets(const GemmShape& s, ptrdiff_t q) {
  BatchOffsets at;
  for (int32_t d = s.batch_rank - 1; d >= 0; d--) {
    const ptrdiff_t index = q % s.batch_dims[d];
    q /= s.batch_dims[d];
    at.a += index * s.a_batch[d];
    at.b += index * s.b_batch[d];
    at.c += index * s.c_batch[d];
  }
  return at;
}

/// Rows [i0, i1), columns [j0, j1) to the hook. Where A and B have changed places, C is a column, of which the block is
/// a row.
GRADSMITH_INLINE void hand_over(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t i0, ptrdiff_t i1,
                                ptrdiff_t j0, ptrdiff_t j1, void* block, ptrdiff_t block_row) {
  if (plan.swap) return pointers.hook(pointers.context, j0, j1, 0, 1, block, 1);
  pointers.hook(pointers.context, i0, i1, j0, j1, block, block_row);
}

/// The panels of the terms from k0 on, which all parts share.
template <class T, class Isa, GemmMode kMode>
T* shared_panels(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t k0) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  const ptrdiff_t panel = panel_elements(entries_of<T, Isa, kMode>(plan.kc), kLanes);
  return static_cast<T*>(pointers.workspace) + k0 / plan.kc * plan.shared_panel_count(kLanes) * panel;
}

}  // namespace gradsmith::kernels
