// Products of operands rounded to bfloat16 by AMX, whose tiles of 16 x 16 sums take 32 terms an instruction: sixteen
// times what FMAs do. Included by isa/gemm_avx512amx.cc only.
//
// Operands are packed into panels (gemm_amx_pack.h). What several parts read is packed in a phase of its own: A, and B
// where parts are cut along m. Else a part packs its columns of B itself, a block at a time, so that they are in L2
// when they are multiplied, and the next block's are on their way from L3 meanwhile. Panels are read from front to
// back, and 32 x 32 sums stay in tiles until all terms are added, so a sum's order is that of its terms, whatever the
// parts. Products that are too thin to pay for packing are those of VDPBF16PS.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/gemm_amx_pack.h"
// (first, for its care about the intrinsics' warnings)
#include "base/cpu.h"
#include "kernels/gemm_choose.h"
#include "kernels/gemm_finish.h"
#include "kernels/gemm_part.h"
#include "kernels/isa/tables.h"

namespace gradsmith::kernels {

template <>
struct GemmRegisters<simd::Avx512Amx> {
  using Tag = simd::Avx512;
};

/// Columns whose sums are finished together.
inline constexpr ptrdiff_t kAmxColumns = 128;
/// Panels of B that are read again and again, or those of A and two small blocks of B's, stay in L2; what is asked for
/// ahead is no more either; all panels together are no more than this.
inline constexpr ptrdiff_t kAmxBlockBytes = 1024 * 1024, kAmxMostBytes = 256 * 1024 * 1024;
/// Terms of a product, and products for each row or column of panels, that pay for packing.
inline constexpr ptrdiff_t kAmxLeast = 16 * 1024, kAmxReuse = 9;
/// Cycles to pack an element, and to finish one of C.
inline constexpr double kAmxPackCycles = 0.35, kAmxFinishCycles = 0.5, kAmxNsPerCycle = 0.36;

/// The palette's shape of all eight tiles: 16 rows of 64 bytes.
struct alignas(64) AmxShape {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t column_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Where the panels of the q-th product of a batch begin: A's, then B's.
template <class Isa>
float* amx_panels_of(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t q) {
  return reinterpret_cast<float*>(static_cast<char*>(pointers.workspace) + q * plan.partial_bytes);
}

/// Does each part pack its columns of B itself?
inline bool packs_own_columns(const GemmPlan& plan) { return plan.grid_m == 1; }

/// The first phase: a part's share of the panels that all parts read.
template <class Isa>
void pack_amx(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void*) {
  const GemmShape& s = plan.shape;
  const ptrdiff_t rows = amx_panels(s.m), columns = packs_own_columns(plan) ? 0 : amx_panels(s.n),
                  each = rows + columns, all = plan.batch_count * each;
  const auto share = static_cast<ptrdiff_t>(part), shares = static_cast<ptrdiff_t>(plan.parts);
  for (ptrdiff_t u = all * share / shares; u < all * (share + 1) / shares; u++) {
    const ptrdiff_t q = u / each, panel = u % each;
    const BatchOffsets at = batch_offsets(s, q);
    float* const to = amx_panels_of<Isa>(plan, pointers, q) + panel * amx_panel(s.k);
    if (panel < rows) {
      const ptrdiff_t i = panel * kAmxPanel;
      pack_amx_panel<Isa, true>(static_cast<const float*>(pointers.a) + at.a + i * s.a_row, s.a_row, s.a_col,
                                std::min(kAmxPanel, s.m - i), s.k, to);
    } else {
      pack_amx_columns<Isa>(s, static_cast<const float*>(pointers.b) + at.b, panel - rows, panel - rows + 1, to);
    }
  }
}

/// Lines of a matrix that are asked for bit by bit, to be in L2 when they are wanted.
class AmxAhead {
 public:
  AmxAhead() = default;
  /// `rows` rows of so many floats, in so many portions.
  AmxAhead(const float* at, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t floats, ptrdiff_t portions)
      : at_(reinterpret_cast<const char*>(at)),
        row_bytes_(row * static_cast<ptrdiff_t>(sizeof(float))),
        rows_(rows),
        lines_(even_part(floats, 16)),
        portion_(even_part(rows * lines_, portions)) {}

