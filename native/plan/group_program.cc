#include "plan/group_program.h"

#include <algorithm>
#include <cstring>

#include "plan/group_numbers.h"

namespace gradsmith::plan {
namespace {

uint32_t aliases_of(std::span<const Ref> refs, size_t input, size_t outputs) {
  uint32_t aliases = 0;
  for (size_t k = 0; k < outputs; ++k) {
    const Ref& a = refs[outputs + input];
    const Ref& b = refs[k];
    if (a.base == b.base && a.byte_offset == b.byte_offset) aliases |= 1u << k;
  }
  return aliases;
}

LoweredGroup lower(const Group& group, const std::vector<uint8_t>& uniform, std::span<const Ref> refs,
                   const kernels::ElementwiseKernels& kernels) {
  std::vector<uint32_t> aliases;
  for (size_t i = 0; i < group.inputs; ++i) aliases.push_back(aliases_of(refs, i, group.outputs.size()));
  return lower_group(group, uniform, aliases, kernels);
}

}  // namespace

GroupProgram::GroupProgram(const Group& group, const std::vector<uint8_t>& uniform, std::span<const Ref> refs,
                           int64_t size, const kernels::ElementwiseKernels& kernels)
    : kernels_(kernels), lowered_(lower(group, uniform, refs, kernels)) {
  const size_t* const block = kernels_.block[lowered_.lane_bytes == 8 ? 1 : 0];
  narrow_ = block[2];
  for (const size_t pace : {block[0], block[1]}) {
    if (spread_ == 1 && size >= static_cast<int64_t>(pace)) spread_ = pace;
  }
  spread_ = std::max(spread_, narrow_);
  spread_constants(block[0]);
  for (const LoweredGroup::Uniform& u : lowered_.uniforms) uniforms_.push_back(refs[u.operand]);
  const size_t streams = lowered_.stream_operand.size();
  for (size_t i = 0; i < streams; ++i) written_[i] = lowered_.stream_written[i] != 0;
  program_ = {lowered_.lane_bytes, {}, streams, lowered_.stream_bytes.data(), written_, lowered_.lists.data(),
              lowered_.whole};
  for (size_t pace = 0; pace < kernels::kPaces; ++pace) program_.steps[pace] = lowered_.steps[pace].data();
  prologue_ = {
      lowered_.lane_bytes, {nullptr, nullptr, lowered_.prologue.data()}, 0, nullptr, nullptr, nullptr, nullptr};
}

void GroupProgram::spread_constants(size_t elements) {
  const size_t bytes = std::max<size_t>(1, lowered_.constants.size()) * lowered_.slot_bytes;
  constants_.reset(new (std::align_val_t{64}) char[bytes]);
  for (size_t i = 0; i < lowered_.constants.size(); ++i) {
    const LoweredGroup::Constant& constant = lowered_.constants[i];
    kernels_.fill(constants_.get() + i * lowered_.slot_bytes, reinterpret_cast<const char*>(&constant.bits),
                  constant.bytes, elements);
  }
}

void GroupProgram::enter(void* const* bases, char* scratch, char** slots) const noexcept {
  const size_t bytes = lowered_.slot_bytes;
  char** const block = slots + program_.streams;
  for (size_t i = 0; i < lowered_.scratch_slots; ++i) block[i] = scratch + i * bytes;
  char** const constant = block + lowered_.scratch_slots;
  for (size_t i = 0; i < lowered_.constants.size(); ++i) constant[i] = constants_.get() + i * bytes;
  for (size_t i = 0; i < uniforms_.size(); ++i) {
    const LoweredGroup::Uniform& u = lowered_.uniforms[i];
    const uint64_t bits = number_bits(uniforms_[i].at<char>(bases), u.from, u.to);
    const size_t width = u.to == DType::kFloat64 ? 8 : static_cast<size_t>(lowered_.lane_bytes);
    if (lowered_.whole != nullptr && lowered_.prologue.empty())
      std::memcpy(slots[u.slot], &bits, sizeof(bits));  // read as a number
    else
      kernels_.fill(slots[u.slot], reinterpret_cast<const char*>(&bits), width, narrow_);
  }
  if (!lowered_.prologue.empty()) kernels_.run(prologue_, slots, narrow_);
  if (spread_ == narrow_) return;
  for (const LoweredGroup::Spread& s : lowered_.spread) kernels_.fill(slots[s.slot], slots[s.slot], s.bytes, spread_);
}

}  // namespace gradsmith::plan
