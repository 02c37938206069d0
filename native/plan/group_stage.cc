#include "plan/group_stage.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace gradsmith::plan {
namespace {

template <class T>
void copy_run(Stage stage, T* x, int64_t x_stride, T* tile, int64_t tile_stride, int64_t n) {
  if (x_stride == 1 && tile_stride == 1) {
    std::memcpy(stage == Stage::kIn ? tile : x, stage == Stage::kIn ? x : tile, static_cast<size_t>(n) * sizeof(T));
  } else if (stage == Stage::kOut) {
    for (int64_t i = 0; i < n; ++i) x[i * x_stride] = tile[i * tile_stride];
  } else if (x_stride == 0) {
    const T value = *x;
    for (int64_t i = 0; i < n; ++i) tile[i * tile_stride] = value;
  } else {
    for (int64_t i = 0; i < n; ++i) tile[i * tile_stride] = x[i * x_stride];
  }
}

/// The inner loop runs along the operand's shorter stride, so that a transposed operand is read line by line.
template <class T>
void copy_block(Stage stage, T* x, int64_t row_stride, int64_t column_stride, T* tile, int64_t pitch, int64_t rows,
                int64_t columns) {
  int64_t tile_row = pitch, tile_column = 1;
  if (rows > 3 && row_stride != 0 && std::abs(row_stride) < std::abs(column_stride)) {
    std::swap(row_stride, column_stride);
    std::swap(tile_row, tile_column);
    std::swap(rows, columns);
  }
  for (int64_t r = 0; r < rows; ++r)
    copy_run(stage, x + r * row_stride, column_stride, tile + r * tile_row, tile_column, columns);
}

template <class T>
void copy_flat(Stage stage, const GroupSpace& space, const std::array<int64_t, kMaxRank>& strides, T* base, T* tile,
               int64_t first, int64_t n) {
  const size_t inner = static_cast<size_t>(space.rank - 1);
  std::array<int64_t, kMaxRank> index{};
  T* x = base;
  for (size_t d = inner + 1; d-- > 0; first /= space.dims[d]) {
    index[d] = first % space.dims[d];
    x += index[d] * strides[d];
  }
  const int64_t columns = space.dims[inner];
  while (n > 0) {
    int64_t rows = 1, length = std::min(columns - index[inner], n);
    if (inner > 0 && length == columns) rows = std::min(space.dims[inner - 1] - index[inner - 1], n / columns);
    const int64_t row_stride = inner > 0 ? strides[inner - 1] : 0;
    copy_block(stage, x, row_stride, strides[inner], tile, columns, rows, length);
    tile += rows * length;
    n -= rows * length;
    if (n == 0) return;
    // On to the next row; every partial run ends at the end of its row.
    x += rows * row_stride - index[inner] * strides[inner];
    index[inner] = 0;
    for (size_t d = inner; d-- > 0;) {
      index[d] += d + 1 == inner ? rows : 1;
      if (index[d] < space.dims[d]) break;
      index[d] = 0;
      x -= space.dims[d] * strides[d];
      if (d > 0) x += strides[d - 1];
    }
  }
}

}  // namespace

void stage_flat(Stage stage, const GroupSpace& space, size_t operand, size_t bytes, char* base, char* tile,
                int64_t first, int64_t n) {
  const std::array<int64_t, kMaxRank>& strides = space.strides[operand];
  if (bytes == 4) {
    copy_flat(stage, space, strides, reinterpret_cast<uint32_t*>(base), reinterpret_cast<uint32_t*>(tile), first, n);
  } else if (bytes == 8) {
    copy_flat(stage, space, strides, reinterpret_cast<uint64_t*>(base), reinterpret_cast<uint64_t*>(tile), first, n);
  } else {
    copy_flat(stage, space, strides, base, tile, first, n);
  }
}

void stage_block(Stage stage, size_t bytes, char* base, int64_t row_stride, int64_t column_stride, char* tile,
                 int64_t pitch, int64_t rows, int64_t columns) {
  if (bytes == 4) {
    copy_block(stage, reinterpret_cast<uint32_t*>(base), row_stride, column_stride, reinterpret_cast<uint32_t*>(tile),
               pitch, rows, columns);
  } else if (bytes == 8) {
    copy_block(stage, reinterpret_cast<uint64_t*>(base), row_stride, column_stride, reinterpret_cast<uint64_t*>(tile),
               pitch, rows, columns);
  } else {
    copy_block(stage, base, row_stride, column_stride, tile, pitch, rows, columns);
  }
}

void repeat(char* tile, size_t period, size_t n) {
  for (size_t have = period; have < n; have *= 2) std::memcpy(tile + have, tile, std::min(have, n - have));
}

}  // namespace gradsmith::plan
