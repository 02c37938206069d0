// Splits one instruction over the cores.
//
// One pool a process. Threads start when first needed, outlive the environments that used them and are never joined: at
// exit they are parked, or spin on memory that is never freed.
// One region runs at a time. Who finds the pool busy (another environment's region) runs all parts on its own thread.
// Part p of n goes to thread p·threads/n, the same in every step, so that a tile stays in its core's cache; a thread
// that has finished its own range takes parts from the far end of a range that lags more than a part behind. Which
// thread ran a part never shows in a result: parts are independent, and their number depends on shapes only.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/function_ref.h"

namespace gradsmith {

class ThreadPool {
 public:
  static constexpr size_t kMaxThreads = 256;
  /// Runs one part; `scratch` is private to the thread, 64-byte aligned, at least as long as the region asked for.
  using Body = FunctionRef<void(size_t part, void* scratch)>;

  static ThreadPool& instance();

  /// Threads that a region is split over, the calling one included.
  size_t threads() const { return limit_.load(std::memory_order_relaxed); }
  /// 1 <= n <= kMaxThreads. Regions that are running finish as they began.
  void set_threads(size_t n);

  /// Runs body(0) … body(parts - 1) and returns when all are done. The body must not throw, nor start a region.
  /// `scratch` is the caller's own; workers bring theirs, `scratch_bytes` long. Any thread.
  void run(size_t parts, void* scratch, size_t scratch_bytes, Body body) noexcept;

  /// While one of these lives, idle workers spin longer before they park; and a while afterwards, if its owner does
  /// nothing else meanwhile than wait (`caller_waits`). `work_ns` estimates what its regions take on one core: for
  /// little work, such as a single prediction, no worker is woken that has parked, unless much of it comes in a row.
  class Busy {
   public:
    Busy(ThreadPool& pool, bool caller_waits, double work_ns);
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    ThreadPool& pool_;
    bool wakes_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  /// Parts not yet taken: first in the low half, end in the high half.
  struct alignas(128) Range {
    std::atomic<uint64_t> span{0};
  };

  ThreadPool();
  void start_workers(size_t count) noexcept;
  void worker(size_t index) noexcept;
  uint64_t wait_for_region(size_t index, uint32_t seen);
  void park(uint32_t seen);
  void park_until_allowed(size_t index);
  bool enter(size_t index, uint64_t gate, uint32_t generation);
  void work(size_t self, size_t threads, void* scratch, const Body& body) noexcept;
  /// Has little work come many times in a row?
  bool little_often();
  void open(size_t parts, size_t threads);
  void close_and_wait();

  std::atomic<size_t> limit_;
  std::atomic<int> plans_{0};
  std::atomic<int> little_{0};             // those of them that wake nobody
  std::atomic<bool> caller_waits_{false};  // of the owner of a Busy that came last
  // Little work: when it came last, and how often in a row.
  std::atomic<Clock::rep> last_little_{0};
  std::atomic<int> in_a_row_{0};

  /// Generation (32 bits) · threads of the region (15) · closed (1) · workers that entered (16), in one word, so that a
  /// worker enters only a region that is still open, and the caller waits only for those who did.
  alignas(128) std::atomic<uint64_t> gate_;
  alignas(128) std::atomic<uint32_t> left_{0};
  alignas(128) std::atomic<bool> taken_{false};  // a region is running
  const Body* body_ = nullptr;                   // of the running region; read only by those who entered
  size_t scratch_bytes_ = 0;
  size_t started_ = 0;  // workers; changed only by the holder of taken_
  std::array<Range, kMaxThreads> ranges_;

  std::mutex mutex_;  // for parking only
  std::condition_variable wake_;
  std::condition_variable limit_raised_;
  std::atomic<int> parked_{0};
};

}  // namespace gradsmith
