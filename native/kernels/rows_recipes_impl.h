// Sums of rows that a recipe computes on the way. Compiled once per ISA level.
#pragma once
#include "kernels/elementwise_recipes_impl.h"
#include "kernels/reduce_impl.h"

namespace gradsmith::kernels {

/// In the order of reduce_rows: blocks of a row in vectors, then across lanes, then the blocks.
template <class Isa, class T, size_t kWhich>
void recipe_sum(char* const* slots, const uint16_t* at, size_t n, size_t rows, const ptrdiff_t* steps, void* y_data,
                bool mean) {
  using V = simd::Vec<T, Isa>;
  using R = RecipeVector<V, kWhich>;
  using Add = Sum<Isa, T>;
  constexpr size_t kStreams = R::kRecipe.streams, kUniforms = R::kRecipe.uniforms;
  constexpr size_t kBlock = kBlockVectors * V::kLanes;
  const T* x[kStreams];
  const T* from[kUniforms + 1];
  V numbers[kUniforms + 1];
  for (size_t i = 0; i < kStreams; ++i) x[i] = reinterpret_cast<const T*>(slots[at[1 + i]]);
  for (size_t i = 0; i < kUniforms; ++i) from[i] = reinterpret_cast<const T*>(slots[at[1 + kStreams + i]]);
  const auto vector = [&](auto load) __attribute__((always_inline)) {
    V r[static_cast<size_t>(R::kRecipe.registers())];
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kStreams; ++k) r[k] = load(x[k]);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) r[kStreams + k] = numbers[k];
    R::run(r);
    return r[static_cast<size_t>(R::kRecipe.output[0])];
  };
  T* y = static_cast<T*>(y_data);
  for (size_t row = 0; row < rows; ++row) {
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) numbers[k] = V::splat(*from[k]);
    typename Add::Total total;
    for (size_t begin = 0; begin < n; begin += kBlock) {
      const V sum = combine_block<V, Add>(
          n - begin < kBlock ? n - begin : kBlock,
          [&](size_t k)
              __attribute__((always_inline)) { return vector([&](const T* p) { return V::load(p + begin + k); }); },
          [&](size_t k, size_t count) __attribute__((always_inline)) {
            const V v = vector([&](const T* p) { return V::load_partial(p + begin + k, count); });
            return select(first_lanes<V>(count), v, V::zero());
          });
      total.add(Add::across(sum));
    }
    y[row] = mean ? total.mean(static_cast<double>(n)) : total.value();
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kStreams; ++k) x[k] = next(x[k], steps[1 + k]);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) from[k] = next(from[k], steps[1 + kStreams + k]);
  }
}

template <class Isa, class T, size_t kWhich>
constexpr RecipeSumFn recipe_sum_of() {
  if constexpr (is_summed(kRecipes[kWhich]))
    return recipe_sum<Isa, T, kWhich>;
  else
    return nullptr;
}

template <class Isa, class T, size_t... kWhich>
const RecipeSumFn* recipe_sums(std::index_sequence<kWhich...>) {
  static constexpr RecipeSumFn kSums[] = {recipe_sum_of<Isa, T, kWhich>()...};
  return kSums;
}

}  // namespace gradsmith::kernels
