// Loops over rows fused by hand, for row_group_bench to measure row groups and row kernels against: float32, rows of up
// to 1024 elements in whole vectors, each read in as few passes as its definition allows; exponentials and their sums
// with the kernels' accuracy.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradsmith::bench {

/// Over `rows` rows of n elements; `y` the result, `a` and `b` the operands, `gamma` and `beta` a row each.
struct RowArguments {
  float* y;
  const float *a, *b, *gamma, *beta;
  const int32_t* labels;
  size_t rows, n;
};
using RowLoop = void (*)(const RowArguments&);

struct RowLoops {
  const char* isa;
  RowLoop softmax, log_softmax, cross_entropy, cross_entropy_grad, softmax_grad, log_softmax_grad, layer_norm,
      layer_norm_grad;
  /// y = a, or a + b where `two`.
  void (*traffic)(const RowArguments&, bool two);
};

/// Defined by isa/row_loops_<level>.cc.
template <class Isa>
RowLoops row_loops();

}  // namespace gradsmith::bench
