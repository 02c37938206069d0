#include "plan/row_program.h"

#include <algorithm>
#include <span>
#include <string>

#include "kernels/rows.h"
#include "plan/operand.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

constexpr size_t kHeader = 3;

void require(bool condition, const std::string& what) {
  if (!condition) throw PlanError("rowGroup: " + what);
}

bool is_wide(const Operand& input) { return input.strides[1] == 1; }

/// Takes words from the front.
class Words {
 public:
  explicit Words(std::span<const int32_t> words) : words_(words) {}
  std::span<const int32_t> take(size_t n) {
    require(n <= words_.size(), "attributes are missing");
    const auto taken = words_.first(n);
    words_ = words_.subspan(n);
    return taken;
  }
  int32_t next() { return take(1)[0]; }
  /// A number from 0 to limit - 1.
  size_t below(size_t limit, const char* what) {
    const int32_t word = next();
    require(word >= 0 && static_cast<size_t>(word) < limit, std::string(what) + " " + std::to_string(word));
    return static_cast<size_t>(word);
  }
  std::span<const int32_t> rest() const { return words_; }

 private:
  std::span<const int32_t> words_;
};

class Decoder {
 public:
  explicit Decoder(const Instruction& instruction) : in_(instruction), words_(instruction.attrs) {}

  RowProgram run() {
    const std::span<const int32_t> header = words_.take(kHeader);
    for (const int32_t count : header) require(count >= 0, "a count is negative");
    program_.inputs = static_cast<size_t>(header[0]);
    const size_t outputs = static_cast<size_t>(header[1]), steps = static_cast<size_t>(header[2]);
    require(program_.inputs >= 1 && program_.inputs <= kernels::kMaxGroupInputs, "number of inputs");
    require(outputs >= 1 && outputs <= kernels::kMaxGroupOutputs, "number of outputs");
    require(steps >= 1 && steps <= kMaxRowSteps, "number of steps");
    require(in_.operands.size() == program_.inputs + outputs, "operands are missing or too many");
    check_inputs(outputs);
    const std::span<const int32_t> holds = words_.take(outputs);
    for (size_t i = 0; i < steps; ++i) program_.steps.push_back(decode_step());
    require(words_.rest().empty(), "attributes are too many");
    require(program_.values.size() <= kMaxRowValues, "too many values");
    for (size_t i = 0; i < outputs; ++i) check_output(i, holds[i]);
    check_columns();
    check_overwriting();
    return std::move(program_);
  }

 private:
  void check_inputs(size_t outputs) {
    const Operand& first = in_.operands[outputs];
    require(first.rank == 2, "matrices expected");
    program_.rows = first.dims[0];
    program_.columns = first.dims[1];
    require(program_.columns >= 2 && program_.columns <= kMaxRowColumns,
            "rows of " + std::to_string(program_.columns) + " elements");
    for (size_t i = 0; i < program_.inputs; ++i) {
      const Operand& x = in_.operands[outputs + i];
      require(x.rank == 2 && x.dims[0] == program_.rows && x.dims[1] == program_.columns, "inputs differ in shape");
      require(x.strides[1] == 0 || x.strides[1] == 1, "an input must have stride 0 or 1 along its rows");
      program_.values.push_back({x.dtype, is_wide(x)});
    }
  }

  size_t value() {
    const size_t read = words_.below(program_.values.size(), "there is no value");
    require(!program_.values[read].of_columns, "a step reads a number a column");
    return read;
  }

