// Kernels that work along rows: reductions, argmax, softmax and cross-entropy. The plan's reduce.cc and rows.cc choose
// among them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradsmith::kernels {

/// The codes are attributes of the `reduce` instruction: never renumber.
enum class ReduceKind : int32_t { kSum = 0, kMean = 1, kMax = 2, kMin = 3 };
inline constexpr int32_t kReduceKindCount = 4;
/// Reductions and argReduce know the first four element types of base/dtype.h; bool is cast before.
inline constexpr int32_t kReduceDTypeCount = 4;

/// Where the elements of one result lie. The layout picks the loop, and so the order of a sum: it follows from shape
/// and strides.
enum class ReduceLayout : int32_t {
  kRows = 0,     // the innermost reduced axis has stride 1
  kColumns = 1,  // the innermost kept axis has stride 1: vectors along the results
  kStrided = 2,  // neither
};
inline constexpr int32_t kReduceLayoutCount = 3;

/// A reduction of some axes of x to `kept` results; strides in elements. Axes that can be merged have been merged.
struct ReduceAxes {
  static constexpr int kMaxOuter = 8;
  size_t kept;
  ptrdiff_t kept_stride;    // from one result's elements to the next one's, in x
  ptrdiff_t result_stride;  // from one result to the next, in y
  size_t length;            // the innermost reduced axis
  ptrdiff_t stride;
  int32_t outer_rank;  // further reduced axes, outermost first; none of them is empty
  size_t outer_dims[kMaxOuter];
  ptrdiff_t outer_strides[kMaxOuter];
  double count;  // elements a result is made of (divides a mean)
};

/// Reduces results [first, last) of `axes`. `x` and `y` point at result 0.
/// Sums of float32 are taken over blocks (64 vectors of a row, 64 rows of columns) in float32, the blocks in float64;
/// sums of float64 add the blocks with compensation. Error: at most 36 units of 2^-24 (2^-53) of the sum of magnitudes,
/// for any length.
/// Integer sums wrap. NaN propagates through max and min. An empty max is -inf or the lowest integer, an empty min the
/// reverse, an empty mean NaN.
using ReduceFn = void (*)(const void* x, void* y, const ReduceAxes& axes, size_t first, size_t last);

/// Rows of a block whose columns are added up together before the blocks are.
inline constexpr size_t kColumnBlock = 64;

/// Some rows of a block on the way to its columns' sums, where they come piece by piece: each piece but the last has a
/// multiple of 4 rows.
struct ColumnPiece {
  void* chains;  // 4 rows of sums, from piece to piece
  size_t pitch;  // elements between those: a multiple of 16, at least as many as there are columns
  void* sums;    // with the last piece: `pitch` sums of the block; else null
  bool first;    // nothing lies in `chains` yet
};

/// Adds `rows` rows of `columns` elements, `step` bytes apart, to the sums of their columns.
using ColumnSumFn = void (*)(const void* x, ptrdiff_t step, size_t columns, size_t rows, const ColumnPiece& piece);
/// The same of what a recipe with one result makes (elementwise_recipes.h), whose output is not touched.
using RecipeColumnSumFn = void (*)(char* const* slots, const uint16_t* at, const ptrdiff_t* steps, size_t columns,
                                   size_t rows, const ColumnPiece& piece);
/// Sums [first, last) of columns from those of `blocks` blocks; or means of *mean_of rows, if that is not null. With
/// pieces as above, the bits of ReduceFn on the same columns.
using ColumnTotalFn = void (*)(const void* sums, size_t pitch, size_t blocks, void* y, size_t first, size_t last,
                               const double* mean_of);

/// Results [first, last) of an argReduce over `length` elements `stride` apart; the element of result i starts at
/// x + i · kept_stride. The first winner; the first NaN before any number.
struct ArgReduceAxes {
  ptrdiff_t kept_stride;
  size_t length;  // at least 1
  ptrdiff_t stride;
};
using ArgReduceFn = void (*)(const void* x, int32_t* y, const ArgReduceAxes& axes, size_t first, size_t last);

/// `rows` rows of `columns` contiguous elements; y may be x.
/// softmax: at most 3 ulp (worst seen: 2) for |x| <= 80 where the result is a normal number: 1.1 of the exponential
/// (which is told the rounding error of x - max: else that would cost up to 64 ulp), as much of the sum's exponentials,
/// 0.5 of the quotient; the sum itself is kept in two parts. logSoftmax: at most 4 ulp of max(1, |result|). No overflow
/// for any finite x. A row that holds NaN or +inf, or only -inf, gives NaN, as the definition does; -inf beside a
/// number has probability 0.
using SoftmaxFn = void (*)(const void* x, void* y, size_t rows, size_t columns);

/// loss[i] = log(sum(exp(logits[i]))) - logits[i][label]. Returns the first row whose label is outside 0..columns-1,
/// or `rows` if there is none; the losses from that row on are not written. Error as logSoftmax.
using CrossEntropyFn = size_t (*)(const void* logits, const int32_t* labels, void* loss, size_t rows, size_t columns);

/// d[i] = (softmax(logits[i]) - onehot(labels[i])) · scale[i · scale_stride]. Returns as CrossEntropyFn does, before it
/// writes anything. Error: at a label 4 ulp of |scale|, elsewhere softmax's and a rounding.
using CrossEntropyGradFn = size_t (*)(const void* logits, const int32_t* labels, const void* scale,
                                      ptrdiff_t scale_stride, void* d, size_t rows, size_t columns);

/// Sums (or means) of `rows` rows of n > 64 elements that a recipe computes (elementwise_recipes.h): its results go to
/// no memory, and y[k] gets the bits of ReduceFn on result k. `slots`, `at` and `steps` are those of a recipe, whose
/// outputs are not touched. `means` has bit k set where y[k] wants the mean.
using RecipeSumFn = void (*)(char* const* slots, const uint16_t* at, size_t n, size_t rows, const ptrdiff_t* steps,
                             void* const* y, uint32_t means);

/// float32 at index 0, float64 at 1 where only those two exist.
struct RowKernels {
  ReduceFn reduce[kReduceLayoutCount][kReduceKindCount][kReduceDTypeCount];  // null: mean of integers
  size_t row_block[kReduceDTypeCount];  // elements of a row that are combined before they are added to its total
  ArgReduceFn arg_reduce[2][kReduceDTypeCount];  // max, min
  SoftmaxFn softmax[2];
  SoftmaxFn log_softmax[2];
  CrossEntropyFn cross_entropy[2];
  CrossEntropyGradFn cross_entropy_grad[2];
  const RecipeSumFn* recipe_sum[2];  // by recipe; null: none for that recipe
  ColumnSumFn column_sum[2];
  ColumnTotalFn column_total[2];
  const RecipeColumnSumFn* recipe_column_sum[2];  // by recipe; null: none for that recipe
};

}  // namespace gradsmith::kernels
