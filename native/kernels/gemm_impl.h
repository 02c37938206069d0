// A planned product on one ISA level: parts, batches, and the short ways for tiny products. Included by isa/*.cc only.
#pragma once
#include <algorithm>
#include <cstddef>

#include "base/cpu.h"
#include "kernels/gemm.h"
#include "kernels/gemm_loops.h"

namespace gradsmith::kernels {

/// A sum of nothing is 0, whatever alpha is.
template <class T>
T scale_of(const GemmShape& s, const GemmPointers& pointers) {
  return s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);
}

/// The sums over the terms of part `in_k`.
template <class T>
T* partial(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t in_k) {
  return reinterpret_cast<T*>(static_cast<char*>(pointers.workspace) + in_k * plan.partial_bytes);
}

/// A part of the product itself.
template <class T, class Isa, GemmMode kMode>
void run_part(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  const GemmShape& s = plan.shape;
  const auto [m0, m1, n0, n1, k0, k1, first, last, in_k] = part_range(plan, part);
  if (m0 >= m1 || n0 >= n1) return;
  ptrdiff_t from[2], to[2];
  for (int32_t i = 0; i < plan.pieces; i++) {
    from[i] = std::max(n0, plan.piece[i].n0) - n0;
    to[i] = std::min(n1, plan.piece[i].n1) - n0;
  }
  GemmView<T> view{m1 - m0, n1 - n0, k1 - k0, nullptr, s.a_row, s.a_col, nullptr, s.b_row, s.b_col, nullptr};
  if (pointers.b_copy != nullptr) view.b_copy = pointers.b_copy + n0 * s.b_col;
  GemmSink<T> sink{nullptr, s.c_row, scale_of<T>(s, pointers), s.accumulate, false, 0, n0};
  for (ptrdiff_t q = first; q < last; q++) {
    view.a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a) + m0 * s.a_row + k0 * s.a_col;
    view.b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b) + k0 * s.b_row + n0 * s.b_col;
    sink.c = static_cast<T*>(pointers.c) + m0 * s.c_row + n0;
    const BatchOffsets at = batch_offsets(s, q);
    view.a += at.a;
    view.b += at.b;
    sink.c += at.c;
    sink.row0 = q * s.m + m0;
    if (plan.swap) sink.column0 = q * s.n + n0;
    if (plan.grid_k > 1) {
      sink.c = partial<T>(plan, pointers, in_k) + m0 * plan.partial_row + n0;
      sink.c_row = plan.partial_row;
      sink.alpha = 1;
      sink.add = false;
      sink.padded = true;
    }
    GemmRunner<T, Isa, kMode>(plan, pointers, view, sink, scratch).run(from, to);
  }
}

/// A part's share of the panels of B, into the workspace.
template <class T, class Isa, GemmMode kMode>
void pack_shared(const GemmPlan& plan, const GemmPointers& pointers, size_t part) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  const GemmShape& s = plan.shape;
  const ptrdiff_t panels = plan.shared_panel_count(kLanes), columns = plan.piece[0].n1;
  const auto share = static_cast<ptrdiff_t>(part), shares = static_cast<ptrdiff_t>(plan.parts);
  const ptrdiff_t first = panels * share / shares, last = panels * (share + 1) / shares;
  const ptrdiff_t j0 = first * 2 * kLanes, j1 = std::min(columns, last * 2 * kLanes);
  for (ptrdiff_t k0 = 0; k0 < s.k; k0 += plan.kc) {
    const ptrdiff_t k = std::min(plan.kc, s.k - k0);
    const ptrdiff_t panel = panel_elements(entries_of<T, Isa, kMode>(k), kLanes);
    pack_panels<T, Isa, kMode>(static_cast<const T*>(pointers.b) + k0 * s.b_row + j0 * s.b_col, s.b_row, s.b_col,
                               j1 - j0, k, shared_panels<T, Isa, kMode>(plan, pointers, k0) + first * panel, panel);
  }
}

template <class T, class Isa, GemmMode kMode>
void run_gemm(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  if (plan.shares_b) {
    pack_shared<T, Isa, kMode>(plan, pointers, part);
  } else {
    run_part<T, Isa, kMode>(plan, pointers, part, scratch);
  }
}

