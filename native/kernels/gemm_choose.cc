// How a product of a given shape is computed: estimates in cycles, whose terms are noted where they stand. They need to
// rank the choices, not to be right.
#include "kernels/gemm_choose.h"

#include <algorithm>
#include <cstdint>

namespace gradsmith::kernels {
namespace {

constexpr double kNever = 1e300;
/// A block of B (kc x nc) keeps to half of L2, from where it is read once for each row of tiles: 2 vectors a step are 9
/// bytes a cycle, which L2 has to spare. Long blocks of k win over panels that fit L1, for each block passes once over
/// C.
ptrdiff_t block_bytes(const GemmTraits& t) { return t.l2_bytes / 2; }
constexpr ptrdiff_t kMaxKcBytes = 4096;
constexpr ptrdiff_t kMinKcBytes = 1024;
/// Where blocks are tall: terms of a block, fewer where a step is so short that the panel should not come from L2; what
/// of A waits in L2; what of B is packed at once, to pass from L3.
ptrdiff_t tall_terms(const GemmTraits& t) {
  return (t.many_registers ? kMaxKcBytes : kMaxKcBytes / 2) / t.element_bytes * t.terms;
}
ptrdiff_t tall_rows_bytes(const GemmTraits& t) { return t.l2_bytes / 8 * 5; }
/// An L2 of this size holds so many terms of B in a block that tall blocks gain nothing unless there are more.
constexpr ptrdiff_t kLargeL2Bytes = 2048 * 1024;
constexpr ptrdiff_t kTallPanelsBytes = 4096 * 1024;
/// Rows whose sums wait together, where they may not wait in C.
constexpr ptrdiff_t kWaitingBytes = 1024 * 1024;
/// A copy of all terms may be so large, although it is for one row or most of its lanes are empty.
constexpr ptrdiff_t kCopyBytes = 1024 * 1024;
/// A block of finished rows leaves room in L1 for what is computed with it.
ptrdiff_t kept_bytes(const GemmTraits& t) { return t.l1_bytes / 3 * 2; }

/// Of rows so many bytes apart, how many does L1 hold? Those a power of two apart meet in few of its sets.
ptrdiff_t rows_held(ptrdiff_t bytes, const GemmTraits& t) {
  return t.l1_bytes / std::max<ptrdiff_t>(1, std::min<ptrdiff_t>(4096, bytes & -bytes));
}
/// Rows that tiles want there at once: those of the steps ahead, beside what else is in use.
constexpr ptrdiff_t kRowsNeeded = 24;

/// Blocks of at most `most`, at least one.
constexpr ptrdiff_t blocks(ptrdiff_t x, ptrdiff_t most) { return std::max<ptrdiff_t>(1, (x + most - 1) / most); }

/// A product in the orientation it is computed in.
struct Side {
  ptrdiff_t m, n, k, a_row, a_col, b_row, b_col;
};

Side side_of(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, bool across) {
  if (across) return {n, m, s.k, s.b_col, s.b_row, s.a_col, s.a_row};
  return {m, n, s.k, s.a_row, s.a_col, s.b_row, s.b_col};
}

/// AVX2, where nothing is rounded: estimates that say so were corrected by what Zen 3 takes.
bool as_on_zen3(const GemmTraits& t) { return !t.many_registers && !t.copies && t.lanes > 1; }

/// Cycles to copy `count` elements, by stride of the copy's inner direction and of the other.
double pack_cycles(double count, ptrdiff_t inner, ptrdiff_t outer, const GemmTraits& t) {
  const double lanes = t.lanes;
  const double turned = as_on_zen3(t) ? 4.5 : 7.0;
  return count * (inner == 1 ? 5.0 / lanes : outer == 1 ? turned / lanes : 2.0);
}

/// What decides methods and parts, and so bits: neither the hook nor what else becomes of the sums.
GemmShape plain(GemmShape s) {
  s.accumulate = s.hooked = false;
  return s;
}

struct Blocking {
  ptrdiff_t kc, nc, block_rows, mc;
  bool keeps, tall;
};

/// Blocks of a part of m x n: A is packed a block at a time, and once.
Blocking tall_blocks(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, const GemmTraits& t) {
  Blocking b{};
  b.tall = true;
  const ptrdiff_t unit = 2 * t.lanes;
  b.kc = std::max<ptrdiff_t>(1, up(even_part(s.k, blocks(s.k, tall_terms(t))), t.terms));
  const ptrdiff_t column_bytes = even_part(b.kc, t.terms) * t.element_bytes;
  b.nc = up(even_part(n, blocks(n, kTallPanelsBytes / column_bytes / unit * unit)), unit);
  const ptrdiff_t tiles = std::max<ptrdiff_t>(1, tall_rows_bytes(t) / (column_bytes * t.max_rows));
  b.block_rows = even_part(m, blocks(m, tiles * t.max_rows));
  b.mc = m;
  return b;
}

/// Blocks of a part of m x n.
Blocking blocks_of(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, const GemmPiece& p, const GemmTraits& t) {
  const bool packs_a = p.method == GemmMethod::kTiles && !p.across && p.pack_a;
  const bool holds = t.l2_bytes >= kLargeL2Bytes && s.k <= tall_terms(t);
  if (packs_a && !holds && !s.hooked && m > (t.many_registers ? 2 : 1) * t.max_rows) {
    const Blocking tall = tall_blocks(s, m, n, t);
    if (!s.accumulate || tall.kc >= s.k) return tall;
  }
  Blocking b{};
  const ptrdiff_t unit = 2 * t.lanes;
  ptrdiff_t most_k = std::clamp(block_bytes(t) / up(n, unit), kMinKcBytes, kMaxKcBytes) / t.element_bytes * t.terms;
  if (p.streams) most_k = s.k;  // nothing of B is read twice
  b.kc = std::max<ptrdiff_t>(1, up(even_part(s.k, blocks(s.k, most_k)), t.terms));
  const bool once = b.kc >= s.k;
  b.keeps = s.hooked || (s.accumulate && !once);
  ptrdiff_t most_n =
      p.streams ? up(n, unit) : block_bytes(t) / (even_part(b.kc, t.terms) * t.element_bytes) / unit * unit;
  most_n = std::max(unit, most_n);
  if (s.hooked) most_n = std::min(most_n, std::max(unit, kept_bytes(t) / (t.max_rows * t.element_bytes) / unit * unit));
  b.nc = up(even_part(n, blocks(n, most_n)), unit);
  const ptrdiff_t row_bytes = up(std::min(b.nc, n), t.lanes) * t.element_bytes;
  const ptrdiff_t tall = std::max<ptrdiff_t>(1, (b.keeps ? kept_bytes(t) : block_bytes(t)) / (row_bytes * t.max_rows));
  b.block_rows = even_part(m, blocks(m, tall * t.max_rows));
  b.mc = m;
  if (b.keeps) {
    const ptrdiff_t most = once ? 1 : std::max<ptrdiff_t>(1, kWaitingBytes / (row_bytes * b.block_rows));
    b.mc = std::min(up(m, b.block_rows), most * b.block_rows);
  }
  return b;
}

/// Elements of a panel of up to m columns of B, computed across: all of its terms, whole vectors of columns.
ptrdiff_t across_panel(ptrdiff_t m, ptrdiff_t k, const GemmTraits& t) {
  return std::min<ptrdiff_t>(up(m, t.lanes), 8 * t.lanes) * k;
}

struct Choice {
  double cycles;
  GemmPiece piece;
};

Choice choose_tiles(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, bool across, const GemmTraits& t) {
  const Side v = side_of(s, m, n, across);
  GemmPiece p{};
  p.method = GemmMethod::kTiles;
  p.across = across;
  const double a_bytes = double(v.m) * double(v.k) * t.element_bytes,
               b_bytes = double(v.n) * double(v.k) * t.element_bytes;
  const bool columns_apart = v.b_col != 1 && v.n > 1;
  // B in place costs nothing while a block of it stays in L2 and few rows of tiles use it, unless its rows push each
  // other out of L1, or lie so that half of the vectors are on two lines, which a short step feels.
  const bool awkward = rows_held(v.b_row * t.element_bytes, t) < kRowsNeeded;
  const ptrdiff_t tiles_of_rows = blocks(v.m, t.max_rows), b_row_bytes = v.b_row * t.element_bytes;
  const bool on_two_lines = !t.many_registers && b_row_bytes >= 1024 && b_row_bytes % 16 != 0 && tiles_of_rows >= 6;
  p.pack_b = t.copies || columns_apart ||
             (v.k >= 32 && tiles_of_rows > 2 && b_bytes > 40 * 1024 && (awkward || on_two_lines || tiles_of_rows > 16));
  // So may the lines that steps of A are on; and its rows, where they are a multiple of 4 KiB apart.
  const bool a_awkward = a_bytes > 2048 * 1024 || (v.a_row == 1 ? rows_held(v.a_col * t.element_bytes, t) < kRowsNeeded
                                                                : v.m > 1 && v.a_row * t.element_bytes % 4096 == 0);
  // Steps a page or two apart: more than L1's address translations hold beside B and C. Tiles of many rows take so long
  // for a step that it does not matter.
  const bool pages = v.a_row == 1 && v.a_col * t.element_bytes >= 2048 && v.m > t.max_rows && !t.many_registers &&
                     v.n >= 6 * t.lanes && v.k >= 16;
  // Many columns of B, a panel after the other, rather than all of them for each few rows of A.
  const bool panels_first = !t.many_registers && v.k >= 64 && v.n >= 256 && v.m > 1 && (columns_apart || !p.pack_b);
  p.pack_a = t.copies || pages || panels_first || (a_awkward && v.n >= 4 * t.lanes && v.k >= 16 && v.m > t.low_rows);

  if (across && (p.pack_b || !t.masked_loads)) {  // not where the panel is large, and many times what it copies
    const ptrdiff_t panel = across_panel(v.n, even_part(v.k, t.terms), t);
    if (panel * t.element_bytes > kCopyBytes && (v.n == 1 || panel > 2 * v.n * v.k)) return {kNever, p};
  }

  // (With many registers a tile's row of vectors is twice as long, and streaming has not been measured.)
  p.streams = !across && !t.many_registers && v.m == 1 && !p.pack_a && !p.pack_b && b_bytes > t.l2_bytes;

  const Blocking blocking = blocks_of(plain(s), m, n, p, t);
  const ptrdiff_t k_blocks = blocks(v.k, blocking.kc);

  const double vectors = double((v.n + t.lanes - 1) / t.lanes);
  const double tiles = double(blocks(v.m, t.max_rows));
  const double rows = double(v.m) / tiles;
  const double width = std::min(vectors, rows <= t.low_rows ? 8.0 : rows <= t.mid_rows ? 4.0 : 2.0);
  const double latency = std::max(1.0, 8.0 / (rows * width));  // 8 accumulators in flight at least
  const double k = double(even_part(v.k, t.terms));
  double cycles = double(v.m) * vectors * k * 0.5 * std::max(latency, (rows + width) / (rows * width));
  cycles += tiles * vectors / width * double(k_blocks) * 25;  // start and store of a tile
  if (!across && !p.streams && v.n % t.lanes != 0) {
    // Loads and stores of parts of vectors; or a packed panel, which may be too narrow to hide an FMA's latency, and a
    // buffer.
    const bool narrow = v.n % (2 * t.lanes) < t.lanes || v.m <= t.mid_rows;
    cycles += t.masked_loads ? double(v.m) * 3 : tiles * ((narrow ? k * (4 - 0.5 * rows) : 0) + 100);
  }
  if (across) cycles += double(k_blocks) * (double(v.m) * double(v.n) * 12.0 / t.lanes + tiles * vectors / width * 80);
  if (p.pack_a)
    cycles += pack_cycles(a_bytes / t.element_bytes, v.a_row, v.a_col, t) * double(blocks(v.n, blocking.nc));
  if (p.pack_b) cycles += pack_cycles(b_bytes / t.element_bytes, v.b_col, v.b_row, t);
  // All of B may stay in a larger L2, for any number of rows. (Not before the estimate, and not where parts might share
  // panels: bits must not depend on the machine.)
  if (!across && !t.copies && !columns_apart && !awkward && t.l2_here > t.l2_bytes && b_bytes <= t.l2_here / 2)
    p.pack_b = false;
  return {cycles, p};
}

/// Vectors along k need both operands contiguous along it; thin B is packed to be so.
Choice choose_dots(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, bool across, const GemmTraits& t) {
  const Side v = side_of(s, m, n, across);
  GemmPiece p{};
  p.method = GemmMethod::kDots;
  p.across = across;
  p.pack_b = v.b_row != 1 && v.k > 1;
  if ((v.a_col != 1 && v.k > 1) || (p.pack_b && v.n > 16)) return {kNever, p};
  if (p.pack_b && v.m == 1 && v.n * v.k * t.element_bytes > kCopyBytes) return {kNever, p};  // more than it saves
  const double vectors = double(blocks(v.k, t.lanes * t.terms));
  const auto columns = static_cast<int>(std::min<ptrdiff_t>(v.n, 4));
  double in_flight = double(std::min<ptrdiff_t>(v.m, dot_rows(t.many_registers, std::max(columns, 1))) * columns);
  // A row times a weight that is kept rounded: by eight columns at once (gemm_copied.h), which only this way reads.
  if (t.copies && !across && !p.pack_b && v.m == 1 && v.n >= 8) in_flight = 8;
  double loads = v.n >= 3 && t.many_registers ? 0.5 : 0.6;
  if (t.copies && t.terms == 1) loads += v.n >= 3 ? 2.0 : 3.0;  // each is rounded by some seven instructions
  double cycles = double(v.m) * double(v.n) * (vectors * std::max(loads, 4.0 / in_flight) + 6);
  if (as_on_zen3(t)) cycles *= 1.5;  // blocks are small
  if (across) cycles += double(v.m) * 4;
  if (p.pack_b) cycles += pack_cycles(double(v.n) * double(v.k), v.b_row, v.b_col, t);
  return {cycles, p};
}

Choice best(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, const GemmTraits& t) {
  return std::min({choose_tiles(s, m, n, false, t), choose_tiles(s, m, n, true, t), choose_dots(s, m, n, false, t),
                   choose_dots(s, m, n, true, t)},
                  [](const Choice& x, const Choice& y) { return x.cycles < y.cycles; });
}

/// What a piece packs in a part of m x n.
size_t piece_scratch(const GemmPlan& plan, const GemmPiece& p, const GemmTraits& t) {
  const ptrdiff_t n = std::min(plan.n_step, p.n1 - p.n0), k = even_part(plan.k_step, t.terms);
  const ptrdiff_t wide = 8 * t.lanes;
  ptrdiff_t elements = 0;
  if (p.method == GemmMethod::kDots) {
    if (p.pack_b) elements = (p.across ? plan.m_step : n) * up(plan.k_step, t.lanes);
  } else if (p.across) {
    if (p.pack_a) elements += up(n * k + t.lanes, 64);
    if (p.pack_b || !t.masked_loads) elements += across_panel(plan.m_step, k, t);
  } else if (!p.streams) {
    if (p.pack_a) elements += plan.packed_rows;
    const ptrdiff_t panels = p.pack_b && plan.m_step > t.max_rows ? up(std::min(plan.nc, n), t.lanes) + wide : wide;
    if ((p.pack_b && !plan.shares_b) || !t.masked_loads) elements += panels * even_part(plan.kc, t.terms) + panels;
  }
  return static_cast<size_t>(up(elements * t.element_bytes, 64));
}

}  // namespace

double choose_pieces(const GemmShape& s, ptrdiff_t m, ptrdiff_t n, const GemmTraits& t, GemmPlan& plan) {
  const Choice whole = best(s, m, n, t);
  plan.pieces = 1;
  plan.piece[0] = whole.piece;
  plan.piece[0].n0 = 0;
  plan.piece[0].n1 = s.n;
  const ptrdiff_t ragged = s.n % t.lanes;
  if (ragged == 0 || n <= t.lanes || ragged > n || whole.piece.streams) return whole.cycles;
  // A last vector of few columns wastes lanes: those columns may be cheaper by another method.
  const Choice head = best(s, m, n - ragged, t), tail = best(s, m, ragged, t);
  if (head.cycles + tail.cycles > whole.cycles * 0.98 || head.piece.streams != tail.piece.streams) return whole.cycles;
  plan.pieces = 2;
  plan.piece[0] = head.piece;
  plan.piece[1] = tail.piece;
  plan.piece[0].n0 = 0;
  plan.piece[0].n1 = plan.piece[1].n0 = s.n - ragged;
  plan.piece[1].n1 = s.n;
  return head.cycles + tail.cycles;
}

void set_blocks(GemmPlan& plan, const GemmTraits& t) {
  GemmShape part = plan.grid_k > 1 ? plain(plan.shape) : plan.shape;
  part.k = plan.k_step;
  GemmTraits here = t;
  here.l2_bytes = t.l2_here;
  const Blocking b = blocks_of(part, plan.m_step, plan.n_step, plan.piece[0], here);
  plan.kc = b.kc, plan.mc = b.mc, plan.nc = b.nc, plan.block_rows = b.block_rows;
  plan.tall = b.tall;
  plan.buffered = part.hooked, plan.keeps = b.keeps;
  // An odd number of vectors, so that rows of a power of two do not meet in the same lines of L1.
  plan.packed_row = (even_part(even_part(b.kc, t.terms), t.lanes) | 1) * t.lanes;
  plan.packed_rows = up((b.tall ? b.block_rows : t.max_rows) * plan.packed_row + t.lanes, 64);
  // Without gaps where nothing is stored beyond a row's end, so that the hook finds all rows in one run.
  plan.kept_row = std::min(b.nc, plan.n_step);
  if (!t.masked_loads) plan.kept_row = up(plan.kept_row, t.lanes);
  ptrdiff_t kept = b.keeps ? b.mc * plan.kept_row + t.lanes : 0;
  if (plan.grid_k > 1) {
    plan.finish_columns = std::min<ptrdiff_t>(plan.shape.n, kept_bytes(t) / t.element_bytes);
    plan.finish_rows = std::max<ptrdiff_t>(1, kept_bytes(t) / (plan.finish_columns * t.element_bytes));
    plan.finish_rows = std::min(plan.finish_rows, plan.finish_step);
    kept = std::max(kept, plan.finish_rows * plan.finish_columns + t.lanes);
  }
  if (plan.shares_b) {
    const ptrdiff_t panel = panel_elements(even_part(plan.kc, t.terms), t.lanes);
    const ptrdiff_t elements = blocks(plan.shape.k, plan.kc) * plan.shared_panel_count(t.lanes) * panel;
    plan.workspace_bytes = static_cast<size_t>(up(elements * t.element_bytes, 64));
  }
  plan.scratch_bytes = static_cast<size_t>(up(kept * t.element_bytes, 64));
  for (int32_t i = 0; i < plan.pieces; i++) {
    plan.piece[i].scratch_bytes = piece_scratch(plan, plan.piece[i], t);
    plan.scratch_bytes += plan.piece[i].scratch_bytes;
  }
}

}  // namespace gradsmith::kernels
