#include "plan/timeline.h"

#include <chrono>

namespace gradsmith::plan {

int64_t Timeline::now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int32_t Timeline::this_thread() noexcept {
  static std::atomic<int32_t> next{0};
  thread_local const int32_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace gradsmith::plan
