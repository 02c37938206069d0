// A planned product on one ISA level: parts, batches, and the short ways for tiny products. Included by isa/*.cc only.
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>

#include "kernels/gemm.h"
#include "kernels/gemm_loops.h"

namespace gradsmith::kernels {

/// Rows [m0, m1) and columns [n0, n1) of one product.
template <class T, class Isa>
void run_piece(const GemmShape& s, const GemmPiece& piece, const T* a, const T* b, T* c, const T* bias, T alpha,
               ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1, T* scratch) {
  GemmView<T> g{m1 - m0,
                n1 - n0,
                s.k,
                a + m0 * s.a_row,
                s.a_row,
                s.a_col,
                b + n0 * s.b_col,
                s.b_row,
                s.b_col,
                c + m0 * s.c_row + n0,
                s.c_row,
                bias ? bias + n0 : nullptr,
                alpha,
                s.accumulate,
                s.activation,
                piece.across};
  if (piece.across) {
    std::swap(g.m, g.n);
    std::swap(g.a, g.b);
    std::swap(g.a_row, g.b_col);
    std::swap(g.a_col, g.b_row);
  }
  const GemmRunner<T, Isa> runner{g};
  if (piece.method == GemmMethod::kDots) {
    runner.dots(piece, scratch);
  } else {
    runner.tiles(piece, scratch);
  }
}

template <class T, class Isa>
void run_gemm(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  const GemmShape& s = plan.shape;
  const auto p = static_cast<ptrdiff_t>(part);
  const ptrdiff_t in_n = p % plan.grid_n, in_m = p / plan.grid_n % plan.grid_m,
                  in_batch = p / plan.grid_n / plan.grid_m;
  const ptrdiff_t m0 = std::min(s.m, in_m * plan.m_step), m1 = std::min(s.m, m0 + plan.m_step);
  const ptrdiff_t n0 = std::min(s.n, in_n * plan.n_step), n1 = std::min(s.n, n0 + plan.n_step);
  if (m0 >= m1 || n0 >= n1) return;
  const ptrdiff_t first = plan.batch_count * in_batch / plan.grid_batch;
  const ptrdiff_t last = plan.batch_count * (in_batch + 1) / plan.grid_batch;
  const T alpha = s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);  // a sum of nothing is 0, whatever alpha is
  for (ptrdiff_t q = first; q < last; q++) {
    const T* a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a);
    const T* b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b);
    T* c = static_cast<T*>(pointers.c);
    ptrdiff_t rest = q;
    for (int32_t d = s.batch_rank - 1; d >= 0; d--) {
      const ptrdiff_t index = rest % s.batch_dims[d];
      rest /= s.batch_dims[d];
      a += index * s.a_batch[d];
      b += index * s.b_batch[d];
      c += index * s.c_batch[d];
    }
    for (int32_t i = 0; i < plan.pieces; i++) {
      const GemmPiece& piece = plan.piece[i];
      const ptrdiff_t from = std::max(n0, piece.n0), to = std::min(n1, piece.n1);
      if (from >= to) continue;
      run_piece<T, Isa>(s, piece, a, b, c, static_cast<const T*>(pointers.bias), alpha, m0, m1, from, to,
                        static_cast<T*>(scratch));
    }
  }
}

/// All of C by one register tile, A and B in place.
template <class T, class Isa>
void run_one_tile(const GemmPlan& plan, const GemmPointers& pointers, size_t, void*) {
  constexpr ptrdiff_t kLanes = simd::Vec<T, Isa>::kLanes;
  const GemmShape& s = plan.shape;
  const auto kernel = reinterpret_cast<TileFn<T>>(plan.kernel);
  TileArgs<T> args;
  args.a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a);
  args.a_row = s.a_row;
  args.a_col = s.a_col;
  args.b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b);
  args.b_row = s.b_row;
  args.k = s.k;
  args.last = static_cast<size_t>(plan.kernel_last);
  args.c = static_cast<T*>(pointers.c);
  args.c_row = s.c_row;
  args.alpha = s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);
  args.add = s.accumulate;
  args.raw = nullptr;
  if (plan.kernel_last == kLanes && !s.bias && s.activation == Activation::kNone) return kernel(args);
  alignas(64) T sums[TileShape<Isa>::kMaxAccumulators * kLanes];
  args.raw = sums;
  kernel(args);
  finish<T, Isa>(sums, plan.kernel_vectors * kLanes, s.m, s.n,
                 {args.alpha, s.accumulate, static_cast<const T*>(pointers.bias), s.activation}, args.c, s.c_row);
}

