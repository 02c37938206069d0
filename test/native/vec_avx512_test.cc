// Vec on the avx512 level.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/cpu.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#include "simd/vec_avx512.h"

namespace gradsmith::simd {
namespace {
using Isa = Avx512;
bool level_runs() { return cpu_features().avx512; }
}  // namespace
}  // namespace gradsmith::simd

#include "vec_cases.h"
#endif