/// Rows [i0, i1), columns [j0, j1) of C from the partial sums.
template <class T, class Isa>
void finish_block(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0,
                  ptrdiff_t j1, T* block) {
  using V = GemmVec<T, Isa>;
  const GemmShape& s = plan.shape;
  T* c = static_cast<T*>(pointers.c) + i0 * s.c_row + j0;
  T* const to = s.hooked ? block : c;
  const ptrdiff_t to_row = s.hooked ? j1 - j0 : s.c_row;
  const V alpha = V::splat(scale_of<T>(s, pointers));
  const auto distance = plan.partial_bytes / static_cast<ptrdiff_t>(sizeof(T));
  const T* first = partial<T>(plan, pointers, 0) + i0 * plan.partial_row + j0;
  each_vector<V>(first, plan.partial_row, i1 - i0, j1 - j0, to, to_row, [&](const T* from, T* at, size_t n) {
    V x = V::load(from);
    for (int32_t q = 1; q < plan.grid_k; q++) x = x + V::load(from + q * distance);
    x = x * alpha;
    store_lanes(s.accumulate ? load_lanes<V>(at, n) + x : x, at, n);
  });
  if (s.hooked) hand_over(plan, pointers, i0, i1, j0, j1, block, j1 - j0);
}

/// A part of the second phase.
template <class T, class Isa, GemmMode kMode>
void finish_gemm(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  if (plan.shares_b) return run_part<T, Isa, kMode>(plan, pointers, part, scratch);
  const GemmShape& s = plan.shape;
  const ptrdiff_t top = std::min(s.m, static_cast<ptrdiff_t>(part) * plan.finish_step);
  const ptrdiff_t bottom = std::min(s.m, top + plan.finish_step);
  for (ptrdiff_t i = top; i < bottom; i += plan.finish_rows) {
    for (ptrdiff_t j = 0; j < s.n; j += plan.finish_columns) {
      finish_block<T, Isa>(plan, pointers, i, std::min(bottom, i + plan.finish_rows), j,
                           std::min(s.n, j + plan.finish_columns), static_cast<T*>(scratch));
    }
  }
}

/// All of C by tiles as wide as C, one below the other, A in place; B in place or as one packed panel.
template <class T, class Isa>
void run_one_panel(const GemmPlan& plan, const GemmPointers& pointers, size_t, void* scratch) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  const GemmShape& s = plan.shape;
  const int vectors = plan.kernel_vectors;
  const T* a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a);
  TileArgs<T> args;
  args.a_row = s.a_row;
  args.a_col = s.a_col;
  args.b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b);
  args.b_row = s.b_row;
  args.k = s.k;
  args.last = args.to_last = static_cast<size_t>(plan.kernel_last);
  if (plan.piece[0].pack_b) {
    T* const panel = static_cast<T*>(scratch);
    pack_columns<T, Isa, GemmMode::kPlain>(args.b, s.b_row, s.b_col, s.n, s.k, panel, vectors);
    args.b = panel;
    args.b_row = vectors * kLanes;
    args.last = static_cast<size_t>(kLanes);
  }
  args.next_b = args.b;
  args.from = nullptr;
  args.alpha = scale_of<T>(s, pointers);
  args.add = s.accumulate;
  args.to_row = s.hooked ? s.n : s.c_row;  // a buffer without gaps; n is whole vectors where rows are stored so
  alignas(64) T sums[TileShape<Isa>::kMaxAccumulators * kLanes];
  const auto tiles = [&](ptrdiff_t i, int rows, TileFn<T> tile) {
    args.a = args.next_a = a + i * s.a_row;
    args.to = s.hooked ? sums : static_cast<T*>(pointers.c) + i * s.c_row;
    args.next_c = args.to;
    tile(args);
    if (s.hooked) hand_over(plan, pointers, i, i + rows, 0, s.n, sums, args.to_row);
  };
  if (plan.kernel != nullptr) return tiles(0, static_cast<int>(s.m), reinterpret_cast<TileFn<T>>(plan.kernel));
  for_tile_rows<Isa>(s.m, [&](ptrdiff_t i, int rows) { tiles(i, rows, tile_kernel<T, Isa>(args, rows, vectors)); });
}

