// Angles too large for a few-term reduction: x mod pi/2 to full precision, after Payne and Hanek. One number at a time.
#pragma once
#include "simd/math_poly.h"

namespace gradsmith::simd {

/// Tag: the vector type in use, so that each ISA level has its own copy.
template <class Tag>
struct LargeAngle {
  __extension__ typedef unsigned __int128 Wide;

  /// x = k·pi/2 + r with |r| <= pi/4; gives k mod 4. x finite, at least 2^16. r: about one ulp.
  static int reduce(double x, double& r) {
    const uint64_t raw = __builtin_bit_cast(uint64_t, x);
    const int exponent = static_cast<int>(raw >> 52 & 0x7ff) - 1075;  // x = m · 2^exponent
    const uint64_t m = (raw & ((uint64_t{1} << 52) - 1)) | uint64_t{1} << 52;
    // x·(2/pi) mod 4 needs no digit of 2/pi whose product with x is a multiple of 4. Three words from there on, times
    // m, keep 2 bits before the point and 190 behind, of which at most 62 are lost to a fraction near 0.
    const int skip = exponent > 2 ? exponent - 2 : 0;
    uint64_t w[3];
    for (int i = 0; i < 3; ++i) w[i] = digits(skip + 64 * i);
    for (int drop = 2 - exponent; drop > 0; drop -= drop > 63 ? 63 : drop) {
      const int by = drop > 63 ? 63 : drop;
      w[2] = w[2] >> by | w[1] << (64 - by);
      w[1] = w[1] >> by | w[0] << (64 - by);
      w[0] >>= by;
    }
    const Wide low = Wide(m) * w[2];
    const Wide mid = Wide(m) * w[1] + static_cast<uint64_t>(low >> 64);
    uint64_t p[3] = {m * w[0] + static_cast<uint64_t>(mid >> 64), static_cast<uint64_t>(mid),
                     static_cast<uint64_t>(low)};
    int quadrant = static_cast<int>(p[0] >> 62);
    shift_left(p, 2);
    const bool above_half = p[0] >> 63 != 0;  // then take the next quadrant and a negative fraction
    if (above_half) {
      quadrant = (quadrant + 1) & 3;
      for (uint64_t& word : p) word = ~word;
    }
    int scale = -64;
    while (p[0] >> 63 == 0 && scale > -64 - 128) {
      const int by = p[0] == 0 ? 63 : __builtin_clzll(p[0]);
      shift_left(p, by);
      scale -= by;
    }
    const double high = static_cast<double>(p[0] >> 11);  // exact: 53 bits
    const double rest = static_cast<double>(p[0] << 53 >> 1 | p[1] >> 12) * 0x1p-63;
    const double h = scaled(high, scale + 11), l = scaled(rest, scale + 11);
    const double angle =
        __builtin_fma(h, 0x1.921fb54442d18p+0, __builtin_fma(h, 0x1.1a62633145c07p-54, l * 0x1.921fb54442d18p+0));
    r = above_half ? -angle : angle;
    return quadrant;
  }

 private:
  /// The first 1280 binary digits of 2/pi.
  static constexpr uint64_t kTwoOverPi[20] = {
      0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
      0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
      0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
      0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d};

  /// 64 binary digits of 2/pi from the given one on.
  static uint64_t digits(int from) {
    const int word = from / 64, bit = from % 64;
    return bit == 0 ? kTwoOverPi[word] : kTwoOverPi[word] << bit | kTwoOverPi[word + 1] >> (64 - bit);
  }
  static void shift_left(uint64_t (&p)[3], int by) {
    if (by == 0) return;
    p[0] = p[0] << by | p[1] >> (64 - by);
    p[1] = p[1] << by | p[2] >> (64 - by);
    p[2] <<= by;
  }
  static double scaled(double x, int by) {
    return x * __builtin_bit_cast(double, static_cast<uint64_t>(by + 1023) << 52);
  }
};

}  // namespace gradsmith::simd
