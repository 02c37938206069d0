// Things that JavaScript names by an integer. A handle carries the generation of its slot, so that a stale handle is an
// error and not another thing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

namespace gradsmith::addon {

/// `T` is a pointer type; an empty one marks a free slot. JS thread only.
template <class T>
class SlotTable {
 public:
  /// Handles are >= 0. Throws std::length_error when 2^20 things live at once.
  int32_t add(T value) {
    const size_t index = next_slot();
    slots_[index].value = std::move(value);
    ++live_;
    return slots_[index].handle;
  }

  /// nullptr for a handle that was never given out or has been removed.
  T* find(int32_t handle) {
    const auto index = static_cast<size_t>(handle & kIndexMask);
    if (handle < 0 || index >= slots_.size() || slots_[index].handle != handle || !slots_[index].value) return nullptr;
    return &slots_[index].value;
  }

  /// `handle` must be live.
  T remove(int32_t handle) {
    const auto index = static_cast<size_t>(handle & kIndexMask);
    Slot& slot = slots_[index];
    slot.handle = static_cast<int32_t>((static_cast<uint32_t>(handle) + kGeneration) & INT32_MAX);
    free_.push_back(index);
    --live_;
    return std::exchange(slot.value, T{});
  }

  size_t live() const { return live_; }

 private:
  static constexpr int32_t kIndexBits = 20;
  static constexpr int32_t kIndexMask = (1 << kIndexBits) - 1;
  static constexpr uint32_t kGeneration = 1U << kIndexBits;
  /// A slot rests while this many others are free, so that its 2048 generations last.
  static constexpr size_t kResting = 256;

  struct Slot {
    T value{};
    int32_t handle;
  };

  size_t next_slot() {
    const bool full = slots_.size() > static_cast<size_t>(kIndexMask);
    if (!free_.empty() && (full || free_.size() > kResting)) {
      const size_t index = free_.front();
      free_.pop_front();
      return index;
    }
    if (full) throw std::length_error("too many handles are in use");
    slots_.push_back({T{}, static_cast<int32_t>(slots_.size())});
    return slots_.size() - 1;
  }

  std::vector<Slot> slots_;
  std::deque<size_t> free_;
  size_t live_ = 0;
};

}  // namespace gradsmith::addon
