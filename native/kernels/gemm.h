// Matrix products: C = alpha·A·B, C += alpha·A·B, or blocks of alpha·A·B handed to a hook; float and double, any
// strides of A and B, batched. A product is planned once by its shape and then run part by part.
//
// Every sum runs over k in ascending order with one FMA a term (or lane by lane, where the dot kernel is chosen); which
// of the two, the tiles and the parts follow from shape, strides and ISA level alone. So any thread may run any part in
// any order and the bits stay the same. alpha is applied to finished sums, rounded, and only then added to C: the bits
// are those of a product into a buffer of its own followed by the elementwise update.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradsmith::kernels {

/// A [m, k], B [k, n], C [m, n], repeated over a batch. Strides in elements; C's columns have stride 1.
struct GemmShape {
  static constexpr int kMaxBatchRank = 6;
  ptrdiff_t m, n, k;
  ptrdiff_t a_row, a_col;
  ptrdiff_t b_row, b_col;
  ptrdiff_t c_row;
  int32_t batch_rank;
  ptrdiff_t batch_dims[kMaxBatchRank];
  ptrdiff_t a_batch[kMaxBatchRank], b_batch[kMaxBatchRank], c_batch[kMaxBatchRank];
  bool accumulate;  // C += alpha·A·B
  /// Blocks of alpha·A·B go to the hook and C is not touched; not with accumulate. The sums are those of the same shape
  /// without a hook and a C without gaps, bit by bit; c_row and c_batch are ignored.
  bool hooked;
};

/// Takes rows [i0, i1), columns [j0, j1) of alpha·A·B, which lie in `block` row by row, block_row elements apart, in L1
/// where one row of C fits. Rows count on through the batch: row i of its q-th product is row q·m + i. Every element is
/// handed over once; blocks are as wide as C where that fits L1. Called by the thread that runs the part, which may
/// write to the block.
using GemmHook = void (*)(void* context, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1, void* block,
                          ptrdiff_t block_row) noexcept;

/// What an ISA level's tiles look like, for choose_gemm.
struct GemmTraits {
  int32_t element_bytes;
  int32_t lanes;               // of a vector
  int32_t max_rows;            // of a register tile two vectors wide
  int32_t mid_rows;            // of one four vectors wide
  int32_t low_rows;            // of one eight vectors wide
  bool masked_loads;           // loading part of a vector is as cheap as all of it
  int32_t terms;               // of k that one multiplication takes
  bool copies;                 // tiles read copies of both operands, which are rounded
  bool many_registers;         // 32 of vectors, not 16
  int32_t l1_bytes, l2_bytes;  // usual on the level: what methods and parts, and so bits, are chosen for
  int32_t l2_here;             // this machine's: what blocks are cut for
};

enum class GemmMethod : int32_t {
  kTiles = 0,  // vectors along n, rows of A broadcast
  kDots = 1,   // vectors along k, their lanes added at the end
};

/// Most rows of a block of dot products, by its columns (1 to 4): with 16 registers, as many as leave room for a vector
/// of each column and one of the row.
constexpr int dot_rows(bool many_registers, int columns) {
  constexpr int kFew[] = {8, 6, 4, 2};
  return !many_registers ? kFew[columns - 1] : columns <= 2 ? 8 : 4;
}

/// Columns [n0, n1) of C by one method.
struct GemmPiece {
  GemmMethod method;
  /// Compute the transposed product Bᵀ·Aᵀ, so that the vectors of tiles run along m; each tile is turned as it is
  /// stored. pack_a and pack_b speak of that product.
  bool across;
  bool pack_a, pack_b;  // copy operands into panels first
  bool streams;         // one row times more of B as it lies than L2 holds: by long runs of its rows, to the same bits
  ptrdiff_t n0, n1;
  size_t scratch_bytes;

  /// Is B copied into panels that rows of tiles share?
  bool packs_panels() const { return method == GemmMethod::kTiles && !across && pack_b; }
};

/// Elements from one packed panel of B, two vectors wide, to the next: not a power of two, or they would meet in the
/// same lines of L1.
constexpr ptrdiff_t panel_elements(ptrdiff_t entries, ptrdiff_t lanes) { return (2 * entries + 1) * lanes; }

struct GemmPlan;

/// All are of the element type the plan was made for; those that the plan has no use for may be null.
struct GemmPointers {
  void* c;
  const void* a;
  const void* b;
  double alpha = 1;
  GemmHook hook = nullptr;
  void* context = nullptr;  // of the hook
  /// B's elements rounded to bfloat16, in the same places, for a plan that takes such a copy; null: there is none now.
  const uint16_t* b_copy = nullptr;
  void* workspace = nullptr;  // plan.workspace_bytes, 64-byte aligned, of all parts and both phases together
};

