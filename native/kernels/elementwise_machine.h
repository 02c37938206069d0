// The direct-threaded machine of elementwise.h: U vectors of T in registers, one computed jump per step and block.
#pragma once
#include <type_traits>

#include "kernels/elementwise.h"
#include "kernels/elementwise_ops.h"

namespace gradsmith::kernels {

// The labels must mean the same in every call, so there must be one copy of the function.
#if defined(__clang__)
#define GRADSMITH_ONE_COPY __attribute__((noinline))
#else
#define GRADSMITH_ONE_COPY __attribute__((noinline, noclone))
#endif

/// Runs whole blocks of U vectors and moves the streams on; returns the elements left over. Without steps: fills
/// `labels`.
template <class T, class Isa, int U>
GRADSMITH_ONE_COPY size_t run_blocks(const Step* steps, const Program* program, char** r, size_t n,
                                     const void** labels) {
  using V = simd::Vec<T, Isa>;
  using L = Light<V>;
  constexpr size_t kBlock = U * V::kLanes;
  if (steps == nullptr) {
    const void* const all[] = {
#define GRADSMITH_LABEL(name) &&l##name##A, &&l##name##AStore, &&l##name##M, &&l##name##MStore,
        GRADSMITH_LIGHT_UNARY(GRADSMITH_LABEL)
#undef GRADSMITH_LABEL
#define GRADSMITH_LABEL(name) \
  &&l##name##AM, &&l##name##AMStore, &&l##name##MA, &&l##name##MAStore, &&l##name##MM, &&l##name##MMStore,
                GRADSMITH_LIGHT_BINARY(GRADSMITH_LABEL)
#undef GRADSMITH_LABEL
            && lSelectA,
        &&lSelectAStore,
        &&lSelectM,
        &&lSelectMStore,
        &&lCall,
        &&lRecipe,
        &&lEnd};
    static_assert(sizeof(all) / sizeof(all[0]) == static_cast<size_t>(Code::kCount));
    for (size_t i = 0; i < static_cast<size_t>(Code::kCount); ++i) labels[i] = all[i];
    return 0;
  }
  V x[U];
  const Step* o = steps;
#define GRADSMITH_EACH _Pragma("GCC unroll 16") for (size_t u = 0; u < U; ++u)
  GRADSMITH_EACH x[u] = V::zero();
#define GRADSMITH_GO goto * o->label
#define GRADSMITH_NEXT \
  ++o;                 \
  GRADSMITH_GO
#define GRADSMITH_READ(slot) reinterpret_cast<const T*>(r[o->slot])
#define GRADSMITH_STORE                           \
  {                                               \
    T* d = reinterpret_cast<T*>(r[o->d]);         \
    GRADSMITH_EACH x[u].store(d + u * V::kLanes); \
  }
#define GRADSMITH_AT(p) V::load(p + u * V::kLanes)
#define GRADSMITH_BOTH(label, body) \
  label:                            \
  body GRADSMITH_NEXT;              \
  label##Store : body GRADSMITH_STORE GRADSMITH_NEXT;
  GRADSMITH_GO;

#define GRADSMITH_OP(name)                                             \
  GRADSMITH_BOTH(l##name##A, { GRADSMITH_EACH x[u] = L::name(x[u]); }) \
  GRADSMITH_BOTH(l##name##M, {                                         \
    const T* a = GRADSMITH_READ(a);                                    \
    GRADSMITH_EACH x[u] = L::name(GRADSMITH_AT(a));                    \
  })
  GRADSMITH_LIGHT_UNARY(GRADSMITH_OP)
#undef GRADSMITH_OP
#define GRADSMITH_OP(name)                                           \
  GRADSMITH_BOTH(l##name##AM, {                                      \
    const T* b = GRADSMITH_READ(b);                                  \
    GRADSMITH_EACH x[u] = L::name(x[u], GRADSMITH_AT(b));            \
  })                                                                 \
  GRADSMITH_BOTH(l##name##MA, {                                      \
    const T* a = GRADSMITH_READ(a);                                  \
    GRADSMITH_EACH x[u] = L::name(GRADSMITH_AT(a), x[u]);            \
  })                                                                 \
  GRADSMITH_BOTH(l##name##MM, {                                      \
    const T* a = GRADSMITH_READ(a);                                  \
    const T* b = GRADSMITH_READ(b);                                  \
    GRADSMITH_EACH x[u] = L::name(GRADSMITH_AT(a), GRADSMITH_AT(b)); \
  })
  GRADSMITH_LIGHT_BINARY(GRADSMITH_OP)
#undef GRADSMITH_OP
  GRADSMITH_BOTH(lSelectA, {
    const T* b = GRADSMITH_READ(b);
    const T* c = GRADSMITH_READ(c);
    GRADSMITH_EACH x[u] = select(mask_of(bits(x[u])), GRADSMITH_AT(b), GRADSMITH_AT(c));
  })
  GRADSMITH_BOTH(lSelectM, {
    const T* a = GRADSMITH_READ(a);
    const T* b = GRADSMITH_READ(b);
    const T* c = GRADSMITH_READ(c);
    GRADSMITH_EACH x[u] = select(mask_of(bits(GRADSMITH_AT(a))), GRADSMITH_AT(b), GRADSMITH_AT(c));
  })
