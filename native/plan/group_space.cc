#include "plan/group_space.h"

#include <algorithm>
#include <cstdlib>

namespace gradsmith::plan {
namespace {

/// Elements of a staged tile: a few tiles of 4 or 8 bytes and the operands read in place share a 32 KiB L1.
constexpr int64_t kTile = 1024;
/// Of a periodic operand in a small group, where filling a tile costs as much as the rest.
constexpr int64_t kSmallTile = 256;
/// Elements per unit where nothing is staged: only the grain of parts.
constexpr int64_t kLinearTile = 4096;
/// A transposed operand is staged in tiles of 16 rows (one 64-byte line of float32 per column) by 128 columns.
constexpr int64_t kTransposedRows = 16;
constexpr int64_t kTransposedColumns = 128;

size_t at(int i) { return static_cast<size_t>(i); }

/// Dimensions of the walk, outermost first: those of one element dropped, the first output's longest strides outermost.
std::vector<size_t> order_of(const Operand& output) {
  std::vector<size_t> order;
  for (int i = 0; i < output.rank; ++i) {
    if (output.dims[at(i)] != 1) order.push_back(at(i));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return std::abs(output.strides[a]) > std::abs(output.strides[b]); });
  return order;
}

bool merges(std::span<const Operand> operands, size_t outer, size_t inner) {
  return std::all_of(operands.begin(), operands.end(),
                     [&](const Operand& o) { return o.strides[outer] == o.strides[inner] * o.dims[inner]; });
}

void merge_dims(GroupSpace& space, std::span<const Operand> operands) {
  const std::vector<size_t> order = order_of(operands[0]);
  space.strides.assign(operands.size(), {});
  for (size_t i = 0; i < order.size(); ++i) {
    const bool merge = i > 0 && merges(operands, order[i - 1], order[i]);
    if (!merge) ++space.rank;
    const size_t d = at(space.rank - 1);
    space.dims[d] = (merge ? space.dims[d] : 1) * operands[0].dims[order[i]];
    for (size_t j = 0; j < operands.size(); ++j) space.strides[j][d] = operands[j].strides[order[i]];
  }
  for (int d = 0; d < space.rank; ++d) space.size *= space.dims[at(d)];
  if (space.rank == 0) {
    space.rank = 1;
    space.dims[0] = 1;
  }
}

bool is_linear(const GroupSpace& space, size_t operand) {
  int64_t expected = 1;
  for (int d = space.rank - 1; d >= 0; --d) {
    if (space.strides[operand][at(d)] != expected && space.dims[at(d)] != 1) return false;
    expected *= space.dims[at(d)];
  }
  return true;
}

bool is_still(const GroupSpace& space, size_t operand, int dims) {
  for (int d = 0; d < dims; ++d) {
    if (space.strides[operand][at(d)] != 0) return false;
  }
  return true;
}

/// Flat tiles: the longest run of inner dimensions that fits a tile is the period; tiles are whole periods.
void tile_flat(GroupSpace& space) {
  int split = space.rank;
  while (split > 0 && space.period * space.dims[at(split - 1)] <= kTile) space.period *= space.dims[at(--split)];
  bool periodic = false;
  for (size_t j = 0; j < space.access.size(); ++j) {
    if (space.access[j] != Access::kStaged || split == 0 || !is_still(space, j, split)) continue;
    space.access[j] = Access::kPeriodic;
    periodic = true;
  }
  const int64_t most = periodic && space.size <= 4 * kTile ? std::max(space.period, kSmallTile) : kTile;
  space.tile = most / space.period * space.period;
  space.units = (space.size + space.tile - 1) / space.tile;
}

void tile_rows(GroupSpace& space) {
  const size_t inner = at(space.rank - 1), outer = at(space.rank - 2);
  space.rows = true;
  bool transposed = false, staged = false;
  for (size_t j = 0; j < space.access.size(); ++j) {
    if (space.access[j] == Access::kUniform) continue;
    const int64_t along = std::abs(space.strides[j][inner]), across = std::abs(space.strides[j][outer]);
    space.access[j] = space.strides[j][inner] == 1 ? Access::kRow : Access::kStaged;
    staged |= space.access[j] == Access::kStaged;
    transposed |= along > 1 && across != 0 && across < along;
  }
  space.tile_rows = transposed ? std::min(kTransposedRows, space.dims[outer]) : 1;
  space.tile = std::min(transposed ? kTransposedColumns : staged ? kTile : kLinearTile, space.dims[inner]);
  space.units =
      (space.dims[inner] + space.tile - 1) / space.tile * ((space.dims[outer] + space.tile_rows - 1) / space.tile_rows);
  for (int d = 0; d < space.rank - 2; ++d) space.units *= space.dims[at(d)];
}

}  // namespace

bool is_dense(const GroupSpace& space, size_t operand) {
  int64_t expected = 1;
  for (int d = space.rank - 1; d >= 0 && expected < space.period; --d) {
    if (space.strides[operand][at(d)] != expected && space.dims[at(d)] != 1) return false;
    expected *= space.dims[at(d)];
  }
  return true;
}

GroupSpace make_space(std::span<const Operand> operands, size_t outputs) {
  GroupSpace space;
  for (int d = 0; d < operands[0].rank; ++d) {
    if (operands[0].dims[at(d)] == 0) {
      space.size = 0;
      return space;
    }
  }
  merge_dims(space, operands);
  bool linear = true;
  for (size_t j = 0; j < operands.size(); ++j) {
    // One element is a stream, too, so that a recipe finds it; but not a scalar of the step: recipes read it as a
    // number.
    const bool still = space.size == 1 ? operands[j].buffer == kScalars : is_still(space, j, space.rank);
    const bool uniform = j >= outputs && still;
    space.access.push_back(uniform ? Access::kUniform : is_linear(space, j) ? Access::kLinear : Access::kStaged);
    linear &= space.access.back() != Access::kStaged;
  }
  if (linear) {
    space.tile = kLinearTile;
    space.units = (space.size + kLinearTile - 1) / kLinearTile;
  } else if (space.rank > 1 && space.dims[at(space.rank - 1)] > kTile / 2) {
    tile_rows(space);
  } else {
    tile_flat(space);
  }
  return space;
}

}  // namespace gradsmith::plan