  GRADSMITH_INLINE void portion() {
    for (ptrdiff_t n = portion_; n > 0 && rows_ > 0; n--) {
      __builtin_prefetch(at_ + line_ * 64, 0, 2);
      if (++line_ < lines_) continue;
      line_ = 0, rows_--, at_ += row_bytes_;
    }
  }

 private:
  const char* at_ = nullptr;
  ptrdiff_t row_bytes_ = 0, rows_ = 0, lines_ = 0, portion_ = 0, line_ = 0;
};

/// Columns [j, end) of B.
inline AmxAhead columns_ahead(const GemmShape& s, const float* b, ptrdiff_t j, ptrdiff_t end, ptrdiff_t portions) {
  const float* const at = b + j * s.b_col;
  if (s.b_row == 1) return {at, s.b_col, end - j, s.k, portions};
  return {at, s.b_row, s.k, end - j, portions};
}

/// kRows x kColumns tiles of sums over all steps of a panel of A and one of B.
template <class Isa, int kRows, int kColumns>
void amx_sums(const float* a, const float* b, ptrdiff_t steps, float* to, ptrdiff_t to_row, AmxAhead& ahead) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (; steps > 0; steps--, a += kAmxStep, b += kAmxStep) {
    // B's next step, which comes from L2, a quarter between loads: all at once would hold them up.
    const auto ask = [b](ptrdiff_t quarter) {
      constexpr ptrdiff_t kLines = kColumns * kAmxSide / 4;
      GRADSMITH_UNROLL(8)
      for (ptrdiff_t i = 0; i < kLines; i++) prefetch(b + kAmxStep + (quarter * kLines + i) * kAmxSide);
    };
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    ask(0);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kColumns > 1) _tile_loadd(7, b + kAmxTile, 64);
    ask(1);
    if constexpr (kColumns > 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kRows > 1) _tile_loadd(5, a + kAmxTile, 64);
    ask(2);
    if constexpr (kRows > 1) _tile_dpbf16ps(2, 5, 6);
    ask(3);
    if constexpr (kRows > 1 && kColumns > 1) _tile_dpbf16ps(3, 5, 7);
    ahead.portion();
  }
  const ptrdiff_t row_bytes = to_row * static_cast<ptrdiff_t>(sizeof(float));
  _tile_stored(0, to, row_bytes);
  if constexpr (kColumns > 1) _tile_stored(1, to + kAmxSide, row_bytes);
  if constexpr (kRows > 1) {
    _tile_stored(2, to + kAmxSide * to_row, row_bytes);
    if constexpr (kColumns > 1) _tile_stored(3, to + kAmxSide * to_row + kAmxSide, row_bytes);
  }
}

template <class Isa>
GRADSMITH_INLINE auto amx_kernel(ptrdiff_t rows, ptrdiff_t columns) {
  if (rows > kAmxSide) return columns > kAmxSide ? &amx_sums<Isa, 2, 2> : &amx_sums<Isa, 2, 1>;
  return columns > kAmxSide ? &amx_sums<Isa, 1, 2> : &amx_sums<Isa, 1, 1>;
}

/// A block of sums to where they belong: rows [i, i + rows), columns [j, end) of the q-th product.
template <class Isa>
void finish_amx(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t q, ptrdiff_t i, ptrdiff_t rows,
                ptrdiff_t j, ptrdiff_t end, float* sums) {
  const GemmShape& s = plan.shape;
  const auto alpha = static_cast<float>(pointers.alpha);
  if (!s.hooked) {
    float* const c = static_cast<float*>(pointers.c) + batch_offsets(s, q).c + i * s.c_row + j;
    return scale<float, Isa>(sums, kAmxColumns, rows, end - j, alpha, s.accumulate, c, s.c_row);
  }
  if (alpha != 1) scale<float, Isa>(sums, kAmxColumns, rows, end - j, alpha, false, sums, kAmxColumns);
  hand_over(plan, pointers, q * s.m + i, q * s.m + i + rows, j, end, sums, kAmxColumns);
}

