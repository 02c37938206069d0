// Loops over registers must be unrolled, or the arrays they index live in memory.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
#define GRADSMITH_PRAGMA(x) _Pragma(#x)
#define GRADSMITH_UNROLL(n) GRADSMITH_PRAGMA(GCC unroll n)
#else
#define GRADSMITH_UNROLL(n)  // clang unrolls loops of constant length by itself
#endif

/// For the unrolled kernels: instrumenting each of their loads makes them a hundred times as long to compile and to
/// run, so their bounds are shown by guard pages instead (test/native/gemm_test.cc).
#if defined(__GNUC__)
#define GRADSMITH_GUARDED_BY_PAGES __attribute__((no_sanitize("address", "undefined")))
#else
#define GRADSMITH_GUARDED_BY_PAGES
#endif
