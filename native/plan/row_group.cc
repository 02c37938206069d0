// The `rowGroup` instruction: elementwise groups and reductions over the same rows, step by step on a block of rows
// while it is in cache. Only its outputs go to memory. See docs/architecture.md.
#include <algorithm>
#include <memory>
#include <span>

#include "base/memory_pool.h"
#include "base/round_up.h"
#include "plan/operand.h"
#include "plan/row_program.h"
#include "plan/row_steps.h"

namespace gradsmith::plan {
namespace {

/// Of a block: what its steps read, make and leave, together, so that it stays in a first-level cache. Of long rows up
/// to eight, as far as they fit twice that: then the sums of one row hide behind the loads of the next.
constexpr size_t kBlockBytes = 32768;
constexpr size_t kLongBlockBytes = 49152;
constexpr size_t kFewRows = 8;
constexpr size_t kMostRows = 1024;
/// The largest batch of short rows that a kernel takes together; longer rows than this many elements are taken one by
/// one. A block holds whole batches, so that its borders change no bit.
constexpr size_t kBatchRows = 16;
constexpr int64_t kBatchedColumns = 64;
/// Work of one part: enough to pay for waking a thread several times over.
constexpr double kPartNs = 16000;
/// Of a step on a block, beside its elements.
constexpr double kStepNs = 15;
constexpr size_t kSlack = 64;

class RowGroup final : public Prepared {
 public:
  RowGroup(const Instruction& in, const PrepareContext& context) : RowGroup(in, decode_rows(in), context) {}

  RowGroup(const Instruction& in, const RowProgram& program, const PrepareContext& context)
      : columns_(program, context.kernels.rows), workspace_(context.workspace()) {
    rows_ = static_cast<size_t>(program.rows);
    values_ = program.values.size();
    place_operands(in, program, context);
    join_steps(program, context.kernels);
    const std::vector<ptrdiff_t> slots = choose_slots(program);
    block_rows_ = rows_of_block(program, slots);
    place_temporaries(slots);
    const RowLayout layout{program, places_, block_rows_, columns_, context.kernels};
    double row_ns = 0;
    size_t step_bytes = 0;
    for (size_t i = 0; i < program.steps.size();) {
      std::unique_ptr<PreparedRowStep> prepared = std::move(joined_[i]);
      const size_t taken = prepared == nullptr ? 1 : 1 + program.steps[i].writes.size();
      if (prepared == nullptr) prepared = prepare_row_step(program.steps[i], layout);
      prepared->kept_at = kept_bytes_;
      kept_bytes_ += prepared->kept_bytes;
      step_bytes = std::max(step_bytes, prepared->scratch_bytes);
      row_ns += prepared->ns_per_row;
      steps_.push_back(std::move(prepared));
      i += taken;
    }
    joined_.clear();
    kept_at_ = scratch_bytes;
    step_at_ = kept_at_ + kept_bytes_;
    scratch_bytes = step_at_ + step_bytes;
    const double block_ns =
        row_ns * static_cast<double>(block_rows_) + kStepNs * static_cast<double>(program.steps.size());
    const size_t blocks = (rows_ + block_rows_ - 1) / block_rows_;
    part_blocks_ = std::max<size_t>(1, static_cast<size_t>(kPartNs / std::max(block_ns, 1.0)));
    if (!columns_.empty() && block_rows_ < kernels::kColumnBlock) {
      const size_t whole = kernels::kColumnBlock / block_rows_;
      part_blocks_ = (part_blocks_ + whole - 1) / whole * whole;
    }
    parts = blocks == 0 ? 1 : (blocks + part_blocks_ - 1) / part_blocks_;
    workspace_bytes = columns_.workspace_bytes();
    finish_parts = columns_.empty() || parts == 1 ? 0 : columns_.parts();
    cost_ns = 20 + row_ns * static_cast<double>(rows_) +
              kStepNs * static_cast<double>(program.steps.size()) * static_cast<double>(blocks);
  }

