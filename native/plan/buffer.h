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

  /// Zeros. Of a large matrix of `rows` rows, each half lies in pages of its own, cut where products cut it between two
  /// cores: hardware that fetches ahead stops at the end of a page, and does not pull what the other core writes.
  /// Throws std::bad_alloc.
  explicit Buffer(size_t bytes, size_t rows = 1);
  char* data() const { return data_; }
  size_t size() const { return size_; }

  /// Somebody has written to it: what was derived is gone.
  void overwritten() noexcept;
  /// Its elements as `round` makes bfloat16 of them, in the same places. Null when it is asked for the first time since
  /// the buffer was overwritten, as a weight is in each step of a training: a copy pays from its second use on. Null
  /// also where there is no memory for it.
  const uint16_t* rounded(Round round) noexcept;

 private:
  Block memory_;
  char* data_;
  size_t size_;
  Block copy_;
  bool asked_ = false;
};

}  // namespace gradsmith::plan
