// Register tiles: kRows x (kVectors vectors) of C held in registers while k runs over a block.
//
// 32 registers (AVX-512, NEON): 14 x 2 accumulators + 2 of B + 1 of A = 31. A step over k is 28 FMAs (14 cycles on two
// ports) against 16 loads (8 cycles), so neither B from L2 nor A by strides is felt. 6 x 4 + 4 + 1 = 29; 3 x 8 + 1 of B
// + 3 of A = 28.
// 16 registers (AVX2, scalar): 6 x 2 + 2 + 1 = 15; 2 x 4 + 4 + 1 = 13; 1 x 8 + 1 + 1 = 10.
// An FMA takes 4 cycles and two start in each, so 8 accumulators are the least that keeps the ports busy: tiles of few
// rows are wider for that.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/gemm_entries.h"
#include "kernels/gemm_multiply_add.h"
#include "kernels/gemm_tile_rows.h"
#include "kernels/gemm_tile_shape.h"
#include "kernels/gemm_unroll.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// Lines of the operands are asked for so many steps of k ahead: a step from row to row is more than the CPU foresees.
inline constexpr ptrdiff_t kAhead = 16;

template <class T>
struct TileArgs {
  const T* a;
  ptrdiff_t a_row, a_col;
  const T* b;  // rows of kVectors vectors, b_row apart
  ptrdiff_t b_row;
  ptrdiff_t k;  // entries
  size_t last;  // lanes of the last vector that exist in b
  /// What is asked for meanwhile: the next steps of A (where its rows are neighbours) and B; in the last kAhead steps
  /// the first ones of the next tile (of the one behind all of `further`), not what lies behind the operands, which
  /// another core may be writing to; the lines of C that these sums or the next tile's will need. With few registers,
  /// the lines of C alone.
  const T* next_a;
  const T* next_b;
  const T* next_c;
  /// Sums of the terms before these, or null.
  const T* from;
  ptrdiff_t from_row;
  /// Where alpha·sums go, or are added to, rounded before.
  T* to;
  ptrdiff_t to_row;
  size_t to_last;  // lanes of the last vector that may be touched in `from` and `to`
  T alpha;
  bool add;
  /// So many tiles more beside this one, each `b_apart` elements of B further on. There are no sums before theirs.
  ptrdiff_t further = 0;
  ptrdiff_t b_apart = 0;
};

template <class T>
using TileFn = void (*)(TileArgs<T>&);

GRADSMITH_INLINE void prefetch([[maybe_unused]] const void* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p);
#endif
}

/// Also between two arrays, to ask for lines of the one from a place in the other.
GRADSMITH_INLINE ptrdiff_t bytes_between(const void* from, const void* to) {
  return static_cast<ptrdiff_t>(reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from));
}

/// Asks for lines of C while the sums are made; they may be far away.
template <class T, int kRows, int kColumns>
GRADSMITH_INLINE void prefetch_rows(const TileArgs<T>& t) {
#if defined(__GNUC__)
  if (t.k < 64) return;
  const T* c = t.next_c;
  GRADSMITH_UNROLL(16)
  for (int i = 0; i < kRows; i++, c += t.to_row) {
    GRADSMITH_UNROLL(8)
    for (int j = 0; j < kColumns; j += 64 / static_cast<int>(sizeof(T))) __builtin_prefetch(c + j, 1);
  }
#endif
}

/// p + step, as an address that the compiler does not see through: it would keep several, or sums of registers.
template <class T>
GRADSMITH_INLINE const T* step_along(const T* p, ptrdiff_t step) {
  p += step;
#if defined(__GNUC__)
  asm("" : "+r"(p));
#endif
  return p;
}

/// One step of k: rows' elements (q on from where they stand) times a row of B, whose last vector is loaded in part
/// where `kPart`: on Intel's cores that takes a place on the FMAs' ports.
template <class T, class Isa, bool kPart, int kRows, int kVectors, class Rows>
GRADSMITH_INLINE void multiply_step(GemmVec<T, Isa> (&acc)[kRows][kVectors], const Rows& a, ptrdiff_t q, const T* b,
                                    [[maybe_unused]] size_t last) {
  using V = GemmVec<T, Isa>;
  constexpr int kLanes = static_cast<int>(V::kLanes);
  const auto load_b = [last](const T* row, int v) {
    if (kPart && v == kVectors - 1) return V::load_partial(row + v * kLanes, last);
    return V::load(row + v * kLanes);
  };
  if constexpr (kRows < kVectors) {
    V x[kRows];
    GRADSMITH_UNROLL(16)
    for (int i = 0; i < kRows; i++) x[i] = V::splat(a.row(i)[q]);
    GRADSMITH_UNROLL(8)
    for (int v = 0; v < kVectors; v++) {
      const V y = load_b(b, v);
      GRADSMITH_UNROLL(16)
      for (int i = 0; i < kRows; i++) add_product<Isa, Rows::kInPlace>(acc[i][v], x[i], y);
    }
  } else {
    V y[kVectors];
    GRADSMITH_UNROLL(8)
    for (int v = 0; v < kVectors; v++) y[v] = load_b(b, v);
    GRADSMITH_UNROLL(16)
    for (int i = 0; i < kRows; i++) {
      const V x = V::splat(a.row(i)[q]);
      GRADSMITH_UNROLL(8)
      for (int v = 0; v < kVectors; v++) add_product<Isa, Rows::kInPlace>(acc[i][v], x, y[v]);
    }
  }
}