lCall:
  o->fn(r[o->d], r[o->a], r[o->b], r[o->c], kBlock);
  GRADSMITH_EACH x[u] = V::zero();  // nothing to keep over the call
  GRADSMITH_NEXT;
lRecipe:
  o->recipe(r, program->lists + o->d, kBlock, 1, nullptr);
  GRADSMITH_EACH x[u] = V::zero();
  GRADSMITH_NEXT;
lEnd:
  for (size_t i = 0; i < program->streams; ++i) r[i] += kBlock * program->stream_bytes[i];
  n -= kBlock;
  if (n < kBlock) return n;
  o = steps;
  GRADSMITH_GO;
#undef GRADSMITH_BOTH
#undef GRADSMITH_AT
#undef GRADSMITH_STORE
#undef GRADSMITH_READ
#undef GRADSMITH_NEXT
#undef GRADSMITH_GO
#undef GRADSMITH_EACH
}

/// Half of the level's registers: a step costs some ten cycles beside its vectors.
template <class Isa>
inline constexpr int kWideVectors = std::is_same_v<Isa, simd::Avx512> ? 16 : 8;
inline constexpr int kHalfVectors = 4;

/// The last n < lanes elements: one vector on copies of the streams, so that nothing beyond an operand's end is
/// touched.
template <class T, class Isa>
void run_rest(const Program& program, char** slots, size_t n) {
  using F = simd::Vec<float, Isa>;
  using D = simd::Vec<double, Isa>;
  constexpr size_t kBytes = F::kLanes * 8;
  constexpr size_t kStreams = kMaxGroupInputs + kMaxGroupOutputs;
  alignas(64) char copies[kStreams][kBytes];
  char* origin[kStreams];
  for (size_t i = 0; i < program.streams; ++i) {
    origin[i] = slots[i];
    slots[i] = copies[i];
    if (program.stream_written[i]) continue;
    if (program.stream_bytes[i] == 4) {
      F::load_partial(reinterpret_cast<const float*>(origin[i]), n).store(reinterpret_cast<float*>(copies[i]));
    } else {
      for (size_t k = 0; k < kBytes; k += 8 * D::kLanes) D::zero().store(reinterpret_cast<double*>(copies[i] + k));
      std::memcpy(copies[i], origin[i], n * program.stream_bytes[i]);
    }
  }
  run_blocks<T, Isa, 1>(program.steps[2], &program, slots, simd::Vec<T, Isa>::kLanes, nullptr);
  for (size_t i = 0; i < program.streams; ++i) {
    if (!program.stream_written[i]) continue;
    if (program.stream_bytes[i] == 4) {
      F::load(reinterpret_cast<const float*>(copies[i])).store_partial(reinterpret_cast<float*>(origin[i]), n);
    } else {
      std::memcpy(origin[i], copies[i], n * program.stream_bytes[i]);
    }
  }
}

template <class T, class Isa>
void run_lanes(const Program& program, char** slots, size_t n) {
  constexpr size_t kLanes = simd::Vec<T, Isa>::kLanes;
  if (n >= kWideVectors<Isa> * kLanes)
    n = run_blocks<T, Isa, kWideVectors<Isa>>(program.steps[0], &program, slots, n, nullptr);
  if (n >= kHalfVectors * kLanes) n = run_blocks<T, Isa, kHalfVectors>(program.steps[1], &program, slots, n, nullptr);
  if (n >= kLanes) n = run_blocks<T, Isa, 1>(program.steps[2], &program, slots, n, nullptr);
  if (n > 0) run_rest<T, Isa>(program, slots, n);
}

template <class Isa>
void run_program(const Program& program, char** slots, size_t n) {
  if (program.whole != nullptr) {
    program.whole(slots, program.lists, n, 1, nullptr);
  } else if (program.lane_bytes == 4) {
    run_lanes<float, Isa>(program, slots, n);
  } else {
    run_lanes<double, Isa>(program, slots, n);
  }
}

/// The labels of one machine, all codes at once.
template <class T, class Isa, int U>
struct Labels {
  const void* of[static_cast<size_t>(Code::kCount)];
  Labels() { run_blocks<T, Isa, U>(nullptr, nullptr, nullptr, 0, of); }
};

template <class T, class Isa>
const void* label_in(Pace pace, Code code) {
  static const Labels<T, Isa, kWideVectors<Isa>> wide;
  static const Labels<T, Isa, kHalfVectors> half;
  static const Labels<T, Isa, 1> narrow;
  const size_t i = static_cast<size_t>(code);
  return pace == Pace::kWide ? wide.of[i] : pace == Pace::kHalf ? half.of[i] : narrow.of[i];
}

template <class Isa>
const void* label_of(int lane_bytes, Pace pace, Code code) {
  return lane_bytes == 4 ? label_in<float, Isa>(pace, code) : label_in<double, Isa>(pace, code);
}

}  // namespace gradsmith::kernels