  void run(void* const* bases, size_t part, void* scratch, Fault&) const noexcept override {
    run_blocks(bases, part, scratch);
    if (columns_.empty() || finish_parts > 0) return;
    for (size_t i = 0; i < columns_.parts(); ++i) finish(bases, i, scratch);
  }

  void finish(void* const* bases, size_t part, void*) const noexcept override {
    void* y[kernels::kMaxGroupOutputs];
    for (size_t i = 0; i < sums_.size(); ++i) y[i] = sums_[i].at<void>(bases);
    columns_.finish(workspace_.at<char>(bases), y, part);
  }

 private:
  struct Operand {
    size_t value;
    Ref ref;
  };
  struct Temporary {
    size_t value;
    size_t offset;
  };

  void run_blocks(void* const* bases, size_t part, void* scratch) const noexcept {
    const size_t first = part * part_blocks_ * block_rows_;
    const size_t last = std::min(first + part_blocks_ * block_rows_, rows_);
    if (first >= last) return;
    char* at[kMaxRowValues];
    char* const own = static_cast<char*>(scratch);
    RowBlock block{std::min(block_rows_, rows_), first, at, own + step_at_, own + kept_at_, nullptr};
    if (!columns_.empty()) block.sums = workspace_.at<char>(bases);
    for (const Operand& o : operands_) {
      at[o.value] = o.ref.at<char>(bases) + static_cast<ptrdiff_t>(first) * places_[o.value].pitch;
    }
    for (const Temporary& t : temporaries_) at[t.value] = own + t.offset;
    for (const auto& step : steps_) step->begin(block);
    for (size_t row = first; row < last; row += block.rows) {
      block.rows = std::min(block_rows_, last - row);
      block.first = row;
      for (const auto& step : steps_) step->run(block);
      for (const Operand& o : operands_) at[o.value] += static_cast<ptrdiff_t>(block.rows) * places_[o.value].pitch;
    }
  }

  /// Finds what can be added up as it is made, and need not lie in memory.
  void join_steps(const RowProgram& program, const kernels::KernelTable& kernels) {
    const RowLayout layout{program, places_, 0, columns_, kernels};
    joined_.resize(program.steps.size());
    for (size_t i = 0; i < program.steps.size(); ++i) {
      const std::vector<size_t>& made = program.steps[i].writes;
      if (i + made.size() >= program.steps.size()) continue;
      const std::span after = std::span(program.steps).subspan(i + 1, made.size());
      const auto is_read_by_them_alone = [&](size_t v) {
        const auto& outputs = program.outputs;
        const auto reads = [&](const RowStep& step) { return step.reads == std::vector{v}; };
        return std::count_if(after.begin(), after.end(), reads) == 1 &&
               program.last_read(v) <= static_cast<int>(i + made.size()) &&
               std::find(outputs.begin(), outputs.end(), v) == outputs.end();
      };
      if (std::all_of(made.begin(), made.end(), is_read_by_them_alone))
        joined_[i] = prepare_row_sums(program.steps[i], after, layout);
    }
  }

  void place_operands(const Instruction& in, const RowProgram& program, const PrepareContext& context) {
    const size_t outputs = program.outputs.size();
    for (size_t v = 0; v < values_; ++v) {
      const RowValue& value = program.values[v];
      const int64_t width = value.wide ? program.columns : 1;
      places_.push_back({width * static_cast<ptrdiff_t>(size_of(value.dtype)), v});
    }
    for (size_t i = 0; i < program.inputs; ++i) {
      const plan::Operand& x = in.operands[outputs + i];
      operands_.push_back({i, context.ref(x)});
      places_[i].pitch = x.strides[0] * static_cast<ptrdiff_t>(size_of(x.dtype));
    }
    for (size_t k = 0; k < outputs; ++k) {
      const size_t value = program.outputs[k];
      if (program.values[value].of_columns) continue;
      operands_.push_back({value, context.ref(in.operands[k])});
      for (size_t i = 0; i < program.inputs; ++i) {
        if (same_view(in.operands[k], in.operands[outputs + i])) places_[value].same_as = i;
      }
    }
    for (const RowColumn& c : columns_.list()) {
      const auto at = std::find(program.outputs.begin(), program.outputs.end(), c.value) - program.outputs.begin();
      sums_.push_back(context.ref(in.operands[static_cast<size_t>(at)]));
    }
  }

