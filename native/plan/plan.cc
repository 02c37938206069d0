#include "plan/plan.h"

#include <algorithm>

#include "plan/verifier.h"

namespace gradsmith::plan {
namespace {

/// Addresses of a plan with `buffers` buffers and windows.
class Addresses final : public PrepareContext {
 public:
  Addresses(const kernels::KernelTable& table, size_t buffers)
      : PrepareContext(table), buffers_(static_cast<uint32_t>(buffers)) {}

  Ref ref(const Operand& operand) const override { return at(operand.buffer, operand.dtype, operand.offset); }

  Ref workspace() const override { return {buffers_ + 2, 0}; }

  Ref at(int32_t buffer, DType dtype, int64_t offset) const {
    const uint32_t base = buffer == kArena     ? buffers_
                          : buffer == kScalars ? buffers_ + 1
                                               : static_cast<uint32_t>(buffer);
    return {base, offset * static_cast<int64_t>(size_of(dtype))};
  }

 private:
  uint32_t buffers_;
};

}  // namespace

Plan::Plan(std::span<const int32_t> words, const kernels::KernelTable& kernels) {
  DecodedPlan decoded = decode(words);
  verify(decoded);
  arena_ = Block(static_cast<size_t>(decoded.arena_bytes));
  buffers_ = std::move(decoded.buffers);
  scalars_ = static_cast<size_t>(decoded.scalars);
  for (const BufferSpec& spec : buffers_) reads_buffers_ = reads_buffers_ || spec.kind != BufferKind::kOutput;
  for (const WindowSpec& spec : decoded.windows) {
    const DType dtype = buffers_[static_cast<size_t>(spec.buffer)].dtype;
    windows_.push_back({buffers_.size() + windows_.size(), static_cast<size_t>(spec.buffer),
                        static_cast<size_t>(spec.scalar), spec.buffer_rows - spec.rows + 1,
                        spec.columns * static_cast<int64_t>(size_of(dtype))});
  }
  const Addresses addresses(kernels, arena_base());
  for (const ValueSpec& value : decoded.values) {
    values_.push_back({addresses.at(value.buffer, value.dtype, value.offset), value.dtype});
  }
  size_t workspace_bytes = 0;
  for (const Instruction& instruction : decoded.instructions) {
    std::unique_ptr<Prepared> prepared = find_row(instruction.opcode)->prepare(instruction, addresses);
    scratch_bytes_ = std::max(scratch_bytes_, prepared->scratch_bytes);
    workspace_bytes = std::max(workspace_bytes, prepared->workspace_bytes);
    threaded_ = threaded_ || prepared->parts > 1;
    cost_ns_ += prepared->cost_ns;
    instructions_.push_back(std::move(prepared));
  }
  if (workspace_bytes > 0) workspace_ = Block(workspace_bytes);
}

bool Plan::bind_windows(void** bases, const double* scalars, Fault& fault) const {
  for (const Window& window : windows_) {
    const int64_t row = first_row(scalars[window.scalar], window.limit, fault);
    if (row < 0) return false;
    bases[window.base] = static_cast<char*>(bases[window.buffer]) + row * window.row_bytes;
  }
  return true;
}

void Plan::read_values(void* const* bases, double* values) const {
  for (const auto& [ref, dtype] : values_) {
    switch (dtype) {
      case DType::kFloat32:
        *values = static_cast<double>(*ref.at<const float>(bases));
        break;
      case DType::kFloat64:
        *values = *ref.at<const double>(bases);
        break;
      case DType::kInt32:
        *values = *ref.at<const int32_t>(bases);
        break;
      case DType::kUint8:
      case DType::kBool:
        *values = *ref.at<const uint8_t>(bases);
        break;
    }
    ++values;
  }
}

}  // namespace gradsmith::plan
