// The loops of the recipes (elementwise_recipes.h) of one ISA level. Include the level's vec_*.h first.
#pragma once
#include <utility>

#include "kernels/elementwise_blocks.h"
#include "kernels/elementwise_recipes.h"
#include "kernels/gemm_unroll.h"

namespace gradsmith::kernels {

/// One recipe over vectors: the whole program unrolled into registers.
template <class V, size_t kWhich>
struct RecipeVector {
  static constexpr Recipe kRecipe = kRecipes[kWhich];

  template <int k>
  static GRADSMITH_INLINE V apply(const V* r) {
    using L = Light<V>;
    constexpr Recipe::Op o = kRecipe.op[k];
    if constexpr (o.op == Micro::kAdd)
      return L::Add(r[o.a], r[o.b]);
    else if constexpr (o.op == Micro::kSub)
      return L::Sub(r[o.a], r[o.b]);
    else if constexpr (o.op == Micro::kMul)
      return L::Mul(r[o.a], r[o.b]);
    else if constexpr (o.op == Micro::kDiv)
      return L::Div(r[o.a], r[o.b]);
    else if constexpr (o.op == Micro::kGreater)
      return L::Greater(r[o.a], r[o.b]);
    else if constexpr (o.op == Micro::kSelect) {
      // Straight from the comparison: its mask need not become lanes first.
      constexpr Recipe::Op condition = kRecipe.op[o.a - kRecipe.inputs()];
      static_assert(condition.op == Micro::kGreater);
      return select(r[condition.a] > r[condition.b], r[o.b], r[o.c]);
    } else {
      return float_unary<o.op>(r[o.a]);
    }
  }

  template <int... k>
  static GRADSMITH_INLINE void all(V* r, std::integer_sequence<int, k...>) {
    ((r[kRecipe.inputs() + k] = apply<k>(r)), ...);
  }
  /// The ops' registers from the inputs'.
  static GRADSMITH_INLINE void run(V* r) { all(r, std::make_integer_sequence<int, kRecipe.ops>{}); }

  static constexpr bool heavy() {
    for (int k = 0; k < kRecipe.ops; ++k) {
      if (is_math(kRecipe.op[k].op)) return true;
    }
    return false;
  }
};

template <class T>
GRADSMITH_INLINE T* next(T* p, ptrdiff_t bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) + static_cast<uintptr_t>(bytes));
}

/// `at`: slots of the outputs, the streams, the numbers (which stand in their slot's first lane).
template <class Isa, class T, size_t kWhich>
void run_recipe(char* const* slots, const uint16_t* at, size_t n, size_t rows, const ptrdiff_t* steps) {
  using V = simd::Vec<T, Isa>;
  using R = RecipeVector<V, kWhich>;
  constexpr size_t kOutputs = R::kRecipe.outputs, kStreams = R::kRecipe.streams, kUniforms = R::kRecipe.uniforms;
  // Long chains overlap between iterations by themselves.
  constexpr size_t kUnroll = R::heavy() || R::kRecipe.ops > 4 ? 2 : 4;
  T* y[kOutputs];
  const T* x[kStreams];
  const T* from[kUniforms + 1];
  V numbers[kUniforms + 1];
  GRADSMITH_UNROLL(16)
  for (size_t i = 0; i < kOutputs; ++i) y[i] = reinterpret_cast<T*>(slots[at[i]]);
  GRADSMITH_UNROLL(16)
  for (size_t i = 0; i < kStreams; ++i) x[i] = reinterpret_cast<const T*>(slots[at[kOutputs + i]]);
  GRADSMITH_UNROLL(16)
  for (size_t i = 0; i < kUniforms; ++i) {
    from[i] = reinterpret_cast<const T*>(slots[at[kOutputs + kStreams + i]]);
    numbers[i] = V::splat(*from[i]);
  }
  const auto vector = [&](size_t i, auto load, auto store) __attribute__((always_inline)) {
    V r[static_cast<size_t>(R::kRecipe.registers())];
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kStreams; ++k) r[k] = load(x[k] + i);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) r[kStreams + k] = numbers[k];
    R::run(r);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kOutputs; ++k) store(r[static_cast<size_t>(R::kRecipe.output[k])], y[k] + i);
  };
  const auto full = [&](size_t i) __attribute__((always_inline)) {
    vector(
        i, [](const T* p) { return V::load(p); }, [](V v, T* p) { v.store(p); });
  };
  const auto next_row = [&]() __attribute__((always_inline)) {
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kOutputs; ++k) y[k] = next(y[k], steps[k]);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kStreams; ++k) x[k] = next(x[k], steps[kOutputs + k]);
    GRADSMITH_UNROLL(16)
    for (size_t k = 0; k < kUniforms; ++k) {
      from[k] = next(from[k], steps[kOutputs + kStreams + k]);
      numbers[k] = V::splat(*from[k]);
    }
  };
  if constexpr (R::heavy() && V::kLanes > 1) {
    if (n == V::kLanes) {  // a loop of their own for rows of one vector: polynomials stay in registers from row to row
      for (;;) {
        full(0);
        if (--rows == 0) return;
        next_row();
      }
    }
  }
  for (;;) {
    size_t i = 0;
    for (; i + kUnroll * V::kLanes <= n; i += kUnroll * V::kLanes) {
#pragma GCC unroll 4
      for (size_t u = 0; u < kUnroll; ++u) full(i + u * V::kLanes);
    }
    for (; i + V::kLanes <= n; i += V::kLanes) full(i);
    if (i < n) {
      const size_t rest = n - i;
      vector(
          i, [rest](const T* p) { return V::load_partial(p, rest); }, [rest](V v, T* p) { v.store_partial(p, rest); });
    }
    if (--rows == 0) return;
    next_row();
  }
}

template <class Isa, size_t... kWhich>
constexpr RecipeKernels recipes_of(std::index_sequence<kWhich...>) {
  return {{{run_recipe<Isa, float, kWhich>...}, {run_recipe<Isa, double, kWhich>...}}};
}

template <class Isa>
const RecipeKernels& recipe_kernels() {
  static constexpr RecipeKernels kKernels = recipes_of<Isa>(std::make_index_sequence<kRecipeCount>{});
  return kKernels;
}

}  // namespace gradsmith::kernels
