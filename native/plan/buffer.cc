#include "plan/buffer.h"

#include <cstdint>
#include <new>

#include "kernels/gemm.h"

namespace gradsmith::plan {
namespace {

constexpr size_t kPage = 4096;
/// Smaller matrices are not cut, or it does not matter.
constexpr size_t kLargeBytes = 16 * kPage;

}  // namespace

Buffer::Buffer(size_t bytes, size_t rows) : size_(bytes) {
  const bool in_halves = rows > 1 && bytes >= kLargeBytes && bytes % rows == 0;
  memory_ = Block(in_halves ? bytes + kPage : bytes);
  data_ = memory_.data();
  if (!in_halves) return;
  const size_t half = static_cast<size_t>(kernels::gemm_half(static_cast<ptrdiff_t>(rows))) * (bytes / rows);
  const size_t to_border = (kPage - (reinterpret_cast<uintptr_t>(data_) + half) % kPage) % kPage;
  data_ += to_border / kAlignment * kAlignment;
}

void Buffer::overwritten() noexcept {
  asked_ = false;
  if (copy_.size() > 0) copy_ = Block();
}

const uint16_t* Buffer::rounded(Round round) noexcept {
  if (!asked_) {
    asked_ = true;
    return nullptr;
  }
  if (copy_.size() == 0) {
    const size_t elements = size() / sizeof(float);
    if (elements == 0) return nullptr;
    try {
      copy_ = Block(elements * sizeof(uint16_t));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    round(reinterpret_cast<const float*>(data()), elements, reinterpret_cast<uint16_t*>(copy_.data()));
  }
  return reinterpret_cast<const uint16_t*>(copy_.data());
}

}  // namespace gradsmith::plan
