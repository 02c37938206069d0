// Random numbers by counter: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3;
// SC'11).
//
// An element's number depends on (seed, draw, index) alone, so any range can be computed on its own, and is the same
// bits on every machine, ISA level and number of threads. Words are unsigned 32-bit. Block b of a draw is
// philox(counter, key) with
//   counter = (b low, b high, draw low, draw high), key = (seed low, seed high), result w0 w1 w2 w3.
// Sixteen neighbouring blocks make a group, so that vectors run along counters and are stored as they come. In group g,
// lane l = 0..15 is block 16 g + l, and elements are dealt word by word:
//
//   uniform float32  64 elements a group: element 64 g + 16 k + l = (wk >> 8) · 2^-24
//   uniform float64  32 a group: element 32 g + 16 k + l = (W >> 11) · 2^-53 with W = w(2k) · 2^32 + w(2k+1), k = 0, 1
//   integer          32 a group, the same W: low + floor(W · (high - low) / 2^64). The bias of a value's probability is
//   at
//                    most 2^-64, that is 2^-32 of itself for the largest range (2^32) and less for smaller ones
//   normal float32   64 a group: k = 0, 1 (even words u = w(2k), v = w(2k+1)): element 64 g + 32 k + l = r cos t and
//                    element 64 g + 32 k + 16 + l = r sin t (Box-Muller), where r = sqrt(-2 log((u + 1) · 2^-32,
//                    rounded to float32)) and t = 2 pi (v >> 8) · 2^-24; so |x| <= 6.66
//   normal float64   32 a group: element 32 g + l = r cos t and 32 g + 16 + l = r sin t, with u, v the upper 53 bits of
//                    w0 w1 and w2 w3: r = sqrt(-2 log((u + 1) · 2^-53)), t = 2 pi v · 2^-53; so |x| <= 8.57
//
// log, sqrt, sin and cos are made of correctly rounded operations in a fixed order: the same bits everywhere.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradsmith::kernels {

struct RandomKey {
  uint64_t seed;
  uint64_t draw;
};

/// Writes elements [first, last) to y[first..last).
using RandomFn = void (*)(void* y, RandomKey key, size_t first, size_t last);
/// Integers in [low, low + range), 1 <= range <= 2^32.
using RandomIntegerFn = void (*)(void* y, RandomKey key, int64_t low, uint64_t range, size_t first, size_t last);

struct RandomKernels {
  RandomFn uniform[2];         // float32, float64
  RandomFn normal[2];          // float32, float64
  RandomIntegerFn integer[2];  // int32, uint8 (the low 8 bits)
};

}  // namespace gradsmith::kernels
