#include "plan/plan.h"

#include <algorithm>

#include "plan/verifier.h"

namespace gradsmith::plan {
namespace {

/// Addresses of a plan with `buffers` buffers and windows.
class Addresses final : public PrepareContext {
 public:
  /// `copies` takes the buffers of which instructions ask for rounded copies.
  Addresses(const kernels::KernelTable& table, std::span<const BufferSpec> specs, size_t windows,
            std::vector<size_t>& copies)
      : PrepareContext(table),
        specs_(specs),
        buffers_(static_cast<uint32_t>(specs.size() + windows)),
        copies_(copies) {}

  Ref ref(const Operand& operand) const override { return at(operand.buffer, operand.dtype, operand.offset); }

  Ref workspace() const override { return {buffers_ + 2, 0}; }

  Ref rounded(const Operand& operand) const override {
    const auto buffer = static_cast<size_t>(operand.buffer);
    if (operand.buffer < 0 || buffer >= specs_.size() || specs_[buffer].kind != BufferKind::kInput)
      return PrepareContext::rounded(operand);
    const auto at = std::find(copies_.begin(), copies_.end(), buffer);
    const auto index = static_cast<uint32_t>(at - copies_.begin());
    if (at == copies_.end()) copies_.push_back(buffer);
    return {buffers_ + 3 + index, operand.offset * static_cast<int64_t>(sizeof(uint16_t))};
  }

  Ref at(int32_t buffer, DType dtype, int64_t offset) const {
    const uint32_t base = buffer == kArena     ? buffers_
                          : buffer == kScalars ? buffers_ + 1
                                               : static_cast<uint32_t>(buffer);
    return {base, offset * static_cast<int64_t>(size_of(dtype))};
  }

 private:
  std::span<const BufferSpec> specs_;
  uint32_t buffers_;  // and windows
  std::vector<size_t>& copies_;
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
  const Addresses addresses(kernels, buffers_, windows_.size(), copies_);
  round_ = kernels.gemm.round;
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

void Plan::bind_copies(void** bases, Buffer* const* buffers) const {
  for (size_t i = 0; i < copies_.size(); ++i) {
    Buffer* const buffer = buffers == nullptr ? nullptr : buffers[copies_[i]];
    // (of const, since an address of a run may be one to write to; nobody writes to this one)
    bases[copies_base() + i] = buffer == nullptr ? nullptr : const_cast<uint16_t*>(buffer->rounded(round_));
  }
}

void Plan::tell_overwritten(Buffer* const* buffers) const {
  for (size_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i].kind != BufferKind::kInput && buffers[i] != nullptr) buffers[i]->overwritten();
  }
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