/// All of C by one block of dot products, A and B in place.
template <class T, class Isa>
void run_one_dot(const GemmPlan& plan, const GemmPointers& pointers, size_t, void*) {
  const GemmShape& s = plan.shape;
  constexpr ptrdiff_t kRow = std::max<ptrdiff_t>(simd::Vec<T, Isa>::kLanes, kDotColumns);
  alignas(64) T sums[8 * kRow];
  const T alpha = s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);
  reinterpret_cast<DotFn<T>>(plan.kernel)(static_cast<const T*>(plan.swap ? pointers.b : pointers.a), s.a_row,
                                          static_cast<const T*>(plan.swap ? pointers.a : pointers.b), s.b_col, s.k,
                                          sums, kRow);
  finish<T, Isa>(sums, kRow, s.m, s.n, {alpha, s.accumulate, static_cast<const T*>(pointers.bias), s.activation},
                 static_cast<T*>(pointers.c), s.c_row);
}

template <class T, class Isa>
GemmTraits gemm_traits() {
  using Shape = TileShape<Isa>;
  return {static_cast<int32_t>(sizeof(T)),
          static_cast<int32_t>(simd::Vec<T, Isa>::kLanes),
          Shape::kMaxRows,
          Shape::kMidRows,
          Shape::kLowRows,
          Shape::kMaskedLoads};
}

template <class T, class Isa>
GemmPlan plan_gemm(const GemmShape& shape) {
  using Shape = TileShape<Isa>;
  constexpr ptrdiff_t kLanes = simd::Vec<T, Isa>::kLanes;
  GemmPlan plan = choose_gemm(shape, gemm_traits<T, Isa>());
  plan.run = &run_gemm<T, Isa>;
  const GemmShape& s = plan.shape;
  const GemmPiece& p = plan.piece[0];
  if (plan.parts != 1 || plan.pieces != 1 || plan.batch_count != 1 || p.across || p.pack_a || p.pack_b) return plan;
  if (p.method == GemmMethod::kDots) {
    if (s.n > kDotColumns || s.m > dot_rows(static_cast<int>(s.n))) return plan;
    plan.kernel = reinterpret_cast<void (*)()>(dot_kernel<T, Isa>(static_cast<int>(s.m), static_cast<int>(s.n)));
    plan.run = &run_one_dot<T, Isa>;
    return plan;
  }
  const ptrdiff_t vectors = (s.n + kLanes - 1) / kLanes;
  const bool ragged = s.n % kLanes != 0;
  if (s.m > Shape::kMaxRows || vectors > GemmRunner<T, Isa>::most_vectors(s.m) || (vectors & (vectors - 1)) != 0 ||
      s.k > p.kc || (ragged && !Shape::kMaskedLoads)) {
    return plan;
  }
  const auto rows = static_cast<int>(s.m), width = static_cast<int>(vectors);
  plan.kernel_vectors = width;
  plan.kernel_last = static_cast<int32_t>(s.n - (vectors - 1) * kLanes);
  plan.kernel = reinterpret_cast<void (*)()>(s.a_row == 1 ? tile_kernel<T, Isa, true>(rows, width)
                                                          : tile_kernel<T, Isa, false>(rows, width));
  plan.run = &run_one_tile<T, Isa>;
  return plan;
}

template <class T, class Isa>
GemmFunctions make_gemm_functions() {
  return {gemm_traits<T, Isa>(), &plan_gemm<T, Isa>, &run_gemm<T, Isa>};
}

template <class Isa>
GemmKernels make_gemm() {
  return {make_gemm_functions<float, Isa>(), make_gemm_functions<double, Isa>()};
}

}  // namespace gradsmith::kernels
