// When instructions ran, and on which thread: for profiles. A run that is given a timeline records into it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gradsmith::plan {

struct TimelineEvent {
  int32_t plan;
  int32_t instruction;  // its index in the plan; kRun: the run as a whole
  int32_t part;
  int32_t thread;  // number of a thread, see Timeline::this_thread()
  int64_t start_ns;
  int64_t end_ns;

  static constexpr int32_t kRun = -1;
};

class Timeline {
 public:
  /// Keeps the first `capacity` events, for which it takes memory at once.
  explicit Timeline(size_t capacity) : events_(capacity) {}

  /// Any thread.
  void add(const TimelineEvent& event) noexcept {
    const size_t at = count_.fetch_add(1, std::memory_order_relaxed);
    if (at < events_.size()) events_[at] = event;
  }

  // Once nothing records any more.

  std::span<const TimelineEvent> events() const {
    return {events_.data(), count_ < events_.size() ? count_.load() : events_.size()};
  }
  /// Events that found no place.
  size_t dropped() const { return count_ - events().size(); }

  /// Nanoseconds of a clock that never goes back.
  static int64_t now_ns() noexcept;
  /// The calling thread's number: threads are numbered as they ask first.
  static int32_t this_thread() noexcept;

 private:
  std::vector<TimelineEvent> events_;
  std::atomic<size_t> count_{0};
};

}  // namespace gradsmith::plan
