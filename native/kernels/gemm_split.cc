// Into which parts a product is cut: decided by its shape, never by the number of threads.
#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "kernels/gemm_choose.h"

namespace gradsmith::kernels {
namespace {

constexpr double kNsPerCycle = 0.29;
constexpr double kNever = 1e300;
constexpr ptrdiff_t kMaxParts = 16;
constexpr double kL2Bytes = 768 * 1024;
constexpr double kL3BytesPerNs = 80;
constexpr double kL3BytesPerCycle = 24;
/// What another core has written comes more slowly.
constexpr double kRemoteBytesPerCycle = 6;
constexpr double kHomeBytes = 2 * 1024 * 1024;
/// A region of the pool costs some 0.7 µs while its threads spin, so two parts of 3 µs gain from the second core: a row
/// through a layer of 256 does. More parts are for more threads: each packs and fills registers for itself.
constexpr double kTwoPartsNs = 5000;
constexpr double kMorePartsNs = 400000;
/// Elements of a part of the second phase.
constexpr ptrdiff_t kFinishElements = 2048;
/// Cores pull lines that lie near those which they read: partial sums of two parts keep this far apart.
constexpr ptrdiff_t kApart = 128 * 1024;

/// C as if it lay without gaps: how far batch and rows merge is up to A and B alone.
void set_dense(GemmShape& s) {
  s.c_row = s.n;
  ptrdiff_t stride = s.m * s.n;
  for (int32_t d = s.batch_rank - 1; d >= 0; d--) {
    s.c_batch[d] = stride;
    stride *= s.batch_dims[d];
  }
}

/// Drops batch dimensions of 1 and merges what lies evenly; a batch over which B stays the same is more rows of A.
void merge_batch(GemmShape& s) {
  int32_t rank = 0;
  for (int32_t d = 0; d < s.batch_rank; d++) {
    if (s.batch_dims[d] == 1) continue;
    const int32_t e = rank - 1;
    const ptrdiff_t dim = s.batch_dims[d];
    if (rank > 0 && s.a_batch[e] == s.a_batch[d] * dim && s.b_batch[e] == s.b_batch[d] * dim &&
        s.c_batch[e] == s.c_batch[d] * dim) {
      s.batch_dims[e] *= dim;
      s.a_batch[e] = s.a_batch[d];
      s.b_batch[e] = s.b_batch[d];
      s.c_batch[e] = s.c_batch[d];
      continue;
    }
    s.batch_dims[rank] = dim;
    s.a_batch[rank] = s.a_batch[d];
    s.b_batch[rank] = s.b_batch[d];
    s.c_batch[rank] = s.c_batch[d];
    rank++;
  }
  while (rank > 0) {
    const int32_t d = rank - 1;
    if (s.b_batch[d] != 0) break;
    if (s.m == 1) {
      s.a_row = s.a_batch[d];
      s.c_row = s.c_batch[d];
    } else if (s.a_batch[d] != s.a_row * s.m || s.c_batch[d] != s.c_row * s.m) {
      break;
    }
    s.m *= s.batch_dims[d];
    rank--;
  }
  s.batch_rank = rank;
}

/// How many parts there are along each dimension.
struct Grid {
  ptrdiff_t batch, k, m, n;
};

/// Bytes that the parts of a product read or write far from home. A matrix's home is cut like itself: the first half of
/// its memory with the first half of the threads, from step to step, as weights lie that are updated by rows. Whoever
/// reads along the cut reads his own; whoever reads across it half of another's; whoever needs all, all of another's.
/// What two L2 do not hold is at home nowhere.
double remote_bytes(const GemmShape& s, const Grid& grid, const GemmTraits& t) {
  const auto away = [](ptrdiff_t along, ptrdiff_t across) { return along > 1 ? 0.0 : across > 1 ? 0.5 : 1.0; };
  const auto elements_of = [&t](ptrdiff_t rows, ptrdiff_t columns) {
    const double count = double(rows) * double(columns);
    return count * t.element_bytes <= kHomeBytes ? count : 0;
  };
  const double a = elements_of(s.m, s.k), b = elements_of(s.k, s.n), c = double(s.m) * double(s.n);
  const bool a_by_rows = s.a_col == 1, b_by_rows = s.b_col == 1;
  double elements = a * (a_by_rows ? away(grid.m, grid.k) : away(grid.k, grid.m));
  elements += b * (b_by_rows ? away(grid.k, grid.n) : away(grid.n, grid.k));
  if (grid.k > 1) {
    elements += c;  // partial sums of the other parts, in the second phase
  } else {
    elements += 2 * c * (grid.m > 1 ? 0.0 : 0.5);  // read for ownership, and written back
  }
  return elements * t.element_bytes;
}

/// Rows and terms of a part are a multiple of it.
constexpr ptrdiff_t kRowUnit = 4;

/// Rows, columns or terms in `pieces` even steps, each a multiple of `unit`.
ptrdiff_t step_of(ptrdiff_t size, ptrdiff_t pieces, ptrdiff_t unit) {
  return pieces == 1 ? size : up(even_part(size, pieces), unit);
}

/// Cuts by a grid and chooses the pieces; returns the cycles of all parts together, or kNever where the grid does not
/// fit the shape.
double cut_by(const Grid& grid, const GemmTraits& t, GemmPlan& plan) {
  const GemmShape& s = plan.shape;
  if (grid.batch > plan.batch_count || (grid.k > 1 && plan.batch_count > 1)) return kNever;
  plan.m_step = step_of(s.m, grid.m, kRowUnit);
  plan.n_step = step_of(s.n, grid.n, t.lanes);
  plan.k_step = step_of(s.k, grid.k, kRowUnit);
  const bool idle = (grid.m - 1) * plan.m_step >= s.m || (grid.n - 1) * plan.n_step >= s.n ||
                    (grid.k > 1 && (grid.k - 1) * plan.k_step >= s.k);
  if (idle) return kNever;
  plan.grid_batch = static_cast<int32_t>(grid.batch);
  plan.grid_k = static_cast<int32_t>(grid.k);
  plan.grid_m = static_cast<int32_t>(grid.m);
  plan.grid_n = static_cast<int32_t>(grid.n);
  GemmShape part = s;
  part.k = plan.k_step;
  double cycles = choose_pieces(part, plan.m_step, plan.n_step, t, plan);
  cycles += double(plan.m_step + plan.n_step) * double(plan.k_step) * t.element_bytes / kL3BytesPerCycle;
  cycles *= double(even_part(plan.batch_count, grid.batch) * grid.batch * grid.k * grid.m * grid.n);
  if (grid.k > 1) cycles += double(s.m) * double(s.n) * double(grid.k) * t.element_bytes / kL3BytesPerCycle;
  if (grid.batch == 1 && grid.k * grid.m * grid.n > 1) cycles += remote_bytes(s, grid, t) / kRemoteBytesPerCycle;
  return cycles;
}

/// The grid of `parts` parts that costs least in all, in `plan`; returns its cycles, or kNever if there is none.
double cut_evenly(ptrdiff_t parts, const GemmTraits& t, GemmPlan& plan) {
  const GemmPlan whole = plan;
  double least = kNever;
  for (ptrdiff_t k : {1, 2}) {
    for (ptrdiff_t m = 1; m * k <= parts; m *= 2) {
      for (ptrdiff_t n = 1; n * m * k <= parts; n *= 2) {
        GemmPlan cut = whole;
        const double cycles = cut_by({parts / (k * m * n), k, m, n}, t, cut);
        if (cycles >= least) continue;
        least = cycles;
        plan = cut;
      }
    }
  }
  return least;
}

/// B is packed once for all parts if it has so many bytes, and no more than a workspace may take.
constexpr double kSharedBytes = 2048 * 1024, kMostSharedBytes = 32 * 1024 * 1024;
/// Rows of a product that shares panels, and of a part of it, at least: half of the panels come from another core,
/// which has packed them, and that takes long.
constexpr ptrdiff_t kSharedRows = 512, kSharedPartRows = 128;

/// Parts along m that share one packed copy of B, in `plan`, if the shape is one for that.
bool cut_by_rows(ptrdiff_t parts, const GemmTraits& t, GemmPlan& plan) {
  const GemmShape& s = plan.shape;
  const double bytes = double(s.k) * double(s.n) * t.element_bytes / t.terms;
  while (s.m < parts * kSharedPartRows) parts /= 2;
  if (plan.batch_count > 1 || bytes < kSharedBytes || bytes > kMostSharedBytes || s.m < kSharedRows || parts < 2) {
    return false;
  }
  GemmPlan cut = plan;
  choose_pieces(s, s.m, s.n, t, cut);  // what all parts together make of B
  if (!cut.piece[0].packs_panels() || (cut.pieces > 1 && cut.piece[1].packs_panels())) return false;
  plan = cut;
  plan.shares_b = true;
  plan.grid_m = static_cast<int32_t>(parts);
  plan.m_step = step_of(s.m, parts, kRowUnit);
  plan.n_step = s.n;
  plan.k_step = s.k;
  return true;
}

/// Where parts along k leave partial sums, and who adds them.
void set_phases(GemmPlan& plan, const GemmTraits& t) {
  plan.partial_row = up(plan.shape.n, 64 / t.element_bytes);
  plan.partial_bytes = up(plan.shape.m * plan.partial_row * t.element_bytes, 64) + kApart;
  plan.workspace_bytes = static_cast<size_t>(plan.partial_bytes * plan.grid_k);
  ptrdiff_t parts = plan.grid_k * plan.grid_m * plan.grid_n;
  while (parts > 1 && (parts > plan.shape.m || plan.shape.m * plan.shape.n < parts * kFinishElements)) parts /= 2;
  plan.finish_step = even_part(plan.shape.m, parts);
  plan.finish_parts = static_cast<size_t>(even_part(plan.shape.m, plan.finish_step));
}

/// A stride that nobody walks must not decide anything.
void set_idle_strides(GemmShape& s) {
  if (s.m == 1) s.a_row = s.k > 1 && s.a_col == 1 ? s.k : 1;
  if (s.n == 1) s.b_col = s.k > 1 && s.b_row == 1 ? s.k : 1;
  if (s.k <= 1) s.a_col = s.b_row = 1;
}

void take_column_for_row(GemmPlan& plan) {
  GemmShape& s = plan.shape;
  std::swap(s.m, s.n);
  std::swap(s.a_row, s.b_col);
  std::swap(s.a_col, s.b_row);
  std::swap(s.a_batch, s.b_batch);
  plan.swap = true;
}

}  // namespace

ptrdiff_t gemm_half(ptrdiff_t rows) { return step_of(rows, 2, kRowUnit); }

ptrdiff_t parts_for(double ns) {
  ptrdiff_t parts = ns > kTwoPartsNs ? 2 : 1;
  while (parts < kMaxParts && ns / double(parts) > kMorePartsNs) parts *= 2;
  return parts;
}

GemmPlan choose_gemm(const GemmShape& shape, const GemmTraits& t) {
  GemmPlan plan{};
  plan.shape = shape;
  if (shape.hooked) set_dense(plan.shape);
  merge_batch(plan.shape);
  GemmShape& s = plan.shape;
  plan.batch_count = 1;
  for (int32_t d = 0; d < s.batch_rank; d++) plan.batch_count *= s.batch_dims[d];
  plan.grid_batch = plan.grid_k = plan.grid_m = plan.grid_n = 1;
  plan.cost_ns = 5;
  if (s.m == 0 || s.n == 0 || plan.batch_count == 0) {
    plan.batch_count = 0;
    plan.m_step = plan.n_step = plan.k_step = 1;
    return plan;  // no parts
  }
  set_idle_strides(s);
  if (s.n == 1 && s.m > 1 && s.c_row == 1) take_column_for_row(plan);

  const double bytes = (double(s.m + s.n) * double(s.k) + 2 * double(s.m) * double(s.n)) * t.element_bytes;
  const double one =
      std::max(choose_pieces(s, s.m, s.n, t, plan) * kNsPerCycle, bytes > kL2Bytes ? bytes / kL3BytesPerNs : 0) *
      double(plan.batch_count);
  ptrdiff_t parts = parts_for(one);
  GemmPlan cut = plan;
  double cycles = cut_evenly(parts, t, cut);
  while (parts > 1 && (cycles == kNever || (parts > 2 && cycles * kNsPerCycle > 1.06 * one))) {
    parts /= 2;
    cut = plan;
    cycles = cut_evenly(parts, t, cut);
  }
  if (!cut_by_rows(parts, t, plan)) plan = cut;
  plan.parts = static_cast<size_t>(plan.grid_batch) * static_cast<size_t>(plan.grid_k) *
               static_cast<size_t>(plan.grid_m) * static_cast<size_t>(plan.grid_n);
  plan.cost_ns = 5 + std::max(one, cycles * kNsPerCycle);
  if (plan.grid_k > 1) set_phases(plan, t);
  if (plan.shares_b) plan.finish_parts = plan.parts;
  set_blocks(plan, t);
  return plan;
}

}  // namespace gradsmith::kernels
