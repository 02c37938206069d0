// Loops over registers must be unrolled, or the arrays they index live in memory.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
#define GRADSMITH_PRAGMA(x) _Pragma(#x)
#define GRADSMITH_UNROLL(n) GRADSMITH_PRAGMA(GCC unroll n)
#else
#define GRADSMITH_UNROLL(n)  // clang unrolls loops of constant length by itself
#endif

/// For the unrolled kernels: checks of every address computed make them many times as long to compile. Their bounds are
/// shown by guard pages (test/native/gemm_testing.h) and by the address sanitizer. (That one must stay on: in a
/// function without it g++ 12 marks inlined functions' variables as out of scope and nobody clears the marks.)
#if defined(__GNUC__)
#define GRADSMITH_GUARDED_BY_PAGES __attribute__((no_sanitize("undefined")))
#else
#define GRADSMITH_GUARDED_BY_PAGES
#endif