/// Rows [m0, m1) times the panels of columns [first, last), of which the first is at `b`.
template <class Isa>
void amx_rows(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t q, ptrdiff_t m0, ptrdiff_t m1,
              ptrdiff_t first, ptrdiff_t last, const float* b, float* sums, AmxAhead ahead) {
  const GemmShape& s = plan.shape;
  const ptrdiff_t steps = amx_steps(s.k), panel = amx_panel(s.k);
  const float* const a = amx_panels_of<Isa>(plan, pointers, q);
  // Whole tiles of a C that is nothing but the sums go there at once.
  const bool is_sums = !s.hooked && !s.accumulate && pointers.alpha == 1;
  for (ptrdiff_t i = m0; i < m1; i += kAmxPanel) {
    const ptrdiff_t rows = std::min(kAmxPanel, m1 - i);
    for (ptrdiff_t j = first; j < last; j += kAmxColumns) {
      const ptrdiff_t end = std::min(last, j + kAmxColumns);
      const bool straight = is_sums && rows % kAmxSide == 0 && (end - j) % kAmxSide == 0;
      float* to = sums;
      if (straight) to = static_cast<float*>(pointers.c) + batch_offsets(s, q).c + i * s.c_row + j;
      for (ptrdiff_t jj = j; jj < end; jj += kAmxPanel) {
        amx_kernel<Isa>(rows, end - jj)(a + i / kAmxPanel * panel, b + (jj - first) / kAmxPanel * panel, steps,
                                        to + (jj - j), straight ? s.c_row : kAmxColumns, ahead);
      }
      if (!straight) finish_amx<Isa>(plan, pointers, q, i, rows, j, end, sums);
    }
  }
}

/// A part's rows and columns of the q-th product.
template <class Isa>
void amx_part(const GemmPlan& plan, const GemmPointers& pointers, ptrdiff_t q, const PartRange& r, float* scratch) {
  const GemmShape& s = plan.shape;
  const float* const b = static_cast<const float*>(pointers.b) + batch_offsets(s, q).b;
  float* const own = scratch + kAmxPanel * kAmxColumns;
  for (ptrdiff_t first = r.n0; first < r.n1; first += plan.nc) {
    const ptrdiff_t last = std::min(r.n1, first + plan.nc), next = std::min(r.n1, last + plan.nc);
    const ptrdiff_t panel = first / kAmxPanel;
    const float* panels = own;
    AmxAhead ahead;
    if (packs_own_columns(plan)) {
      pack_amx_columns<Isa>(s, b, panel, amx_panels(last), own);
      if ((next - last) * s.k * static_cast<ptrdiff_t>(sizeof(float)) <= kAmxBlockBytes) {
        const ptrdiff_t portions = amx_panels(r.m1 - r.m0) * amx_panels(last - first) * amx_steps(s.k);
        ahead = columns_ahead(s, b, last, next, portions);
      }
    } else {
      panels = amx_panels_of<Isa>(plan, pointers, q) + (amx_panels(s.m) + panel) * amx_panel(s.k);
    }
    amx_rows<Isa>(plan, pointers, q, r.m0, r.m1, first, last, panels, scratch, ahead);
  }
}

/// The second phase.
template <class Isa>
void multiply_amx(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  const PartRange r = part_range(plan, part);
  static constexpr AmxShape kShape;
  _tile_loadconfig(&kShape);
  for (ptrdiff_t q = r.first; q < r.last; q++) amx_part<Isa>(plan, pointers, q, r, static_cast<float*>(scratch));
  _tile_release();
}

/// The products that are not AMX's own.
template <class Isa>
const GemmFunctions& thin_products() {
  static const GemmFunctions functions = make_gemm_functions<float, simd::Avx512Bf16, GemmMode::kPaired>();
  return functions;
}

template <class Isa>
void run_amx(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  const bool own = plan.finish == &multiply_amx<Isa>;
  (own ? &pack_amx<Isa> : thin_products<Isa>().run)(plan, pointers, part, scratch);
}

