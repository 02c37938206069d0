// Loops fused by hand, for the elementwise benchmarks to be measured against: what a group does, written as one loop
// over the level's vectors, op for op. `traffic` only moves memory: the same streams read and written, one addition
// each.
#pragma once
#include <cstddef>

namespace gradsmith::bench {

/// Over n elements of `b`: outputs first, then inputs, then numbers in arrays of one. `row`: length of a bias.
using HandLoop = void (*)(float* const* b, size_t n, size_t row);

struct HandLoops {
  const char* isa;
  HandLoop sigmoid, gelu, sigmoid_grad, relu_grad, bias_relu, bias_gelu, sgd, adam, chain;
  /// y = Σ x over `reads` streams, to `writes` streams.
  void (*traffic)(float* const* y, size_t writes, float* const* x, size_t reads, size_t n);
};

/// Defined by isa/hand_loops_<level>.cc.
template <class Isa>
HandLoops hand_loops();

}  // namespace gradsmith::bench
