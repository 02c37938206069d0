// How a product is planned, in two steps: into which parts it is cut (gemm_split.cc), and how a part is computed
// (gemm_choose.cc).
#pragma once
#include <cstddef>

#include "kernels/gemm.h"

namespace gradsmith::kernels {

constexpr ptrdiff_t up(ptrdiff_t x, ptrdiff_t to) { return (x + to - 1) / to * to; }
constexpr ptrdiff_t even_part(ptrdiff_t x, ptrdiff_t parts) { return (x + parts - 1) / parts; }

/// Into how many parts a product that takes so long on one core is cut: a power of two.
ptrdiff_t parts_for(double ns);

/// Chooses the pieces of a part of m x n that holds all ragged columns, into `plan`; returns the cycles they take.
/// Depends on what decides bits only: not on the hook, nor on what else becomes of the sums.
double choose_pieces(const GemmShape& shape, ptrdiff_t m, ptrdiff_t n, const GemmTraits& traits, GemmPlan& plan);

/// Sets the blocks and the scratch of parts that are cut and have their pieces.
void set_blocks(GemmPlan& plan, const GemmTraits& traits);

}  // namespace gradsmith::kernels