/// Of `parts`, a power of two: the batch's products, or a grid of C that reads least.
template <class Isa>
void cut_amx(GemmPlan& plan, ptrdiff_t parts) {
  const GemmShape& s = plan.shape;
  if (plan.batch_count >= parts) {
    plan.grid_batch = static_cast<int32_t>(parts);
    return;
  }
  const auto step = [](ptrdiff_t size, ptrdiff_t pieces) { return even_part(amx_panels(size), pieces) * kAmxPanel; };
  ptrdiff_t least = PTRDIFF_MAX;
  for (ptrdiff_t m = 1; m <= parts; m *= 2) {
    const ptrdiff_t n = parts / m, m_step = step(s.m, m), n_step = step(s.n, n);
    if (amx_panels(s.m) < m || amx_panels(s.n) < n || m_step + n_step >= least) continue;
    least = m_step + n_step;
    plan.m_step = m_step, plan.n_step = n_step;
    plan.grid_m = static_cast<int32_t>(m), plan.grid_n = static_cast<int32_t>(n);
  }
}

template <class Isa>
GemmPlan plan_amx(const GemmShape& shape) {
  const GemmPlan thin = thin_products<Isa>().plan(shape);
  const GemmShape& s = thin.shape;
  if (thin.parts == 0 || thin.swap || s.k < kAmxSide || s.m * s.n * s.k < kAmxLeast) return thin;
  if (s.m * s.n < kAmxReuse * (s.m + s.n) || !amx_bf16_granted()) return thin;
  const ptrdiff_t bytes = (amx_panels(s.m) + amx_panels(s.n)) * amx_panel(s.k) * static_cast<ptrdiff_t>(sizeof(float));
  if (bytes > kAmxMostBytes / thin.batch_count) return thin;

  GemmPlan plan{};
  plan.shape = s;
  plan.batch_count = thin.batch_count;
  plan.grid_k = plan.grid_batch = plan.grid_m = plan.grid_n = 1;
  plan.k_step = s.k;
  plan.m_step = amx_panels(s.m) * kAmxPanel;
  plan.n_step = amx_panels(s.n) * kAmxPanel;
  const double products = double(amx_panels(s.m)) * double(amx_panels(s.n)) * double(amx_steps(s.k)) * 64;
  const double cycles =
      kAmxPackCycles * double(s.m + s.n) * double(s.k) + products / 0.6 + kAmxFinishCycles * double(s.m) * double(s.n);
  const double one = cycles * kAmxNsPerCycle * double(plan.batch_count);
  const ptrdiff_t parts = parts_for(one);
  cut_amx<Isa>(plan, parts);
  plan.cost_ns = 5 + one;
  plan.parts = static_cast<size_t>(parts);
  plan.finish_parts =
      static_cast<size_t>(plan.grid_batch) * static_cast<size_t>(plan.grid_m) * static_cast<size_t>(plan.grid_n);
  const ptrdiff_t panel_bytes = amx_panel(s.k) * static_cast<ptrdiff_t>(sizeof(float));
  const ptrdiff_t a_bytes = amx_panels(s.m) * panel_bytes;
  // Small where B comes from afar and all of A stays in L2 beside one block and what the next is made of.
  const bool far = packs_own_columns(plan) && s.n * s.k * static_cast<ptrdiff_t>(sizeof(float)) > kAmxBlockBytes;
  const bool small = far && a_bytes + 4 * kAmxColumns / kAmxPanel * panel_bytes <= kAmxBlockBytes;
  plan.nc = kAmxColumns;
  if (!small) plan.nc = std::max(kAmxColumns, kAmxBlockBytes / panel_bytes * kAmxPanel / kAmxColumns * kAmxColumns);
  plan.partial_bytes = packs_own_columns(plan) ? a_bytes : bytes;  // the panels of one product of the batch
  plan.workspace_bytes = static_cast<size_t>(plan.partial_bytes * plan.batch_count);
  plan.scratch_bytes = static_cast<size_t>(kAmxPanel * kAmxColumns) * sizeof(float);
  if (packs_own_columns(plan)) {
    plan.scratch_bytes += static_cast<size_t>(amx_panels(std::min(plan.nc, plan.n_step)) * panel_bytes);
  }
  plan.run = &pack_amx<Isa>;
  plan.finish = &multiply_amx<Isa>;
  return plan;
}

template <class Isa>
GemmFunctions make_amx() {
  return {thin_products<Isa>().traits, &plan_amx<Isa>, &run_amx<Isa>};
}

}  // namespace gradsmith::kernels
