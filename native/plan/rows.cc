// softmax, crossEntropy, crossEntropyGrad: verify, cut into parts by rows, run.
#include "plan/rows_checks.h"

namespace gradsmith::plan {
namespace {

/// Elements of a part: 20 to 50 µs of exponentials.
constexpr size_t kPartElements = 32768;
/// Rows of a part come in sixteens, the largest batch of short rows that a kernel takes together.
constexpr size_t kRowGrain = 16;

size_t rows_of(const Operand& x) {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < static_cast<size_t>(x.rank); i++) rows *= x.dims[i];
  return static_cast<size_t>(rows);
}
size_t columns_of(const Operand& x) { return static_cast<size_t>(x.dims[static_cast<size_t>(x.rank) - 1]); }
size_t float_index(DType dtype) { return dtype == DType::kFloat64 ? 1 : 0; }

double exp_cost(const Operand& x) {
  return 20 + static_cast<double>(x.size()) * (x.dtype == DType::kFloat64 ? 1.5 : 0.5) +
         5 * static_cast<double>(rows_of(x));
}

/// What the three instructions share: rows of an [N, C] operand, in parts.
class RowWork : public Prepared {
 protected:
  explicit RowWork(const Operand& x)
      : columns_(columns_of(x)),
        item_(size_of(x.dtype)),
        rows_(Chunks::of(rows_of(x), rows_for(kPartElements, columns_), kRowGrain)) {
    parts = rows_.parts();
    cost_ns = exp_cost(x);
  }

  size_t columns_;
  size_t item_;
  Chunks rows_;
};

class Softmax final : public RowWork {
 public:
  Softmax(const Instruction& instruction, const PrepareContext& context)
      : RowWork(instruction.operands[1]),
        y_(context.ref(instruction.operands[0])),
        x_(context.ref(instruction.operands[1])) {
    const kernels::RowKernels& rows = context.kernels.rows;
    const size_t dtype = float_index(instruction.operands[1].dtype);
    fn_ = instruction.attrs[0] == 0 ? rows.softmax[dtype] : rows.log_softmax[dtype];
  }

  void run(void* const* bases, size_t part, void*, Fault&) const noexcept override {
    const size_t first = rows_.first(part);
    if (first >= rows_.count) return;
    const size_t offset = first * columns_ * item_;
    fn_(x_.at<const char>(bases) + offset, y_.at<char>(bases) + offset, rows_.last(part) - first, columns_);
  }

 private:
  Ref y_, x_;
  kernels::SoftmaxFn fn_;
};

void verify_softmax(const Instruction& instruction) {
  const Checks checks("softmax", instruction);
  checks.counts(2, 1);
  checks.choice(0, "log", 2);
  const Operand& y = instruction.operands[0];
  const Operand& x = instruction.operands[1];
  checks.floating(x, "x");
  checks.same_dtype(y, "y", x, "x");
  checks.require(x.rank > 0, "x must have a last axis");
  checks.rank(y, "y", x.rank);
  for (int32_t i = 0; i < x.rank; i++) checks.dim(y, "y", i, x.dims[static_cast<size_t>(i)]);
  checks.contiguous(y, "y");
  checks.contiguous(x, "x");
}

void verify_logits(const Checks& checks, const Operand& logits, const Operand& labels) {
  checks.floating(logits, "logits");
  checks.rank(logits, "logits", 2);
  checks.contiguous(logits, "logits");
  checks.dtype(labels, "labels", DType::kInt32);
  checks.rank(labels, "labels", 1);
  checks.dim(labels, "labels", 0, logits.dims[0]);
  checks.contiguous(labels, "labels");
}

void report_label(Fault& fault, int32_t label, size_t columns) {
  fault = {Fault::kIndexOutOfRange, label, static_cast<int64_t>(columns)};
}

class CrossEntropy final : public RowWork {
 public:
  CrossEntropy(const Instruction& instruction, const PrepareContext& context)
      : RowWork(instruction.operands[1]),
        loss_(context.ref(instruction.operands[0])),
        logits_(context.ref(instruction.operands[1])),
        labels_(context.ref(instruction.operands[2])),
        fn_(context.kernels.rows.cross_entropy[float_index(instruction.operands[1].dtype)]) {}

