// gather, scatterAdd, dynamicSlice: verify, cut into parts by rows, check the indices of a run, move rows.
#include <cstring>

#include "plan/rows_checks.h"
#include "plan/window.h"

namespace gradsmith::plan {
namespace {

/// Bytes of a part: some 10 µs of copying.
constexpr size_t kPartBytes = 131072;

int64_t row_bytes(const Operand& x) { return x.dims[1] * static_cast<int64_t>(size_of(x.dtype)); }
int64_t stride_bytes(const Operand& x) { return x.strides[0] * static_cast<int64_t>(size_of(x.dtype)); }

void require_rows(const Checks& checks, const Operand& x, const char* what) {
  checks.rank(x, what, 2);
  checks.require(x.dims[1] <= 1 || x.strides[1] == 1, std::string("the rows of ") + what + " must have unit stride");
}

void require_indices(const Checks& checks, const Operand& indices, int64_t n) {
  checks.dtype(indices, "indices", DType::kInt32);
  checks.rank(indices, "indices", 1);
  checks.dim(indices, "indices", 0, n);
  checks.contiguous(indices, "indices");
}

class Gather final : public Prepared {
 public:
  Gather(const Instruction& instruction, const PrepareContext& context)
      : y_(context.ref(instruction.operands[0])),
        table_(context.ref(instruction.operands[1])),
        indices_(context.ref(instruction.operands[2])),
        limit_(static_cast<int32_t>(instruction.operands[1].dims[0])),
        table_stride_(stride_bytes(instruction.operands[1])),
        y_stride_(stride_bytes(instruction.operands[0])),
        row_bytes_(static_cast<size_t>(row_bytes(instruction.operands[0]))),
        kernels_(context.kernels.index) {
    rows_ = Chunks::of(static_cast<size_t>(instruction.operands[0].dims[0]), rows_for(kPartBytes, row_bytes_ + 4), 16);
    parts = rows_.parts();
    cost_ns = 10 + static_cast<double>(rows_.count) * (2 + 0.1 * static_cast<double>(row_bytes_));
  }

  void run(void* const* bases, size_t part, void*, Fault& fault) const noexcept override {
    const size_t first = rows_.first(part);
    if (first >= rows_.count) return;
    const size_t n = rows_.last(part) - first;
    const int32_t* indices = indices_.at<const int32_t>(bases) + first;
    const size_t good = kernels_.find_bad_index(indices, n, limit_);
    if (good < n) {
      fault = {Fault::kIndexOutOfRange, indices[good], limit_};
      return;
    }
    if (row_bytes_ == 0) return;
    char* y = y_.at<char>(bases) + static_cast<int64_t>(first) * y_stride_;
    kernels_.gather(table_.at<const char>(bases), table_stride_, indices, n, y, y_stride_, row_bytes_);
  }

 private:
  Ref y_, table_, indices_;
  int32_t limit_;
  int64_t table_stride_, y_stride_;
  size_t row_bytes_;
  kernels::IndexKernels kernels_;
  Chunks rows_;
};

void verify_gather(const Instruction& instruction) {
  const Checks checks("gather", instruction);
  checks.counts(3, 0);
  const Operand& y = instruction.operands[0];
  const Operand& table = instruction.operands[1];
  checks.same_dtype(y, "y", table, "table");
  require_rows(checks, y, "y");
  require_rows(checks, table, "table");
  checks.dim(y, "y", 1, table.dims[1]);
  require_indices(checks, instruction.operands[2], y.dims[0]);
}

/// Parts own rows of y: each looks at all indices and adds the rows that are its own, in order of i.
class ScatterAdd final : public Prepared {
 public:
  ScatterAdd(const Instruction& instruction, const PrepareContext& context)
      : y_(context.ref(instruction.operands[0])),
        indices_(context.ref(instruction.operands[1])),
        x_(context.ref(instruction.operands[2])) {
    const Operand& y = instruction.operands[0];
    const Operand& x = instruction.operands[2];
    n_ = static_cast<size_t>(x.dims[0]);
    x_stride_ = x.strides[0];
    columns_ = static_cast<size_t>(y.dims[1]);
    limit_ = static_cast<int32_t>(y.dims[0]);
    find_bad_index_ = context.kernels.index.find_bad_index;
    fn_ = context.kernels.index.scatter_add[static_cast<size_t>(y.dtype)];
    const auto rows = static_cast<size_t>(y.dims[0]);
    const auto bytes = static_cast<size_t>(row_bytes(y)) * (rows + n_);
    // At most 16 parts: each of them reads all indices.
    const size_t wanted = bytes / kPartBytes < 1 ? 1 : bytes / kPartBytes < 16 ? bytes / kPartBytes : 16;
    rows_ = Chunks::of(rows, (rows + wanted - 1) / wanted, 1);
    parts = rows_.parts();
    cost_ns = 10 + 0.3 * static_cast<double>(y.size() + x.size()) + 2 * static_cast<double>(n_);
  }

