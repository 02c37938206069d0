// Sums of rows that a recipe computes on the way. Compiled once per ISA level.
#pragma once
#include "kernels/elementwise_recipes_impl.h"
#include "kernels/reduce_impl.h"

namespace gradsmith::kernels {

/// A vector of each result, combined together.
template <class V, size_t kCount>
struct Results {
  using T = typename V::T;
  static constexpr size_t kLanes = V::kLanes;
  V v[kCount];
  static GRADSMITH_INLINE Results splat(T x) {
    Results r;
    for (V& v : r.v) v = V::splat(x);
    return r;
  }
  GRADSMITH_INLINE Results operator+(const Results& b) const {
    Results r;
    for (size_t k = 0; k < kCount; ++k) r.v[k] = v[k] + b.v[k];
    return r;
  }
};

/// In the order of reduce_rows: blocks of a row in vectors, then across lanes, then the blocks.
template <class Isa, class T, size_t kWhich>
void recipe_sum(char* const* slots, const uint16_t* at, size_t n, size_t rows, const ptrdiff_t* steps, void* const* y,
                uint32_t means) {
  using V = simd::Vec<T, Isa>;
  using R = RecipeVector<V, kWhich>;
  using Add = Sum<Isa, T>;
  constexpr size_t kOutputs = R::kRecipe.outputs, kStreams = R::kRecipe.streams, kUniforms = R::kRecipe.uniforms;
  constexpr size_t kBlock = kBlockVectors * V::kLanes;
  using Sums = Results<V, kOutputs>;
  const T* x[kStreams];
  const T* from[kUniforms + 1];
  V numbers[kUniforms + 1];
  for (size_t i = 0; i < kStreams; ++i) x[i] = reinterpret_cast<const T*>(slots[at[kOutputs + i]]);
  for (size_t i = 0; i < kUniforms; ++i) from[i] = reinterpret_cast<const T*>(slots[at[kOutputs + kStreams + i]]);
  const auto vector = [&](auto load) __attribute__((always_inline)) {
    V r[static_cast<size_t>(R::kRecipe.registers())];
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kStreams; ++k) r[k] = load(x[k]);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) r[kStreams + k] = numbers[k];
    R::run(r);
    Sums results;
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kOutputs; ++k) results.v[k] = r[static_cast<size_t>(R::kRecipe.output[k])];
    return results;
  };
  for (size_t row = 0; row < rows; ++row) {
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) numbers[k] = V::splat(*from[k]);
    typename Add::Total totals[kOutputs];
    for (size_t begin = 0; begin < n; begin += kBlock) {
      const Sums sums = combine_block<Sums, Add>(
          n - begin < kBlock ? n - begin : kBlock,
          [&](size_t k)
              __attribute__((always_inline)) { return vector([&](const T* p) { return V::load(p + begin + k); }); },
          [&](size_t k, size_t count) __attribute__((always_inline)) {
            Sums rest = vector([&](const T* p) { return V::load_partial(p + begin + k, count); });
            for (V& v : rest.v) v = select(first_lanes<V>(count), v, V::zero());
            return rest;
          });
      for (size_t k = 0; k < kOutputs; ++k) totals[k].add(Add::across(sums.v[k]));
    }
    for (size_t k = 0; k < kOutputs; ++k) {
      const bool mean = (means >> k & 1) != 0;
      static_cast<T*>(y[k])[row] = mean ? totals[k].mean(static_cast<double>(n)) : totals[k].value();
    }
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kStreams; ++k) x[k] = next(x[k], steps[kOutputs + k]);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) from[k] = next(from[k], steps[kOutputs + kStreams + k]);
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