/// kUnitRows: rows of A are neighbours in memory (packed, or A transposed), so their offsets are constants. kPart: B is
/// not whole vectors.
template <class T, class Isa, int kRows, int kVectors, bool kUnitRows, bool kPart>
GRADSMITH_GUARDED_BY_PAGES GRADSMITH_INLINE void one_tile(const TileArgs<T>& t) {
  using V = GemmVec<T, Isa>;
  constexpr int kLanes = static_cast<int>(V::kLanes);
  const size_t to_last = t.to_last;
  const auto load_to = [to_last](const T* row, int v) {
    if (TileShape<Isa>::kMaskedLoads && v == kVectors - 1) return V::load_partial(row + v * kLanes, to_last);
    return V::load(row + v * kLanes);
  };
  V acc[kRows][kVectors];
  if (t.from != nullptr) {
    const T* from = t.from;
    GRADSMITH_UNROLL(16)
    for (int i = 0; i < kRows; i++, from += t.from_row) {
      GRADSMITH_UNROLL(8)
      for (int v = 0; v < kVectors; v++) acc[i][v] = load_to(from, v);
    }
  } else {
    GRADSMITH_UNROLL(16)
    for (int i = 0; i < kRows; i++) {
      GRADSMITH_UNROLL(8)
      for (int v = 0; v < kVectors; v++) acc[i][v] = V::zero();
    }
  }
  using Rows = std::conditional_t<kUnitRows || TileShape<Isa>::kManyRegisters, StridedRows<T, kRows, kUnitRows>,
                                  SeparateRows<T, kRows>>;
  Rows a(t.a, t.a_row);
  const T* b = t.b;
  const ptrdiff_t a_step = t.a_col * static_cast<ptrdiff_t>(sizeof(T)), b_step = t.b_row;
  const size_t last = t.last;
  prefetch_rows<T, kRows, kVectors * kLanes>(t);
  ptrdiff_t k = t.k;
  if constexpr (TileShape<Isa>::kManyRegisters) {
    constexpr bool kAsks = kRows >= 4;  // there are slots to spare
    // In bytes from where a and b are: an offset costs no instruction in a step, a pointer of its own would.
    ptrdiff_t a_ahead = kAhead * a_step, b_ahead = kAhead * b_step * static_cast<ptrdiff_t>(sizeof(T));
    for (ptrdiff_t last_steps = kAsks ? std::min(k, kAhead) : 0; k > 0; last_steps = 0) {
      if (kAsks && k <= kAhead) {
        a_ahead = bytes_between(a.row(0), t.further > 0 ? t.a : t.next_a);
        b_ahead = bytes_between(b, t.further > 0 ? t.b + t.b_apart : t.next_b);
      }
      for (; k > last_steps; k--) {
        multiply_step<T, Isa, kPart>(acc, a, 0, b, last);
        if constexpr (kAsks) {
          GRADSMITH_UNROLL(8)
          for (int v = 0; v < kVectors; v++) prefetch(reinterpret_cast<const char*>(b + v * kLanes) + b_ahead);
          if constexpr (kUnitRows) prefetch(reinterpret_cast<const char*>(a.row(0)) + a_ahead);
        }
        a.step(a_step);
        b = step_along(b, b_step);
      }
    }
  } else {
    // Few FMAs a step, so that every other instruction counts: nothing is asked for, and steps go four at a time.
    constexpr int kSteps = 4;
    if (!kUnitRows && t.a_col == 1) {
      for (; k >= kSteps; k -= kSteps) {
        GRADSMITH_UNROLL(4)
        for (int q = 0; q < kSteps; q++) {
          multiply_step<T, Isa, false>(acc, a, q, b, last);
          b = step_along(b, b_step);
        }
        a.step(kSteps * static_cast<ptrdiff_t>(sizeof(T)));
      }
    } else if (kUnitRows && t.a_col == kRows && b_step == kVectors * kLanes) {  // both packed
      for (; k >= kSteps; k -= kSteps) {
        GRADSMITH_UNROLL(4)
        for (int q = 0; q < kSteps; q++)
          multiply_step<T, Isa, false>(acc, a, q * kRows, b + q * kVectors * kLanes, last);
        b = step_along(b, kSteps * kVectors * kLanes);
        a.step(kSteps * kRows * static_cast<ptrdiff_t>(sizeof(T)));
      }
    } else {
      for (; k >= kSteps; k -= kSteps) {
        GRADSMITH_UNROLL(4)
        for (int q = 0; q < kSteps; q++) {
          multiply_step<T, Isa, false>(acc, a, 0, b, last);
          b = step_along(b, b_step);
          a.step(a_step);
        }
      }
    }
    for (; k > 0; k--) {
      multiply_step<T, Isa, false>(acc, a, 0, b, last);
      b = step_along(b, b_step);
      a.step(a_step);
    }
  }
  const V alpha = V::splat(t.alpha);
  const auto store = [to_last](V x, T* row, int v) {
    if (TileShape<Isa>::kMaskedLoads && v == kVectors - 1) return x.store_partial(row + v * kLanes, to_last);
    x.store(row + v * kLanes);
  };
  const auto each = [&](auto f) {
    T* to = t.to;
    GRADSMITH_UNROLL(16)
    for (int i = 0; i < kRows; i++, to += t.to_row) {
      GRADSMITH_UNROLL(8)
      for (int v = 0; v < kVectors; v++) f(acc[i][v], to, v);
    }
  };
  if (t.add) {
    // All is loaded before anything is stored: a masked load waits for any store to the vector it lies in.
    each([&](V& sum, const T* to, int v) { sum = load_to(to, v) + sum * alpha; });
    each([&](const V& sum, T* to, int v) { store(sum, to, v); });
  } else if (t.alpha != T(1)) {
    each([&](const V& sum, T* to, int v) { store(sum * alpha, to, v); });
  } else {
    each([&](const V& sum, T* to, int v) { store(sum, to, v); });
  }
}

