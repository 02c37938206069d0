#include "plan/buffer.h"

#include <new>

namespace gradsmith::plan {

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
