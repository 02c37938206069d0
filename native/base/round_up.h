// Sizes and places in whole units.
#pragma once
#include <cstddef>

namespace gradsmith {

/// The least multiple of `unit` that is not less than n.
constexpr size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace gradsmith