/// A tile and those beside it. Where the next one is stands in `t`, in memory: every register is taken.
template <class T, class Isa, int kRows, int kVectors, bool kUnitRows, bool kPart>
GRADSMITH_GUARDED_BY_PAGES void gemm_tile(TileArgs<T>& t) {
  for (;;) {
    one_tile<T, Isa, kRows, kVectors, kUnitRows, kPart>(t);
    if (t.further == 0) return;
    t.further--;
    t.b += t.b_apart;
    t.to += kVectors * static_cast<ptrdiff_t>(GemmVec<T, Isa>::kLanes);
    t.next_c = t.to;
#if defined(__GNUC__)
    asm volatile("" ::: "memory");
#endif
  }
}

template <class T, class Isa, int kVectors, bool kUnitRows, bool kPart, int... kRowsLess1>
constexpr auto tile_row(std::integer_sequence<int, kRowsLess1...>) {
  return std::array<TileFn<T>, sizeof...(kRowsLess1)>{
      &gemm_tile<T, Isa, kRowsLess1 + 1, kVectors, kUnitRows, kPart>...};
}

/// The kernel for `rows` x `vectors` (1, 2, 4 or 8, no more than the shape allows).
template <class T, class Isa, bool kUnitRows, bool kPart>
GRADSMITH_INLINE TileFn<T> tile_kernel(int rows, int vectors) {
  using Shape = TileShape<Isa>;
  static constexpr auto k1 = tile_row<T, Isa, 1, kUnitRows, kPart>(std::make_integer_sequence<int, Shape::kMaxRows>());
  static constexpr auto k2 = tile_row<T, Isa, 2, kUnitRows, kPart>(std::make_integer_sequence<int, Shape::kMaxRows>());
  static constexpr auto k4 = tile_row<T, Isa, 4, kUnitRows, kPart>(std::make_integer_sequence<int, Shape::kMidRows>());
  static constexpr auto k8 = tile_row<T, Isa, 8, kUnitRows, kPart>(std::make_integer_sequence<int, Shape::kLowRows>());
  const auto i = static_cast<size_t>(rows - 1);
  return vectors == 2 ? k2[i] : vectors == 1 ? k1[i] : vectors == 4 ? k4[i] : k8[i];
}

/// The kernel for a tile whose a_row and `last` are set.
template <class T, class Isa>
GRADSMITH_INLINE TileFn<T> tile_kernel(const TileArgs<T>& args, int rows, int vectors) {
  const bool unit = args.a_row == 1;
  if constexpr (TileShape<Isa>::kMaskedLoads) {
    if (args.last != static_cast<size_t>(GemmVec<T, Isa>::kLanes)) {
      return unit ? tile_kernel<T, Isa, true, true>(rows, vectors) : tile_kernel<T, Isa, false, true>(rows, vectors);
    }
  }
  return unit ? tile_kernel<T, Isa, true, false>(rows, vectors) : tile_kernel<T, Isa, false, false>(rows, vectors);
}

}  // namespace gradsmith::kernels
