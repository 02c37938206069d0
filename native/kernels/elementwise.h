// Elementwise groups: the micro ops a plan may name, and the machine that runs a lowered group over contiguous
// elements.
//
// The machine works block by block (8 or 16 vectors, then 4, then 1 at the end). Its operands are slots, pointers to a
// block of lanes:
//   stream  an operand of the instruction, or a tile staged for it; moves on after each block
//   block   a value inside the group; the same block-sized memory each time, so it stays in L1
//   uniform a constant or scalar, spread over a block once per run
// Steps are direct-threaded. Light float ops keep their result in registers (the accumulator: a block's vectors), read
// their operands from it or from slots and may store it; every other op is a call of a function over one block. Lanes
// are 32 bits wide, or 64 where a group is all float64 and bool. In lanes a bool is all ones or all zeros and a uint8
// is an int32; a float64 takes 8 bytes in either.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace gradsmith::kernels {

/// The ops a group may name. The codes are part of the plan format; TypeScript learns them by name.
enum class Micro : int32_t {
  kConstant,
  kCast,
  kCopy,
  kNeg,
  kAbs,
  kSign,
  kExp,
  kLog,
  kSqrt,
  kSquare,
  kReciprocal,
  kSigmoid,
  kTanh,
  kRelu,
  kErf,
  kSin,
  kCos,
  kGelu,
  kGeluSlope,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMaximum,
  kMinimum,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kLogicalAnd,
  kLogicalOr,
  kLogicalNot,
  kSelect,
};
inline constexpr int32_t kMicroCount = 35;
inline constexpr const char* kMicroNames[kMicroCount] = {
    "constant",  "cast",       "copy",    "neg",          "abs",        "sign",      "exp",        "log",   "sqrt",
    "square",    "reciprocal", "sigmoid", "tanh",         "relu",       "erf",       "sin",        "cos",   "gelu",
    "geluSlope", "add",        "sub",     "mul",          "div",        "maximum",   "minimum",    "equal", "notEqual",
    "less",      "lessEqual",  "greater", "greaterEqual", "logicalAnd", "logicalOr", "logicalNot", "select"};
/// Registers each op reads: a constant's value stands in its words, not in registers.
inline constexpr int32_t kMicroArity[kMicroCount] = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                     1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 3};

inline constexpr size_t kMaxGroupOps = 64;
inline constexpr size_t kMaxGroupInputs = 24;
inline constexpr size_t kMaxGroupOutputs = 8;
/// Slots of a program: registers, outputs apart from their registers, and byte-sized operands beside their lanes.
inline constexpr size_t kMaxGroupSlots = kMaxGroupOps + 3 * kMaxGroupInputs + 3 * kMaxGroupOutputs;

/// Light ops, with one label per form in the machine.
#define GRADSMITH_LIGHT_UNARY(X) X(Copy) X(Neg) X(Abs) X(Sign) X(Sqrt) X(Square) X(Reciprocal) X(Relu) X(LogicalNot)
// clang-format off
#define GRADSMITH_LIGHT_BINARY(X) \
  X(Add) X(Sub) X(Mul) X(Div) X(Maximum) X(Minimum) X(Equal) X(NotEqual) X(Less) X(LessEqual) X(Greater) \
  X(GreaterEqual) X(LogicalAnd) X(LogicalOr)
// clang-format on

/// What a step does: an op in one form. In the names A is the accumulator, M a slot, Store says that the result is
/// stored too.
enum class Code : uint16_t {
#define GRADSMITH_CODE(name) k##name##A, k##name##AStore, k##name##M, k##name##MStore,
  GRADSMITH_LIGHT_UNARY(GRADSMITH_CODE)
#undef GRADSMITH_CODE
#define GRADSMITH_CODE(name) \
  k##name##AM, k##name##AMStore, k##name##MA, k##name##MAStore, k##name##MM, k##name##MMStore,
      GRADSMITH_LIGHT_BINARY(GRADSMITH_CODE)
#undef GRADSMITH_CODE
          kSelectA,
  kSelectAStore,
  kSelectM,
  kSelectMStore,  // the condition is the accumulator or a slot
  kCall,          // fn(d, a, b, c, n); the accumulator is lost
  kRecipe,        // recipe(slots, lists + d, n); so too
  kEnd,
  kCount,
};

/// An op over n elements in lanes, n a multiple of the level's 32-bit lanes. Operands it does not need are ignored.
/// d may be one of the operands.
using BlockFn = void(char* d, const char* a, const char* b, const char* c, size_t n);

/// A recipe (elementwise_recipes.h) over `rows` rows of n elements, any number of them, on the slots listed from `at`
/// on, which are not moved. `steps`: bytes from one row to the next of each of its outputs, streams and numbers; not
/// read where there is one row.
using RecipeFn = void(char* const* slots, const uint16_t* at, size_t n, size_t rows, const ptrdiff_t* steps);

struct Step {
  const void* label;
  union {
    BlockFn* fn;
    RecipeFn* recipe;
  };
  uint16_t d, a, b, c;  // slots
};

/// Vectors per block: 8 or 16, then 4 where fewer are left, then 1.
enum class Pace : int { kWide = 0, kHalf = 1, kNarrow = 2 };
inline constexpr int kPaces = 3;

struct Program {
  int lane_bytes;               // 4 or 8
  const Step* steps[kPaces];    // by Pace, each ends with kEnd
  size_t streams;               // slots 0 … streams-1 are streams
  const uint8_t* stream_bytes;  // bytes of an element of each
  const bool* stream_written;
  const uint16_t* lists;  // of the slots of recipes
  RecipeFn* whole;        // all that the program does, on the slots from lists[0] on; or null
};

struct ElementwiseKernels {
  /// Elements of a block at each pace, by lane width (index 0: 32 bits, 1: 64 bits).
  size_t block[2][kPaces];
  /// The machine's label for a code.
  const void* (*label)(int lane_bytes, Pace pace, Code code);
  /// The function for an op; null where the op does not exist for the dtype. `operand` is the dtype of the first
  /// operand (of the second for select), `result` that of the result.
  BlockFn* (*function)(int lane_bytes, Micro op, DType operand, DType result);
  /// Bytes (uint8, bool) to lanes and back; null for dtypes that are not bytes.
  BlockFn* (*widen)(int lane_bytes, DType dtype);
  BlockFn* (*narrow)(int lane_bytes, DType dtype);
  /// Runs the program over n elements. `slots` may be changed. Streams are touched in 0 … n-1 only.
  void (*run)(const Program& program, char** slots, size_t n);
  /// By dtype (float32, float64): the loops of kRecipes.
  RecipeFn* const* recipes[2];
  /// n copies of one element of `bytes` bytes (1, 4 or 8).
  void (*fill)(char* d, const char* element, size_t bytes, size_t n);
  /// `columns` copies of the element at x + r · pitch in row r of d, row by row without gaps. May write up to 64 bytes
  /// beyond the last.
  void (*spread)(char* d, const char* x, ptrdiff_t pitch, size_t bytes, size_t rows, size_t columns);
};

}  // namespace gradsmith::kernels