  void run(void* const* bases, size_t part, void*, Fault& fault) const noexcept override {
    const size_t first = rows_.first(part);
    if (first >= rows_.count) return;
    const size_t rows = rows_.last(part) - first;
    const int32_t* labels = labels_.at<const int32_t>(bases) + first;
    const size_t good = fn_(logits_.at<const char>(bases) + first * columns_ * item_, labels,
                            loss_.at<char>(bases) + first * item_, rows, columns_);
    if (good < rows) report_label(fault, labels[good], columns_);
  }

 private:
  Ref loss_, logits_, labels_;
  kernels::CrossEntropyFn fn_;
};

void verify_cross_entropy(const Instruction& instruction) {
  const Checks checks("crossEntropy", instruction);
  checks.counts(3, 0);
  const Operand& loss = instruction.operands[0];
  const Operand& logits = instruction.operands[1];
  verify_logits(checks, logits, instruction.operands[2]);
  checks.same_dtype(loss, "loss", logits, "logits");
  checks.rank(loss, "loss", 1);
  checks.dim(loss, "loss", 0, logits.dims[0]);
  checks.contiguous(loss, "loss");
}

class CrossEntropyGrad final : public RowWork {
 public:
  CrossEntropyGrad(const Instruction& instruction, const PrepareContext& context)
      : RowWork(instruction.operands[1]),
        d_(context.ref(instruction.operands[0])),
        logits_(context.ref(instruction.operands[1])),
        labels_(context.ref(instruction.operands[2])),
        dloss_(context.ref(instruction.operands[3])),
        dloss_stride_(instruction.operands[3].strides[0]),
        fn_(context.kernels.rows.cross_entropy_grad[float_index(instruction.operands[1].dtype)]) {}

  void run(void* const* bases, size_t part, void*, Fault& fault) const noexcept override {
    const size_t first = rows_.first(part);
    if (first >= rows_.count) return;
    const size_t rows = rows_.last(part) - first;
    const size_t offset = first * columns_ * item_;
    const int32_t* labels = labels_.at<const int32_t>(bases) + first;
    const char* dloss =
        dloss_.at<const char>(bases) + static_cast<int64_t>(first) * dloss_stride_ * static_cast<int64_t>(item_);
    const size_t good = fn_(logits_.at<const char>(bases) + offset, labels, dloss, dloss_stride_,
                            d_.at<char>(bases) + offset, rows, columns_);
    if (good < rows) report_label(fault, labels[good], columns_);
  }

 private:
  Ref d_, logits_, labels_, dloss_;
  int64_t dloss_stride_;
  kernels::CrossEntropyGradFn fn_;
};

void verify_cross_entropy_grad(const Instruction& instruction) {
  const Checks checks("crossEntropyGrad", instruction);
  checks.counts(4, 0);
  const Operand& d = instruction.operands[0];
  const Operand& logits = instruction.operands[1];
  const Operand& dloss = instruction.operands[3];
  verify_logits(checks, logits, instruction.operands[2]);
  checks.same_dtype(d, "d", logits, "logits");
  checks.rank(d, "d", 2);
  checks.dim(d, "d", 0, logits.dims[0]);
  checks.dim(d, "d", 1, logits.dims[1]);
  checks.contiguous(d, "d");
  checks.same_dtype(dloss, "dloss", logits, "logits");
  checks.rank(dloss, "dloss", 1);
  checks.dim(dloss, "dloss", 0, logits.dims[0]);
}

template <class P>
std::unique_ptr<Prepared> prepare(const Instruction& instruction, const PrepareContext& context) {
  return std::make_unique<P>(instruction, context);
}

}  // namespace

const InstructionRow kSoftmaxRow = {5, "softmax", one_output, true, verify_softmax, prepare<Softmax>};
const InstructionRow kCrossEntropyRow = {6,     "crossEntropy",       one_output,
                                         false, verify_cross_entropy, prepare<CrossEntropy>};
const InstructionRow kCrossEntropyGradRow = {7,     "crossEntropyGrad",        one_output,
                                             false, verify_cross_entropy_grad, prepare<CrossEntropyGrad>};

}  // namespace gradsmith::plan
