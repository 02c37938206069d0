// The `matmulGroup` instruction: an elementwise group over a matrix product, run on each block of the product while it
// is in cache. The product itself goes to memory only where it is an output. See docs/architecture.md.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "kernels/gemm.h"
#include "plan/group.h"
#include "plan/group_program.h"
#include "plan/group_recipe.h"
#include "plan/group_stage.h"
#include "plan/matmul_precision.h"
#include "plan/matmul_update.h"
#include "plan/operand.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

[[noreturn]] void fail(const std::string& what) { throw PlanError("matmulGroup: " + what); }

const Operand& factor_a(const Instruction& in) { return in.operands[in.operands.size() - 2]; }
const Operand& factor_b(const Instruction& in) { return in.operands.back(); }

/// The group as an elementwise instruction: the product takes its place as the first input.
Instruction group_of(const Instruction& in) {
  const size_t outputs = group_outputs(in);
  if (outputs == 0 || in.operands.size() < outputs + 2) fail("operands are missing");
  Instruction group{in.opcode,
                    {in.attrs.begin(), in.attrs.end() - 1},  // the last is the precision
                    {in.operands.begin(), in.operands.end() - 2}};
  Operand product = in.operands[0];
  if (product.rank != 2) fail("matrices expected");
  product.buffer = kArena;
  product.offset = 0;
  product.dtype = factor_a(in).dtype;
  product.strides = {product.dims[1], 1};
  group.operands.insert(group.operands.begin() + static_cast<ptrdiff_t>(outputs), product);
  return group;
}

void verify(const Instruction& in) {
  const Instruction group = group_of(in);
  decode_group(group);
  const Operand &c = in.operands[0], &a = factor_a(in), &b = factor_b(in);
  if (a.rank != 2 || b.rank != 2) fail("matrices expected");
  if (!is_float(a.dtype) || b.dtype != a.dtype) fail("A and B must be of one float dtype");
  if (a.dims[0] != c.dims[0] || b.dims[1] != c.dims[1] || a.dims[1] != b.dims[0])
    fail("the factors' shapes do not fit");
  if (const char* wrong = wrong_precision(in.attrs.back(), a.dtype)) fail(wrong);
  const size_t outputs = group_outputs(in);
  for (size_t i = 0; i + 2 < in.operands.size(); ++i) {
    const Operand& x = in.operands[i];
    const bool in_rows = x.dims[1] == 1 || x.strides[1] == 1;
    if (!in_rows && (i < outputs || !repeats_one(x))) fail("operands must have stride 1 along rows");
    if (i < outputs && (may_overlap(x, a) || may_overlap(x, b))) fail("an output overlaps a factor");
  }
}

kernels::GemmShape shape_of(const Instruction& in) {
  const Operand &c = in.operands[0], &a = factor_a(in), &b = factor_b(in);
  kernels::GemmShape s{};
  s.m = c.dims[0];
  s.n = c.dims[1];
  s.k = a.dims[1];
  s.a_row = a.strides[0];
  s.a_col = a.strides[1];
  s.b_row = b.strides[0];
  s.b_col = b.strides[1];
  s.c_row = c.strides[0];
  return s;
}

class MatmulGroup final : public Prepared {
 public:
  MatmulGroup(const Instruction& in, const PrepareContext& context) {
    const Instruction elementwise = group_of(in);
    const Group group = decode_group(elementwise);
    const size_t outputs = group.outputs.size();
    for (const Operand& operand : elementwise.operands) refs_.push_back(context.ref(operand));
    refs_[outputs] = {UINT32_MAX, 0};  // the product: no memory of its own
    std::vector<uint8_t> uniform(group.inputs, 0);
    for (size_t i = 1; i < group.inputs; ++i) uniform[i] = repeats_one(elementwise.operands[outputs + i]) ? 1 : 0;

    kernels::GemmShape shape = shape_of(in);
    columns_ = shape.n;
    update_ = find_update(elementwise, group);
    shape.accumulate = update_.has_value();
    shape.hooked = !shape.accumulate;
    plan_ = product_functions(context.kernels.gemm, factor_a(in).dtype, in.attrs.back()).plan(shape);
    a_ = context.ref(factor_a(in));
    b_ = context.ref(factor_b(in));
    b_copy_ = rounded_factor(plan_, factor_b(in), context);
    workspace_ = context.workspace();
    parts = plan_.parts == 0 ? 1 : plan_.parts;
    finish_parts = plan_.finish_parts;
    workspace_bytes = plan_.workspace_bytes;
    scratch_bytes = gemm_bytes_ = (plan_.scratch_bytes + 63) / 64 * 64;
    cost_ns = plan_.cost_ns;
    if (update_) return;
    program_.emplace(group, uniform, refs_, shape.m * shape.n, context.kernels.elementwise);
    lay_out(elementwise.operands, outputs);
    const bool wide = factor_a(in).dtype == DType::kFloat64;
    choose_walk(context.kernels.elementwise.block[wide ? 1 : 0][kernels::kPaces - 1]);
    tiles_at_ = gemm_bytes_ + program_->scratch_bytes();
    scratch_bytes = tiles_at_ + tile_bytes_;
    cost_ns += program_->lowered().ns_per_element * static_cast<double>(shape.m * shape.n);
  }