/// Runs one part of a phase. `scratch` is 64-byte aligned, plan.scratch_bytes long, private to the caller.
using GemmRun = void (*)(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch);

struct GemmPlan {
  GemmShape shape;  // batch dimensions merged where strides allow
  size_t parts;     // grid_k · grid_batch · grid_m · grid_n unless B is shared; 0 where C is empty
  size_t scratch_bytes;
  double cost_ns;  // on one core, roughly
  /// Where k is cut (grid_k > 1), parts leave sums over their own terms in the workspace, and once all have run, the
  /// parts of a second phase add them in the order of k and do what else is to be done with C. Where B is large and
  /// packed (shares_b), the parts of the first phase pack it into the workspace, and those of the second are the
  /// product's. By AMX, the first packs both operands. Else there is no second phase and no workspace.
  size_t finish_parts;
  size_t workspace_bytes;
  int32_t grid_k, grid_batch, grid_m, grid_n;  // the first is the slowest
  ptrdiff_t k_step, m_step, n_step;            // terms, rows and columns of a part, but for the last
  ptrdiff_t batch_count;
  bool swap;      // A and B have changed places: C is one column, taken for a row
  bool shares_b;  // all parts read one packed copy of the first piece's columns
  int32_t pieces;
  GemmPiece piece[2];
  /// Blocks of a part: nc columns; of these mc rows, whose sums wait together for the next kc terms; of these
  /// block_rows, which are finished together.
  ptrdiff_t kc, mc, nc, block_rows;
  /// A block's rows of A are packed together and stay in L2, while panels of B pass; else a row of tiles at a time,
  /// which stays in L1, while a block of B waits in L2.
  bool tall;
  bool buffered;  // the first phase leaves finished sums in a block in scratch and gives that to the hook
  /// Unfinished sums wait in scratch, not in C: where a hook takes them, or where C holds what they are added to.
  bool keeps;
  ptrdiff_t kept_row;  // elements from row to row in scratch
  /// Where A is packed: elements from row to row where they lie as A's do, and all there is room for: a row of tiles,
  /// or a block's rows.
  ptrdiff_t packed_row, packed_rows;
  /// May B come as a copy that was rounded before? Then elements from row to row of A's, which are rounded into the end
  /// of scratch, and where that is; else 0.
  ptrdiff_t copied_row;
  size_t copied_at;
  // The second phase: rows of a part; of these and of all columns, what is finished together; where partial sums lie.
  ptrdiff_t finish_step, finish_rows, finish_columns;
  ptrdiff_t partial_row, partial_bytes;
  // Where all of C is one panel or one block of dot products, its form or kernel is kept here and `run` goes straight
  // to it.
  void (*kernel)();
  int32_t kernel_vectors;
  int32_t kernel_last;
  GemmRun run;
  GemmRun finish;  // the second phase

  /// Of the first piece's columns.
  ptrdiff_t shared_panel_count(ptrdiff_t lanes) const { return (piece[0].n1 + 2 * lanes - 1) / (2 * lanes); }
};

/// One element type of one ISA level.
struct GemmFunctions {
  GemmTraits traits;
  GemmPlan (*plan)(const GemmShape& shape);
  GemmRun run;  // any plan, by the general way; plan.run is the same or faster
};

struct GemmKernels {
  GemmFunctions f32;
  GemmFunctions f64;
  /// Of float operands, each rounded to the nearest bfloat16 (ties to even, NaN stays NaN), with sums in float: an
  /// error of at most (k + 2) · 2^-23 times the sum of the rounded terms' magnitudes. The fastest of: by AMX where the
  /// CPU has it and the system lets us, as `pairs`.
  GemmFunctions bf16;
  /// By VDPBF16PS where the CPU has it; else as `rounded`. (It and AMX take denormals for 0.)
  GemmFunctions pairs;
  /// The same by the level's FMAs, on every CPU of the level.
  GemmFunctions rounded;
  /// to[i] = the bfloat16 that those products round from[i] to: what GemmPointers::b_copy is made of.
  void (*round)(const float* from, size_t count, uint16_t* to);
};

/// The row at which products cut a matrix of so many rows in two, where they cut it along them.
ptrdiff_t gemm_half(ptrdiff_t rows);

/// Chooses methods, blocks and parts for a shape; GemmFunctions::plan adds the functions.
GemmPlan choose_gemm(const GemmShape& shape, const GemmTraits& traits);

}  // namespace gradsmith::kernels
