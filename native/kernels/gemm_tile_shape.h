// What tiles look like on an ISA level: for the kernels, as constants, and for whoever plans, on any CPU.
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/gemm.h"

namespace gradsmith::kernels {

template <class Isa>
struct TileShape {
  static constexpr bool kManyRegisters = Isa::kName[0] == 'n' || Isa::kName[3] == '5';
  static constexpr int kMaxRows = kManyRegisters ? 14 : 6;
  static constexpr int kMidRows = kManyRegisters ? 6 : 2;
  static constexpr int kLowRows = kManyRegisters ? 3 : 1;
  static constexpr int kMaxVectors = 8;
  /// AVX-512 alone loads parts of vectors at full speed; elsewhere the last columns of B are padded by packing.
  static constexpr bool kMaskedLoads = Isa::kName[3] == '5';
  /// Caches as they are usual where a core has the level.
  static constexpr int kL1Bytes = (kManyRegisters ? 48 : 32) * 1024;
  static constexpr int kL2Bytes = (kManyRegisters ? 1024 : 512) * 1024;
  /// A second level so much larger is made use of.
  static constexpr int kMostL2Bytes = (kMaskedLoads ? 2048 : 0) * 1024;
  /// Vectors of the largest tile.
  static constexpr int kMaxAccumulators = 28;
};

/// Of tiles of elements of so many bytes, `lanes` a vector, on a machine whose second-level cache has `l2` bytes (0: as
/// usual). Plain products take one term a step and copy nothing.
template <class Isa>
constexpr GemmTraits tile_traits(int32_t element_bytes, int32_t lanes, int32_t l2 = 0, int32_t terms = 1,
                                 bool copies = false) {
  using Shape = TileShape<Isa>;
  const int32_t l2_here = std::max(Shape::kL2Bytes, std::min(l2, Shape::kMostL2Bytes));
  return {element_bytes, lanes,  Shape::kMaxRows,       Shape::kMidRows, Shape::kLowRows, Shape::kMaskedLoads,
          terms,         copies, Shape::kManyRegisters, Shape::kL1Bytes, Shape::kL2Bytes, l2_here};
}

}  // namespace gradsmith::kernels