  void run(void* const* bases, size_t part, void* scratch, Fault&) const noexcept override {
    if (plan_.parts == 0) return;
    run_phase(plan_.run, bases, part, scratch);
  }

  void finish(void* const* bases, size_t part, void* scratch) const noexcept override {
    run_phase(plan_.finish, bases, part, scratch);
  }

 private:
  struct Stream {
    size_t operand;
    ptrdiff_t bytes;  // of an element
    ptrdiff_t row;    // elements from row to row
    ptrdiff_t tile;   // offset among the tiles of an operand that repeats a row; -1: read where it is
  };
  /// One run of a part.
  struct Part {
    const MatmulGroup* self;
    void* const* bases;
    char* tiles;
    char* slots[kernels::kMaxGroupSlots];
    GroupRecipe::Numbers numbers;
  };

  /// What tiles of repeated rows may take: a share of L1.
  static constexpr ptrdiff_t kTileBytes = 8192;

  void run_phase(kernels::GemmRun phase, void* const* bases, size_t part, void* scratch) const noexcept {
    kernels::GemmPointers pointers{nullptr, a_.at<void>(bases), b_.at<void>(bases)};
    pointers.workspace = workspace_.at<void>(bases);
    if (b_copy_.given(bases)) pointers.b_copy = b_copy_.at<const uint16_t>(bases);
    if (update_) {
      pointers.c = refs_[0].at<void>(bases);
      pointers.alpha = -*refs_[update_->rate].at<double>(bases);
      phase(plan_, pointers, part, scratch);
      return;
    }
    Part context;
    context.self = this;
    context.bases = bases;
    pointers.context = &context;
    if (recipe_) {
      recipe_->enter(bases, context.slots, context.numbers);
      pointers.hook = &MatmulGroup::finish_rows;
    } else {
      context.tiles = static_cast<char*>(scratch) + tiles_at_;
      stage_rows(context);
      program_->enter(bases, static_cast<char*>(scratch) + gemm_bytes_, context.slots);
      pointers.hook = &MatmulGroup::finish_block;
    }
    phase(plan_, pointers, part, scratch);
  }

  void lay_out(const std::vector<Operand>& operands, size_t outputs) {
    const LoweredGroup& lowered = program_->lowered();
    for (size_t i = 0; i < lowered.stream_operand.size(); ++i) {
      const size_t operand = lowered.stream_operand[i];
      const bool product = operand == outputs;
      const ptrdiff_t row = operands[operand].dims[0] == 1 || product ? columns_ : operands[operand].strides[0];
      if (product) product_stream_ = i;
      streams_.push_back({operand, lowered.stream_bytes[i], row, -1});
    }
    rows_at_once_ = operands[0].dims[0];
  }

  /// A recipe takes rows as they lie. Else, and where rows are narrow and one repeats (a bias), some rows are worked on
  /// at once, for which that one is copied as often beforehand.
  void choose_walk(size_t lanes) {
    ptrdiff_t repeated = 0;  // bytes of one row of all that repeat
    for (const Stream& s : streams_) {
      if (s.row == 0) repeated += columns_ * s.bytes;
      if (s.row != 0 && s.row != columns_) rows_at_once_ = 1;
    }
    if (GroupRecipe::fits(*program_) && (repeated == 0 || GroupRecipe::worth_a_row(columns_, lanes))) {
      recipe_.emplace(*program_, refs_);
      lay_out_recipe();
      return;
    }
    if (repeated > 0) rows_at_once_ = std::min(rows_at_once_, kTileBytes / repeated);
    if (rows_at_once_ < 2) return;
    for (Stream& s : streams_) {
      if (s.row != 0) continue;
      s.tile = static_cast<ptrdiff_t>(tile_bytes_);
      tile_bytes_ += static_cast<size_t>((rows_at_once_ * columns_ * s.bytes + 63) / 64 * 64);
    }
  }

  void lay_out_recipe() {
    size_t q = 0;
    for (const uint16_t k : recipe_->streams()) {
      const Stream& s = streams_[k];
      const bool product = k == product_stream_;
      if (product) product_slots_.push_back(q);
      recipe_bytes_ = s.bytes;  // of one dtype, as all streams of a recipe
      recipe_refs_.push_back(refs_[product ? 0 : s.operand]);
      steps_[q++] = s.row * s.bytes;
      rows_touch_ &= s.row == columns_;
    }
  }