  RowStep decode_step() {
    RowStep step{static_cast<RowStep::Kind>(words_.below(5, "unknown kind of step")), 0, {}, {}, {}};
    if (step.kind == RowStep::kGroup || step.kind == RowStep::kNumbers) {
      decode_group_step(step);
      return step;
    }
    const bool softmax = step.kind == RowStep::kSoftmax;
    step.choice = static_cast<int32_t>(words_.below(softmax ? 2 : kernels::kReduceKindCount, "unknown choice"));
    const size_t x = value();
    const DType dtype = program_.values[x].dtype;
    const bool mean = !softmax && step.choice == static_cast<int32_t>(kernels::ReduceKind::kMean);
    const bool columns = step.kind == RowStep::kColumns;
    require(program_.values[x].wide, "a reduction of numbers");
    require(is_float(dtype) || (!softmax && !mean && dtype != DType::kBool), "a reduction of another dtype");
    if (softmax && x < program_.inputs) {
      const Operand& operand = in_.operands[in_.operands.size() - program_.inputs + x];
      require(program_.rows == 1 || operand.strides[0] == program_.columns, "softmax of rows that do not touch");
    }
    const bool sum = mean || step.choice == static_cast<int32_t>(kernels::ReduceKind::kSum);
    require(!columns || (sum && is_float(dtype)), "of columns there are sums and means of floats");
    step.reads = {x};
    step.writes = {add({dtype, softmax, columns})};
    return step;
  }

  void decode_group_step(RowStep& step) {
    const bool wide = step.kind == RowStep::kGroup;
    const size_t inputs = words_.below(kernels::kMaxGroupInputs + 1, "number of a group's inputs");
    std::vector<DType> dtypes;
    for (size_t i = 0; i < inputs; ++i) {
      step.reads.push_back(value());
      const RowValue& read = program_.values[step.reads.back()];
      require(wide || !read.wide, "a group of numbers reads rows");
      dtypes.push_back(read.dtype);
    }
    step.group = decode_program(words_.take(program_words(words_.rest())), dtypes);
    for (const int32_t reg : step.group.outputs) {
      step.writes.push_back(add({step.group.registers[static_cast<size_t>(reg)], wide}));
    }
  }

  size_t add(RowValue made) {
    program_.values.push_back(made);
    return program_.values.size() - 1;
  }

  void check_output(size_t i, int32_t holds) {
    require(holds >= 0 && static_cast<size_t>(holds) < program_.values.size() &&
                static_cast<size_t>(holds) >= program_.inputs,
            "an output of value " + std::to_string(holds));
    const size_t value = static_cast<size_t>(holds);
    require(std::count(program_.outputs.begin(), program_.outputs.end(), value) == 0, "one value for two outputs");
    const Operand& y = in_.operands[i];
    const RowValue& made = program_.values[value];
    const int64_t width = made.wide || made.of_columns ? program_.columns : 1;
    require(y.rank == 2 && y.dims[0] == (made.of_columns ? 1 : program_.rows) && y.dims[1] == width && y.contiguous() &&
                y.dtype == made.dtype,
            "output " + std::to_string(i) + " does not fit its value");
    program_.outputs.push_back(value);
  }

  void check_columns() const {
    for (size_t v = 0; v < program_.values.size(); ++v) {
      const bool is_output = std::count(program_.outputs.begin(), program_.outputs.end(), v) == 1;
      require(!program_.values[v].of_columns || is_output, "a number a column that is no output");
    }
  }

  void check_overwriting() const {
    for (size_t k = 0; k < program_.outputs.size(); ++k) {
      for (size_t i = 0; i < program_.inputs; ++i) {
        if (!may_overlap(in_.operands[k], in_.operands[program_.outputs.size() + i])) continue;
        require(program_.last_read(i) <= program_.made_by(program_.outputs[k]),
                "output " + std::to_string(k) + " overwrites what a later step reads");
      }
    }
  }

  const Instruction& in_;
  Words words_;
  RowProgram program_{};
};

}  // namespace

int RowProgram::last_read(size_t value) const {
  int last = -1;
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::vector<size_t>& reads = steps[i].reads;
    if (std::find(reads.begin(), reads.end(), value) != reads.end()) last = static_cast<int>(i);
  }
  return last;
}

int RowProgram::made_by(size_t value) const {
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::vector<size_t>& writes = steps[i].writes;
    if (std::find(writes.begin(), writes.end(), value) != writes.end()) return static_cast<int>(i);
  }
  return -1;
}

size_t row_outputs(const Instruction& instruction) { return group_outputs(instruction); }

RowProgram decode_rows(const Instruction& instruction) { return Decoder(instruction).run(); }

}  // namespace gradsmith::plan
