// Copies between strided operands and the dense tiles of an elementwise group.
#pragma once
#include <cstddef>
#include <cstdint>

#include "plan/group_space.h"

namespace gradsmith::plan {

/// Direction of a copy between an operand and a tile.
enum class Stage { kIn, kOut };

/// Elements first … first+n-1 of the flat walk, in order. `base` is the operand's address, `bytes` the size of an
/// element.
void stage_flat(Stage stage, const GroupSpace& space, size_t operand, size_t bytes, char* base, char* tile,
                int64_t first, int64_t n);

/// A block of rows x columns; the tile's rows are `pitch` elements apart.
void stage_block(Stage stage, size_t bytes, char* base, int64_t row_stride, int64_t column_stride, char* tile,
                 int64_t pitch, int64_t rows, int64_t columns);

/// The first `period` bytes of the tile, again and again up to n bytes.
void repeat(char* tile, size_t period, size_t n);

}  // namespace gradsmith::plan
