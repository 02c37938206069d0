// Denormals, the numbers below the smallest normal one (2^-126 in float32): whether arithmetic takes them for 0.
#pragma once
#include <atomic>
#include <cstdint>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace gradsmith {

/// Should plans keep denormals as they are? Set before any runs. No: some CPUs take some 100 cycles for a
/// multiplication with one, and a saturated sigmoid or a moment that decays makes many.
inline std::atomic<bool> keep_denormals{false};

/// While one lives, arithmetic of its thread takes denormal operands and results for 0, unless they are to be kept.
class DenormalsAreZero {
 public:
  DenormalsAreZero()
      : was_(control()), changes_(!keep_denormals.load(std::memory_order_relaxed) && (was_ & kZero) != kZero) {
    if (changes_) write(was_ | kZero);
  }
  ~DenormalsAreZero() {
    if (changes_) write(was_);
  }
  DenormalsAreZero(const DenormalsAreZero&) = delete;
  DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;

 private:
#if defined(__x86_64__) || defined(_M_X64)
  static constexpr uint64_t kZero = 0x8040;  // MXCSR: results (FTZ) and operands (DAZ)
  static uint64_t control() { return _mm_getcsr(); }
  static void write(uint64_t bits) { _mm_setcsr(static_cast<unsigned>(bits)); }
#elif defined(__aarch64__)
  static constexpr uint64_t kZero = uint64_t{1} << 24;  // FPCR.FZ: both
  static uint64_t control() {
    uint64_t bits;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(bits));
    return bits;
  }
  static void write(uint64_t bits) { __asm__ __volatile__("msr fpcr, %0" ::"r"(bits) : "memory"); }
#else
  static constexpr uint64_t kZero = 0;
  static uint64_t control() { return 0; }
  static void write(uint64_t) {}
#endif

  const uint64_t was_;
  const bool changes_;
};

}  // namespace gradsmith