  /// As many as keep all that the steps touch within a block's bytes; temporaries that share memory count once.
  size_t rows_of_block(const RowProgram& program, const std::vector<ptrdiff_t>& slots) const {
    size_t row = 1;
    for (const ptrdiff_t slot : slots) row += static_cast<size_t>(slot);
    for (const Operand& o : operands_) {
      const RowValue& value = program.values[o.value];
      if (value.wide && places_[o.value].pitch != 0) row += static_cast<size_t>(program.columns) * size_of(value.dtype);
    }
    const size_t most = std::max(kBlockBytes / row, std::min(kFewRows, kLongBlockBytes / row));
    const size_t fitting = std::clamp<size_t>(most, 1, kMostRows);
    const size_t rows = columns_.empty() ? fitting : RowColumns::block_rows(fitting);
    if (program.columns > kBatchedColumns) return rows;
    return std::max(kBatchRows, rows / kBatchRows * kBatchRows);
  }

  /// Memory of what is no output: taken when a step makes it, given back after the last that reads it. Returns the
  /// bytes of a row in each place; the temporaries' offsets are places for now.
  std::vector<ptrdiff_t> choose_slots(const RowProgram& program) {
    std::vector<ptrdiff_t> slots;
    std::vector<size_t> free;
    for (size_t i = 0; i < program.steps.size(); ++i) {
      for (const size_t v : program.steps[i].writes) {
        const bool is_output = std::find(program.outputs.begin(), program.outputs.end(), v) != program.outputs.end();
        if (is_output || joined_[i] != nullptr) continue;
        const auto hole =
            std::find_if(free.begin(), free.end(), [&](size_t slot) { return slots[slot] == places_[v].pitch; });
        temporaries_.push_back({v, hole == free.end() ? slots.size() : *hole});
        if (hole == free.end())
          slots.push_back(places_[v].pitch);
        else
          free.erase(hole);
      }
      for (const Temporary& t : temporaries_) {
        if (std::max(program.last_read(t.value), program.made_by(t.value)) == static_cast<int>(i))
          free.push_back(t.offset);
      }
    }
    return slots;
  }

  void place_temporaries(const std::vector<ptrdiff_t>& slots) {
    std::vector<size_t> offsets;
    for (const ptrdiff_t slot : slots) {
      offsets.push_back(scratch_bytes);
      scratch_bytes += round_up(block_rows_ * static_cast<size_t>(slot) + kSlack, kAlignment);
    }
    for (Temporary& t : temporaries_) t.offset = offsets[t.offset];
  }

  RowColumns columns_;
  std::vector<Ref> sums_;  // results of those, in their order
  Ref workspace_;
  size_t rows_ = 0, values_ = 0, block_rows_ = 1, part_blocks_ = 1;
  std::vector<RowPlace> places_;   // by value
  std::vector<Operand> operands_;  // but for sums of columns
  std::vector<Temporary> temporaries_;
  std::vector<std::unique_ptr<PreparedRowStep>> steps_;
  std::vector<std::unique_ptr<PreparedRowStep>> joined_;  // while it is built: by step, with the sums after it
  size_t kept_bytes_ = 0, kept_at_ = 0, step_at_ = 0;  // in scratch: temporaries, what steps keep, the running step's
};

void verify(const Instruction& in) { decode_rows(in); }

}  // namespace

const InstructionRow kRowGroupRow = {
    14,
    "rowGroup",
    row_outputs,
    true,
    verify,
    [](const Instruction& in, const PrepareContext& context) -> std::unique_ptr<Prepared> {
      return std::make_unique<RowGroup>(in, context);
    },
};

}  // namespace gradsmith::plan