  void stage_rows(const Part& part) const {
    for (const Stream& s : streams_) {
      if (s.tile < 0) continue;
      char* const tile = part.tiles + s.tile;
      const size_t row = static_cast<size_t>(columns_ * s.bytes);
      std::memcpy(tile, refs_[s.operand].at<char>(part.bases), row);
      repeat(tile, row, row * static_cast<size_t>(rows_at_once_));
    }
  }

  /// The recipe on rows [i0, i1) x columns [j0, j1); as one row where those of every stream touch.
  static void finish_rows(void* context, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1, void* block,
                          ptrdiff_t block_row) noexcept {
    Part& part = *static_cast<Part*>(context);
    const MatmulGroup& self = *part.self;
    const auto rows = static_cast<size_t>(i1 - i0), columns = static_cast<size_t>(j1 - j0);
    const ptrdiff_t shift = j0 * self.recipe_bytes_;
    char** slot = part.slots;
    for (size_t q = 0; q < self.recipe_refs_.size(); ++q) {
      *slot++ = self.recipe_refs_[q].at<char>(part.bases) + i0 * self.steps_[q] + shift;
    }
    for (const size_t q : self.product_slots_) part.slots[q] = static_cast<char*>(block);
    if (block_row != self.columns_) {
      std::array<ptrdiff_t, GroupRecipe::kMostSlots> steps = self.steps_;
      for (const size_t q : self.product_slots_) steps[q] = block_row * self.recipe_bytes_;
      self.recipe_->run(part.slots, columns, rows, steps.data());
    } else if (self.rows_touch_ && j1 - j0 == block_row) {
      self.recipe_->run(part.slots, rows * columns, 1, nullptr);
    } else {
      self.recipe_->run(part.slots, columns, rows, self.steps_.data());
    }
  }

  /// The group on rows [i0, i1) x columns [j0, j1): some rows at once where those of every operand touch.
  static void finish_block(void* context, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1, void* block,
                           ptrdiff_t block_row) noexcept {
    Part& part = *static_cast<Part*>(context);
    const MatmulGroup& self = *part.self;
    const bool touch = block_row == self.columns_ && j0 == 0 && j1 == self.columns_;
    const ptrdiff_t most = touch ? std::max<ptrdiff_t>(self.rows_at_once_, 1) : 1;
    for (ptrdiff_t i = i0; i < i1;) {
      const ptrdiff_t rows = std::min(most, i1 - i);
      for (size_t k = 0; k < self.streams_.size(); ++k) {
        const Stream& s = self.streams_[k];
        char* const from = k == self.product_stream_ ? static_cast<char*>(block) + (i - i0) * block_row * s.bytes
                           : s.tile >= 0             ? part.tiles + s.tile + j0 * s.bytes
                                         : self.refs_[s.operand].at<char>(part.bases) + (i * s.row + j0) * s.bytes;
        part.slots[k] = from;
      }
      self.program_->run(part.slots, static_cast<size_t>(rows * (j1 - j0)));
      i += rows;
    }
  }

  kernels::GemmPlan plan_;
  Ref a_{}, b_{}, b_copy_{}, workspace_{};
  std::vector<Ref> refs_;  // of the group's operands
  std::optional<MatmulUpdate> update_;
  std::optional<GroupProgram> program_;
  std::optional<GroupRecipe> recipe_;  // if the program is one and takes the rows as they lie
  // The recipe's streams: where they begin (the product's: anywhere), bytes from row to row of each slot, which of them
  // are the product, bytes of an element, whether the rows of all of them touch.
  std::vector<Ref> recipe_refs_;
  std::array<ptrdiff_t, GroupRecipe::kMostSlots> steps_{};
  std::vector<size_t> product_slots_;
  ptrdiff_t recipe_bytes_ = 0;
  bool rows_touch_ = true;
  std::vector<Stream> streams_;
  size_t product_stream_ = SIZE_MAX;
  ptrdiff_t rows_at_once_ = 1;
  size_t tiles_at_ = 0, tile_bytes_ = 0;  // of scratch
  ptrdiff_t columns_ = 0;
  size_t gemm_bytes_ = 0;
};

}  // namespace

const InstructionRow kMatmulGroupRow = {
    13,
    "matmulGroup",
    group_outputs,
    true,
    verify,
    [](const Instruction& in, const PrepareContext& context) -> std::unique_ptr<Prepared> {
      return std::make_unique<MatmulGroup>(in, context);
    },
};

}  // namespace gradsmith::plan
