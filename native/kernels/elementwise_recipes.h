// Recipes: the chains that networks are made of, each compiled into one loop over memory. A recipe is a small program
// of micro ops, so the loop computes bit for bit what its ops compute one by one, and lowering (plan/group_match.h)
// finds it in a group by its ops alone: nothing in the plan format knows of it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/elementwise.h"

namespace gradsmith::kernels {

inline constexpr size_t kMaxRecipeOps = 14, kMaxRecipeInputs = 12, kMaxRecipeOutputs = 3;
inline constexpr size_t kMaxRecipeRegisters = kMaxRecipeInputs + kMaxRecipeOps;

/// Registers: `streams` values per element, then `uniforms` numbers, then the ops' results. Every value that a reader
/// outside may want is an output. The others can be reached from the last op, or are the only ones of their kind with
/// their operands.
struct Recipe {
  struct Op {
    Micro op;
    int a = 0, b = 0, c = 0;
  };
  int streams, uniforms;
  int ops;
  Op op[kMaxRecipeOps];
  int outputs;
  int output[kMaxRecipeOutputs];

  constexpr int inputs() const { return streams + uniforms; }
  constexpr int registers() const { return inputs() + ops; }
};

/// Longest first: the first that fits is taken.
inline constexpr Recipe kRecipes[] = {
    // AdamW: streams w m v g; numbers beta1, 1-beta1, beta2, 1-beta2, root scale, epsilon, step size, what is left of
    // w.
    {4,
     8,
     14,
     {{Micro::kMul, 1, 4},
      {Micro::kMul, 3, 5},
      {Micro::kAdd, 12, 13},  // 14: m
      {Micro::kMul, 2, 6},
      {Micro::kSquare, 3},
      {Micro::kMul, 16, 7},
      {Micro::kAdd, 15, 17},  // 18: v
      {Micro::kSqrt, 18},
      {Micro::kMul, 19, 8},
      {Micro::kAdd, 20, 9},
      {Micro::kDiv, 14, 21},
      {Micro::kMul, 22, 10},
      {Micro::kMul, 0, 11},
      {Micro::kSub, 24, 23}},
     3,
     {25, 14, 18}},
    // Adam: the same, but w is taken whole.
    {4,
     7,
     13,
     {{Micro::kMul, 1, 4},
      {Micro::kMul, 3, 5},
      {Micro::kAdd, 11, 12},  // 13: m
      {Micro::kMul, 2, 6},
      {Micro::kSquare, 3},
      {Micro::kMul, 15, 7},
      {Micro::kAdd, 14, 16},  // 17: v
      {Micro::kSqrt, 17},
      {Micro::kMul, 18, 8},
      {Micro::kAdd, 19, 9},
      {Micro::kDiv, 13, 20},
      {Micro::kMul, 21, 10},
      {Micro::kSub, 0, 22}},
     3,
     {23, 13, 17}},
    // The end of a network: a bias (a number where the result is one column), sigmoid, the squared error, and its
    // gradient before the bias. Streams x [bias] target; numbers [bias] 2, slope of the error, 1: with
    // s = sigmoid(x + bias) and d = s - target, d² and slope·(d·2)·(s·(1-s)).
    {2,
     4,
     9,
     {{Micro::kAdd, 0, 2},
      {Micro::kSigmoid, 6},
      {Micro::kSub, 7, 1},
      {Micro::kSquare, 8},
      {Micro::kMul, 8, 3},
      {Micro::kMul, 4, 10},
      {Micro::kSub, 5, 7},
      {Micro::kMul, 7, 12},
      {Micro::kMul, 11, 13}},
     2,
     {9, 14}},
    {3,
     3,
     9,
     {{Micro::kAdd, 0, 1},
      {Micro::kSigmoid, 6},
      {Micro::kSub, 7, 2},
      {Micro::kSquare, 8},
      {Micro::kMul, 8, 3},
      {Micro::kMul, 4, 10},
      {Micro::kSub, 5, 7},
      {Micro::kMul, 7, 12},
      {Micro::kMul, 11, 13}},
     2,
     {9, 14}},
    // The gradient of a layer that normalises: (dy·gamma - a - u·b)·scale, where u is (x - mean)·scale. Streams dy
    // gamma x; numbers mean, scale, a, b; then with u in x's place: numbers a, b, scale.
    {3,
     4,
     7,
     {{Micro::kMul, 0, 1},
      {Micro::kSub, 7, 5},
      {Micro::kSub, 2, 3},
      {Micro::kMul, 9, 4},
      {Micro::kMul, 10, 6},
      {Micro::kSub, 8, 11},
      {Micro::kMul, 12, 4}},
     1,
     {13}},
    {3,
     3,
     5,
     {{Micro::kMul, 0, 1}, {Micro::kSub, 6, 3}, {Micro::kMul, 2, 4}, {Micro::kSub, 7, 8}, {Micro::kMul, 9, 5}},
     1,
     {10}},
    // A layer that normalises. Streams x gamma beta; numbers mean, scale.
    {3, 2, 4, {{Micro::kSub, 0, 3}, {Micro::kMul, 5, 4}, {Micro::kMul, 6, 1}, {Micro::kAdd, 7, 2}}, 1, {8}},
    // SGD with momentum. Streams w, velocity, g; numbers momentum, rate.
    {3, 2, 4, {{Micro::kMul, 1, 3}, {Micro::kAdd, 5, 2}, {Micro::kMul, 6, 4}, {Micro::kSub, 0, 7}}, 2, {8, 6}},
    // A bias, an activation, and the slope that the way back will want: s and s·(1-s), t and 1-t², gelu and its slope.
    {2, 1, 4, {{Micro::kAdd, 0, 1}, {Micro::kSigmoid, 3}, {Micro::kSub, 2, 4}, {Micro::kMul, 4, 5}}, 2, {4, 6}},
    {2, 1, 4, {{Micro::kAdd, 0, 1}, {Micro::kTanh, 3}, {Micro::kSquare, 4}, {Micro::kSub, 2, 5}}, 2, {4, 6}},
    {2, 0, 3, {{Micro::kAdd, 0, 1}, {Micro::kGelu, 2}, {Micro::kGeluSlope, 2}}, 2, {3, 4}},
    // The gradients of sigmoid, of tanh, of relu: g·(y·(1-y)), g·(1-y²), y > 0 ? g : 0. Streams g, y.
    {2, 1, 3, {{Micro::kSub, 2, 1}, {Micro::kMul, 1, 3}, {Micro::kMul, 0, 4}}, 1, {5}},
    {2, 1, 3, {{Micro::kSquare, 1}, {Micro::kSub, 2, 3}, {Micro::kMul, 0, 4}}, 1, {5}},
    {2, 2, 2, {{Micro::kGreater, 1, 2}, {Micro::kSelect, 4, 0, 3}}, 1, {5}},
    // The gradient of logSoftmax. Streams y, dy; number the sum of dy.
    {2, 1, 3, {{Micro::kExp, 0}, {Micro::kMul, 3, 2}, {Micro::kSub, 1, 4}}, 1, {5}},
    // What the gradient of a layer that normalises adds up: dy·gamma, and it times u. Streams dy gamma x; numbers mean,
    // scale; then streams dy gamma u.
    {3, 2, 4, {{Micro::kMul, 0, 1}, {Micro::kSub, 2, 3}, {Micro::kMul, 6, 4}, {Micro::kMul, 5, 7}}, 2, {5, 8}},
    {3, 0, 2, {{Micro::kMul, 0, 1}, {Micro::kMul, 3, 2}}, 2, {3, 4}},
    // What the gradient of a gain adds up by columns: dy times u. Streams dy x; numbers mean, scale.
    {2, 2, 3, {{Micro::kSub, 1, 2}, {Micro::kMul, 4, 3}, {Micro::kMul, 0, 5}}, 1, {6}},
    // SGD: w - g·rate; and a·x + y the other way round.
    {2, 1, 2, {{Micro::kMul, 1, 2}, {Micro::kSub, 0, 3}}, 1, {4}},
    {2, 1, 2, {{Micro::kMul, 1, 2}, {Micro::kAdd, 0, 3}}, 1, {4}},
    // A bias and an activation.
    {2, 0, 2, {{Micro::kAdd, 0, 1}, {Micro::kRelu, 2}}, 1, {3}},
    {2, 0, 2, {{Micro::kAdd, 0, 1}, {Micro::kGelu, 2}}, 1, {3}},
    {2, 0, 2, {{Micro::kAdd, 0, 1}, {Micro::kSigmoid, 2}}, 1, {3}},
    {2, 0, 2, {{Micro::kAdd, 0, 1}, {Micro::kTanh, 2}}, 1, {3}},
    // The gradient of gelu; silu.
    {2, 0, 2, {{Micro::kGeluSlope, 1}, {Micro::kMul, 0, 2}}, 1, {3}},
    {1, 0, 2, {{Micro::kSigmoid, 0}, {Micro::kMul, 0, 1}}, 1, {2}},
    // The gradient of softmax. Streams dy y; number the sum of dy·y.
    {2, 1, 2, {{Micro::kSub, 0, 2}, {Micro::kMul, 1, 3}}, 1, {4}},
    // Centred and scaled; centred and squared; numbers of the row.
    {1, 2, 2, {{Micro::kSub, 0, 1}, {Micro::kMul, 3, 2}}, 1, {4}},
    {1, 1, 2, {{Micro::kSub, 0, 1}, {Micro::kSquare, 2}}, 1, {3}},
    // The scale of a row that is normalised: 1 / √(variance + epsilon). Stream: the rows' variances.
    {1, 1, 3, {{Micro::kAdd, 0, 1}, {Micro::kSqrt, 2}, {Micro::kReciprocal, 3}}, 1, {4}},
    // Scaled and shifted by rows, as layers that normalise do.
    {3, 0, 2, {{Micro::kMul, 0, 1}, {Micro::kAdd, 3, 2}}, 1, {4}},
    // Squared difference.
    {2, 0, 2, {{Micro::kSub, 0, 1}, {Micro::kSquare, 2}}, 1, {3}},
    // Ops by themselves.
    {2, 0, 1, {{Micro::kAdd, 0, 1}}, 1, {2}},
    {2, 0, 1, {{Micro::kSub, 0, 1}}, 1, {2}},
    {2, 0, 1, {{Micro::kMul, 0, 1}}, 1, {2}},
    {2, 0, 1, {{Micro::kDiv, 0, 1}}, 1, {2}},
    {1, 1, 1, {{Micro::kAdd, 0, 1}}, 1, {2}},
    {1, 1, 1, {{Micro::kSub, 0, 1}}, 1, {2}},
    {1, 1, 1, {{Micro::kMul, 0, 1}}, 1, {2}},
    {1, 0, 1, {{Micro::kRelu, 0}}, 1, {1}},
    {1, 0, 1, {{Micro::kExp, 0}}, 1, {1}},
    {1, 0, 1, {{Micro::kLog, 0}}, 1, {1}},
    {1, 0, 1, {{Micro::kSigmoid, 0}}, 1, {1}},
    {1, 0, 1, {{Micro::kTanh, 0}}, 1, {1}},
    {1, 0, 1, {{Micro::kGelu, 0}}, 1, {1}},
    {1, 0, 1, {{Micro::kGeluSlope, 0}}, 1, {1}},
};
inline constexpr size_t kRecipeCount = sizeof(kRecipes) / sizeof(kRecipes[0]);
/// Results of a recipe that can be added up in one pass.
inline constexpr size_t kMostSums = 2;
/// Has the recipe one result or two, which need no transcendental? Then rows of them can be added up as they are made.
constexpr bool is_summed(const Recipe& recipe) {
  for (int k = 0; k < recipe.ops; ++k) {
    const Micro op = recipe.op[k].op;
    if (op != Micro::kAdd && op != Micro::kSub && op != Micro::kMul && op != Micro::kSquare && op != Micro::kNeg)
      return false;
  }
  return recipe.outputs <= static_cast<int>(kMostSums);
}
/// Is it a product of two streams with little else? Then its columns can be added up as they are made: gradients of
/// gains are such, of others there are none to be expected.
constexpr bool is_summed_by_columns(const Recipe& recipe) {
  return is_summed(recipe) && recipe.outputs == 1 && recipe.streams == 2 && recipe.ops <= 3 &&
         recipe.op[recipe.ops - 1].op == Micro::kMul;
}
/// Shorter ones pay only where they are all that a group does: a group's own steps keep values in registers.
inline constexpr int kFewestOpsInside = 3;

struct RecipeKernels {
  RecipeFn* function[2][kRecipeCount];  // float32, float64
};
/// Of one level; defined by isa/recipes_*.cc.
template <class Isa>
const RecipeKernels& recipe_kernels();

}  // namespace gradsmith::kernels
