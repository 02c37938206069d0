// exp, log, sigmoid, tanh, erf, gelu, sin, cos over Vec<float> and Vec<double>: the same bits on every ISA level.
// Each function's file states its error bound (k…Ulp), which test/native/math_test.cc checks.
#pragma once
#include "simd/math_erf.h"
#include "simd/math_exp.h"
#include "simd/math_gelu.h"
#include "simd/math_log.h"
#include "simd/math_sigmoid.h"
#include "simd/math_trig.h"
