// Memory that stays from run to run, and what may be derived from it for as long as nobody overwrites it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/memory_pool.h"

namespace gradsmith::plan {

/// Not synchronised: runs and copies that use a buffer come one after the other, as the executor's queue has them.
class Buffer {
 public:
  using Round = void (*)(const float* from, size_t count, uint16_t* to);

  /// Throws std::bad_alloc.
  explicit Buffer(size_t bytes) : memory_(bytes) {}
  char* data() const { return memory_.data(); }
  size_t size() const { return memory_.size(); }

  /// Somebody has written to it: what was derived is gone.
  void overwritten() noexcept;
  /// Its elements as `round` makes bfloat16 of them, in the same places. Null when it is asked for the first time since
  /// the buffer was overwritten, as a weight is in each step of a training: a copy pays from its second use on. Null
  /// also where there is no memory for it.
  const uint16_t* rounded(Round round) noexcept;

 private:
  Block memory_;
  Block copy_;
  bool asked_ = false;
};

}  // namespace gradsmith::plan
