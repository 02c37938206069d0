// Sums of columns of rows that come a few at a time, from memory or from a recipe that computes them on the way.
// Compiled once per ISA level.
#pragma once
#include "kernels/elementwise_recipes_impl.h"
#include "kernels/reduce_impl.h"

namespace gradsmith::kernels {

/// Rows as they lie in memory: vectors of the present one, `tail` lanes wide if they are partial.
template <class V>
struct MemoryRows {
  const typename V::T* x;
  ptrdiff_t step;  // bytes

  template <bool kPartial>
  GRADSMITH_INLINE V vector(size_t k, size_t tail) const {
    return kPartial ? V::load_partial(x + k, tail) : V::load(x + k);
  }
  GRADSMITH_INLINE void advance() { x = next(x, step); }
};

/// Rows that a recipe with one result makes, of no memory.
template <class V, size_t kWhich>
struct RecipeRows {
  using T = typename V::T;
  using R = RecipeVector<V, kWhich>;
  static constexpr size_t kStreams = R::kRecipe.streams, kUniforms = R::kRecipe.uniforms;
  const T* x[kStreams];
  const T* from[kUniforms + 1];
  const ptrdiff_t* steps;  // of the streams, then of the numbers; bytes

  template <bool kPartial>
  GRADSMITH_INLINE V vector(size_t k, size_t tail) const {
    V r[static_cast<size_t>(R::kRecipe.registers())];
    GRADSMITH_UNROLL(16)
    for (size_t i = 0; i < kStreams; ++i) r[i] = kPartial ? V::load_partial(x[i] + k, tail) : V::load(x[i] + k);
    GRADSMITH_UNROLL(16)
    for (size_t i = 0; i < kUniforms; ++i) r[kStreams + i] = V::splat(*from[i]);
    R::run(r);
    return r[static_cast<size_t>(R::kRecipe.output[0])];
  }
  GRADSMITH_INLINE void advance() {
    GRADSMITH_UNROLL(16)
    for (size_t i = 0; i < kStreams; ++i) x[i] = next(x[i], steps[i]);
    GRADSMITH_UNROLL(16)
    for (size_t i = 0; i < kUniforms; ++i) from[i] = next(from[i], steps[kStreams + i]);
  }
};

/// kVectors vectors of neighbouring columns from `column` on: the chains of block_columns, between pieces in memory.
template <class V, size_t kVectors, size_t kChains, bool kPartial, class Rows>
GRADSMITH_INLINE void add_piece(Rows from, size_t rows, size_t column, size_t tail, const ColumnPiece& piece) {
  using T = typename V::T;
  T* const kept = static_cast<T*>(piece.chains) + column;
  V chain[kChains][kVectors];
  GRADSMITH_UNROLL(4)
  for (size_t c = 0; c < kChains; ++c) {
    GRADSMITH_UNROLL(4)
    for (size_t v = 0; v < kVectors; ++v)
      chain[c][v] = piece.first ? V::zero() : V::load(kept + c * piece.pitch + v * V::kLanes);
  }
  size_t r = 0;
  for (; r + kChains <= rows; r += kChains) {
    GRADSMITH_UNROLL(4)
    for (size_t c = 0; c < kChains; ++c) {
      GRADSMITH_UNROLL(4)
      for (size_t v = 0; v < kVectors; ++v)
        chain[c][v] = chain[c][v] + from.template vector<kPartial>(column + v * V::kLanes, tail);
      from.advance();
    }
  }
  for (; r < rows; ++r, from.advance()) {
    GRADSMITH_UNROLL(4)
    for (size_t v = 0; v < kVectors; ++v)
      chain[0][v] = chain[0][v] + from.template vector<kPartial>(column + v * V::kLanes, tail);
  }
  GRADSMITH_UNROLL(4)
  for (size_t v = 0; v < kVectors; ++v) {
    if (piece.sums == nullptr) {
      GRADSMITH_UNROLL(4)
      for (size_t c = 0; c < kChains; ++c) chain[c][v].store(kept + c * piece.pitch + v * V::kLanes);
      continue;
    }
    V sum = chain[0][v];
    GRADSMITH_UNROLL(4)
    for (size_t c = 1; c < kChains; ++c) sum = sum + chain[c][v];
    sum.store(static_cast<T*>(piece.sums) + column + v * V::kLanes);
  }
}

/// In panels as reduce_columns takes them.
template <class V, class Rows>
GRADSMITH_INLINE void add_pieces(const Rows& from, size_t columns, size_t rows, const ColumnPiece& piece) {
  constexpr size_t kLanes = V::kLanes;
  size_t j = 0;
  for (; j + 4 * kLanes <= columns; j += 4 * kLanes) add_piece<V, 4, 2, false>(from, rows, j, 0, piece);
  for (; j + kLanes <= columns; j += kLanes) add_piece<V, 1, 4, false>(from, rows, j, 0, piece);
  if (j < columns) add_piece<V, 1, 4, true>(from, rows, j, columns - j, piece);
}

template <class Isa, class T>
void column_sum(const void* x, ptrdiff_t step, size_t columns, size_t rows, const ColumnPiece& piece) {
  using V = simd::Vec<T, Isa>;
  add_pieces<V>(MemoryRows<V>{static_cast<const T*>(x), step}, columns, rows, piece);
}

template <class Isa, class T, size_t kWhich>
void recipe_column_sum(char* const* slots, const uint16_t* at, const ptrdiff_t* steps, size_t columns, size_t rows,
                       const ColumnPiece& piece) {
  using V = simd::Vec<T, Isa>;
  using Rows = RecipeRows<V, kWhich>;
  Rows from;
  for (size_t i = 0; i < Rows::kStreams; ++i) from.x[i] = reinterpret_cast<const T*>(slots[at[1 + i]]);
  for (size_t i = 0; i < Rows::kUniforms; ++i)
    from.from[i] = reinterpret_cast<const T*>(slots[at[1 + Rows::kStreams + i]]);
  from.steps = steps + 1;
  add_pieces<V>(from, columns, rows, piece);
}

/// In strips, so that the inner loop runs along memory.
template <class Isa, class T>
void column_total(const void* data, size_t pitch, size_t blocks, void* y, size_t first, size_t last,
                  const double* mean_of) {
  constexpr size_t kStrip = 64;
  const auto* const sums = static_cast<const T*>(data);
  for (size_t j = first; j < last; j += kStrip) {
    const size_t width = last - j < kStrip ? last - j : kStrip;
    SumTotal<Isa, T> totals[kStrip];
    for (size_t b = 0; b < blocks; ++b) {
      const T* const block = sums + b * pitch + j;
      for (size_t i = 0; i < width; ++i) totals[i].add(block[i]);
    }
    T* const out = static_cast<T*>(y) + j;
    for (size_t i = 0; i < width; ++i) out[i] = mean_of != nullptr ? totals[i].mean(*mean_of) : totals[i].value();
  }
}

template <class Isa, class T, size_t kWhich>
constexpr RecipeColumnSumFn recipe_column_sum_of() {
  if constexpr (is_summed_by_columns(kRecipes[kWhich]))
    return recipe_column_sum<Isa, T, kWhich>;
  else
    return nullptr;
}

template <class Isa, class T, size_t... kWhich>
const RecipeColumnSumFn* recipe_column_sums(std::index_sequence<kWhich...>) {
  static constexpr RecipeColumnSumFn kSums[] = {recipe_column_sum_of<Isa, T, kWhich>()...};
  return kSums;
}

template <class Isa, class T>
void fill_column_sums(RowKernels& kernels, size_t dtype) {
  kernels.column_sum[dtype] = column_sum<Isa, T>;
  kernels.column_total[dtype] = column_total<Isa, T>;
  kernels.recipe_column_sum[dtype] = recipe_column_sums<Isa, T>(std::make_index_sequence<kRecipeCount>{});
}

}  // namespace gradsmith::kernels