  void run(void* const* bases, size_t part, void*, Fault& fault) const noexcept override {
    const int32_t* indices = indices_.at<const int32_t>(bases);
    const size_t good = find_bad_index_(indices, n_, limit_);
    if (good < n_) {
      if (part == 0) fault = {Fault::kIndexOutOfRange, indices[good], limit_};
      return;
    }
    if (columns_ == 0 || rows_.count == 0) return;
    fn_(y_.at<void>(bases), columns_, rows_.first(part), rows_.last(part), indices, n_, x_.at<const void>(bases),
        x_stride_);
  }

 private:
  Ref y_, indices_, x_;
  size_t n_, columns_;
  int64_t x_stride_;
  int32_t limit_;
  kernels::FindBadIndexFn find_bad_index_;
  kernels::ScatterAddFn fn_;
  Chunks rows_;
};

void verify_scatter_add(const Instruction& instruction) {
  const Checks checks("scatterAdd", instruction);
  checks.counts(3, 0);
  const Operand& y = instruction.operands[0];
  const Operand& x = instruction.operands[2];
  checks.require(is_float(y.dtype) || y.dtype == DType::kInt32, "y must be float32, float64 or int32");
  checks.same_dtype(y, "y", x, "x");
  checks.rank(y, "y", 2);
  checks.contiguous(y, "y");
  require_rows(checks, x, "x");
  checks.dim(y, "y", 1, x.dims[1]);
  require_indices(checks, instruction.operands[1], x.dims[0]);
}

class DynamicSlice final : public Prepared {
 public:
  DynamicSlice(const Instruction& instruction, const PrepareContext& context)
      : y_(context.ref(instruction.operands[0])),
        x_(context.ref(instruction.operands[1])),
        start_(context.ref(instruction.operands[2])),
        x_stride_(stride_bytes(instruction.operands[1])),
        y_stride_(stride_bytes(instruction.operands[0])),
        row_bytes_(static_cast<size_t>(row_bytes(instruction.operands[0]))),
        limit_(instruction.operands[1].dims[0] - instruction.operands[0].dims[0] + 1) {
    rows_ = Chunks::of(static_cast<size_t>(instruction.operands[0].dims[0]), rows_for(kPartBytes, row_bytes_), 16);
    parts = rows_.parts();
    const auto packed = static_cast<int64_t>(row_bytes_);
    whole_ = x_stride_ == packed && y_stride_ == packed;
    cost_ns = 10 + static_cast<double>(rows_.count) * ((whole_ ? 0 : 2) + 0.1 * static_cast<double>(row_bytes_));
  }

  void run(void* const* bases, size_t part, void*, Fault& fault) const noexcept override {
    const int64_t start = first_row(*start_.at<const double>(bases), limit_, fault);
    if (start < 0) return;
    const size_t first = rows_.first(part);
    if (first >= rows_.count || row_bytes_ == 0) return;
    const size_t n = rows_.last(part) - first;
    const char* x = x_.at<const char>(bases) + (start + static_cast<int64_t>(first)) * x_stride_;
    char* y = y_.at<char>(bases) + static_cast<int64_t>(first) * y_stride_;
    if (whole_) {
      std::memcpy(y, x, n * row_bytes_);
      return;
    }
    for (size_t i = 0; i < n; i++, x += x_stride_, y += y_stride_) std::memcpy(y, x, row_bytes_);
  }

 private:
  Ref y_, x_, start_;
  int64_t x_stride_, y_stride_;
  size_t row_bytes_;
  int64_t limit_;
  bool whole_;
  Chunks rows_;
};

void verify_dynamic_slice(const Instruction& instruction) {
  const Checks checks("dynamicSlice", instruction);
  checks.counts(3, 0);
  const Operand& y = instruction.operands[0];
  const Operand& x = instruction.operands[1];
  checks.same_dtype(y, "y", x, "x");
  require_rows(checks, y, "y");
  require_rows(checks, x, "x");
  checks.dim(y, "y", 1, x.dims[1]);
  checks.require(y.dims[0] <= x.dims[0], "y " + shape_text(y) + " has more rows than x " + shape_text(x));
  checks.scalar(instruction.operands[2], "start");
}

template <class P>
std::unique_ptr<Prepared> prepare(const Instruction& instruction, const PrepareContext& context) {
  return std::make_unique<P>(instruction, context);
}

}  // namespace

const InstructionRow kGatherRow = {8, "gather", one_output, false, verify_gather, prepare<Gather>};
const InstructionRow kScatterAddRow = {9, "scatterAdd", one_output, false, verify_scatter_add, prepare<ScatterAdd>};
const InstructionRow kDynamicSliceRow = {10,    "dynamicSlice",       one_output,
                                         false, verify_dynamic_slice, prepare<DynamicSlice>};

}  // namespace gradsmith::plan
