// Loops over registers must be unrolled, or the arrays they index live in memory.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
#define GRADSMITH_PRAGMA(x) _Pragma(#x)
#define GRADSMITH_UNROLL(n) GRADSMITH_PRAGMA(GCC unroll n)
#else
#define GRADSMITH_UNROLL(n)  // clang unrolls loops of constant length by itself
#endif
