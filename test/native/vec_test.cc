// Vec on the scalar level.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "simd/vec_scalar.h"

namespace gradsmith::simd {
namespace {
using Isa = Scalar;
bool level_runs() { return true; }
}  // namespace
}  // namespace gradsmith::simd

#include "vec_cases.h"
