// Vec on the avx2 level.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/cpu.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma")
#include "simd/vec_avx2.h"

namespace gradsmith::simd {
namespace {
using Isa = Avx2;
bool level_runs() { return cpu_features().avx2_fma; }
}  // namespace
}  // namespace gradsmith::simd

#include "vec_cases.h"
#endif
