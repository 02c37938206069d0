// Vec on the neon level.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#if defined(__aarch64__)
#include "simd/vec_neon.h"

namespace gradsmith::simd {
namespace {
using Isa = Neon;
bool level_runs() { return true; }
}  // namespace
}  // namespace gradsmith::simd

#include "vec_cases.h"
#endif