/// A part's rows and columns by tiles, A and B in place, all terms at once: what GemmRunner does, without the ways that
/// it has beside it. They take half as long as a tile of 64 terms.
template <class T, class Isa>
void run_in_place(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  const GemmShape& s = plan.shape;
  const PartRange range = part_range(plan, part);
  const ptrdiff_t m0 = range.m0, m = range.m1 - m0, n0 = range.n0, n = range.n1 - n0;
  const T* const a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a) + m0 * s.a_row;
  const T* const b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b) + n0 * s.b_col;
  T* const block = static_cast<T*>(scratch);  // the product packs nothing
  TileArgs<T> args;
  args.a_row = s.a_row;
  args.a_col = s.a_col;
  args.b_row = s.b_row;
  args.k = s.k;
  args.from = nullptr;
  args.alpha = scale_of<T>(s, pointers);
  args.add = s.accumulate;
  args.to_row = s.hooked ? plan.kept_row : s.c_row;
  for_tile_rows<Isa>(m, [&](ptrdiff_t i, int rows) {
    args.a = a + i * s.a_row;
    args.to = s.hooked ? block : static_cast<T*>(pointers.c) + (m0 + i) * s.c_row + n0;
    const T* const next_row = i + rows < m ? args.a + rows * s.a_row : args.a;
    ptrdiff_t end;
    for (ptrdiff_t j = 0; j < n; j = end) {
      const int vectors = panel_vectors<T, Isa>(n - j, most_vectors<Isa>(rows), false, m);
      const ptrdiff_t width = vectors * kLanes, tiles = std::max<ptrdiff_t>(1, (n - j) / width);
      end = j + tiles * width;
      args.further = tiles - 1;
      args.b_apart = width;
      args.last = args.to_last = static_cast<size_t>(std::min(kLanes, n - j - width + kLanes));
      args.b = b + j;
      args.next_a = end < n ? args.a : next_row;
      args.next_b = end < n ? b + end : b;
      args.next_c = args.to;
      tile_kernel<T, Isa>(args, rows, vectors)(args);
      args.to += width;
    }
    if (s.hooked) hand_over(plan, pointers, m0 + i, m0 + i + rows, n0, n0 + n, block, plan.kept_row);
  });
}

/// C of two columns without gaps, few rows: both columns by vectors along m, A in place, and joined as they are stored.
/// The sums are a tile's.
template <class T, class Isa>
void run_two_columns(const GemmPlan& plan, const GemmPointers& pointers, size_t, void*) {
  using V = GemmVec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  const GemmShape& s = plan.shape;
  const V alpha = V::splat(scale_of<T>(s, pointers));
  for (ptrdiff_t i = 0; i < s.m; i += kLanes) {
    const T* a = static_cast<const T*>(pointers.a) + i;
    const T* b = static_cast<const T*>(pointers.b);
    V left = V::zero(), right = V::zero();
    for (ptrdiff_t k = 0; k < s.k; k++, a += s.a_col, b += s.b_row) {
      const V x = V::load(a);
      left = MultiplyAdd<Isa>::run(V::splat(b[0]), x, left);
      right = MultiplyAdd<Isa>::run(V::splat(b[s.b_col]), x, right);
    }
    V first, second;
    Pairs<T, Isa>::join(left * alpha, right * alpha, first, second);
    T* const c = static_cast<T*>(pointers.c) + 2 * i;
    if (s.accumulate) {
      first = V::load(c) + first;
      second = V::load(c + kLanes) + second;
    }
    first.store(c);
    second.store(c + kLanes);
  }
}

/// All of C by one block of dot products, A and B in place.
template <class T, class Isa>
void run_one_dot(const GemmPlan& plan, const GemmPointers& pointers, size_t, void*) {
  const GemmShape& s = plan.shape;
  constexpr ptrdiff_t kRow = std::max<ptrdiff_t>(GemmVec<T, Isa>::kLanes, kDotColumns);
  alignas(64) T sums[8 * kRow];
  reinterpret_cast<DotFn<T>>(plan.kernel)(static_cast<const T*>(plan.swap ? pointers.b : pointers.a), s.a_row,
                                          static_cast<const T*>(plan.swap ? pointers.a : pointers.b), s.b_col, s.k,
                                          sums, kRow);
  const T alpha = scale_of<T>(s, pointers);
  if (!s.hooked) {
    return scale<T, Isa>(sums, kRow, s.m, s.n, alpha, s.accumulate, static_cast<T*>(pointers.c), s.c_row);
  }
  if (alpha != T(1)) scale<T, Isa>(sums, kRow, s.m, s.n, alpha, false, sums, kRow);
  hand_over(plan, pointers, 0, s.m, 0, s.n, sums, kRow);
}

/// Most tiles that run_one_panel is for: beyond them the general way costs nothing that shows, and fetches ahead.
inline constexpr ptrdiff_t kFewTiles = 4;

template <class T, class Isa, GemmMode kMode>
GemmTraits gemm_traits() {
  return tile_traits<Isa>(static_cast<int32_t>(sizeof(T)), static_cast<int32_t>(GemmVec<T, Isa>::kLanes),
                          second_level_bytes(), static_cast<int32_t>(Entries<T, Isa, kMode>::kTerms),
                          kMode != GemmMode::kPlain);
}

