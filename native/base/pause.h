#pragma once
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace gradsmith {

/// Tells the core that this is a spin loop.
inline void cpu_pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && !defined(_MSC_VER)
  __asm__ __volatile__("yield" ::: "memory");
#endif
}

}  // namespace gradsmith