template <class T, class Isa, GemmMode kMode>
GemmPlan plan_gemm(const GemmShape& shape) {
  using Shape = TileShape<Isa>;
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  GemmPlan plan = choose_gemm(shape, gemm_traits<T, Isa, kMode>());
  plan.run = &run_gemm<T, Isa, kMode>;
  plan.finish = &finish_gemm<T, Isa, kMode>;
  const GemmShape& s = plan.shape;
  const GemmPiece& p = plan.piece[0];
  if constexpr (kMode != GemmMode::kPlain) {
    if (takes_copy(plan)) {
      plan.copied_row = copied_row<Isa, kMode>(s.k);
      plan.copied_at = plan.scratch_bytes;
      plan.scratch_bytes += (static_cast<size_t>(plan.m_step * plan.copied_row) * sizeof(T) + 63) / 64 * 64;
    }
  }
  if (plan.pieces != 1 || plan.batch_count != 1) return plan;
  if constexpr (kMode == GemmMode::kPlain) {
    if (p.method == GemmMethod::kTiles && !p.across && !p.pack_a && !p.pack_b && !p.streams && s.k <= plan.kc &&
        plan.grid_k == 1 && plan.n_step <= plan.nc && (s.n % kLanes == 0 || Shape::kMaskedLoads)) {
      plan.run = &run_in_place<T, Isa>;
      if (s.hooked) {  // whose rows go to the hook by tiles: a part's last ones may be cut otherwise than blocks are
        const ptrdiff_t block = Shape::kMaxRows * plan.kept_row + kLanes;
        plan.scratch_bytes = std::max(plan.scratch_bytes, (static_cast<size_t>(block) * sizeof(T) + 63) / 64 * 64);
      }
    }
  }
  if (plan.parts != 1) return plan;
  if constexpr (kMode == GemmMode::kPlain && Pairs<T, Isa>::kHas) {
    if (p.method == GemmMethod::kTiles && s.n == 2 && s.c_row == 2 && s.a_row == 1 && s.m % kLanes == 0 &&
        s.m <= kFewTiles * Shape::kMaxRows && s.k <= plan.kc && !s.hooked && !plan.swap) {
      plan.run = &run_two_columns<T, Isa>;
      return plan;
    }
  }
  if (p.across || p.pack_a || p.streams) return plan;
  if (p.method == GemmMethod::kDots) {
    if (p.pack_b || s.n > kDotColumns || s.m > dot_rows(Shape::kManyRegisters, static_cast<int>(s.n))) return plan;
    plan.kernel = reinterpret_cast<void (*)()>(dot_kernel<T, Isa, kMode>(static_cast<int>(s.m), static_cast<int>(s.n)));
    plan.run = &run_one_dot<T, Isa>;
    plan.copied_row = 0;  // that one reads B itself
    return plan;
  }
  if constexpr (kMode == GemmMode::kPlain) {
    const ptrdiff_t vectors = (s.n + kLanes - 1) / kLanes;
    const bool ragged = s.n % kLanes != 0;
    if (s.m > kFewTiles * Shape::kMaxRows || vectors > most_vectors<Isa>(std::min<ptrdiff_t>(s.m, Shape::kMaxRows)) ||
        (vectors & (vectors - 1)) != 0 || s.k > plan.kc || (ragged && !Shape::kMaskedLoads)) {
      return plan;
    }
    plan.kernel_vectors = static_cast<int>(vectors);
    plan.kernel_last = static_cast<int32_t>(s.n - (vectors - 1) * kLanes);
    if (s.m <= Shape::kMaxRows) {
      TileArgs<T> args;
      args.a_row = s.a_row;
      args.last = static_cast<size_t>(p.pack_b ? kLanes : plan.kernel_last);
      plan.kernel = reinterpret_cast<void (*)()>(tile_kernel<T, Isa>(args, static_cast<int>(s.m), plan.kernel_vectors));
    }
    plan.run = &run_one_panel<T, Isa>;
  }
  return plan;
}

template <class T, class Isa, GemmMode kMode>
GemmFunctions make_gemm_functions() {
  return {gemm_traits<T, Isa, kMode>(), &plan_gemm<T, Isa, kMode>, &run_gemm<T, Isa, kMode>};
}

template <class Isa>
GemmKernels make_gemm() {
  const GemmFunctions rounded = make_gemm_functions<float, Isa, GemmMode::kRounded>();
  return {make_gemm_functions<float, Isa, GemmMode::kPlain>(),
          make_gemm_functions<double, Isa, GemmMode::kPlain>(),
          rounded,
          rounded,
          rounded,
          &round_elements<Isa>};
}

}  // namespace gradsmith::kernels
