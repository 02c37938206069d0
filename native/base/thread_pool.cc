#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/cores.h"
#include "base/denormals.h"
#include "base/memory_pool.h"
#include "base/pause.h"

namespace gradsmith {
namespace {

using Clock = std::chrono::steady_clock;

// A parked thread takes 20 to 50 µs to come back, a spinning one less than 1. While a plan runs, the next region is
// likely near; between plans JavaScript needs the core.
constexpr auto kSpinInPlan = std::chrono::microseconds(50);
constexpr auto kSpinOutside = std::chrono::microseconds(5);
// After a run that JavaScript waited for: the core is free, and the next call is likely near.
constexpr auto kSpinAfterCall = std::chrono::microseconds(50);
// Waking takes the caller some 30 µs where cores are virtual: a single prediction took 74 instead of 40 µs with it.
constexpr double kWorthWakingNs = 60000;
constexpr auto kInARow = std::chrono::microseconds(100);
constexpr int kManyInARow = 16;
constexpr int kSpinsPerLook = 32;        // at the clock
constexpr int kSpinsBeforeYield = 4096;  // a worker may have lost its core to another process

constexpr uint64_t kEnteredMask = 0xffff;
constexpr uint64_t kClosed = uint64_t{1} << 16;

constexpr uint32_t generation_of(uint64_t gate) { return static_cast<uint32_t>(gate >> 32); }
constexpr size_t threads_of(uint64_t gate) { return static_cast<size_t>(gate >> 17) & 0x7fff; }
constexpr uint64_t make_gate(uint32_t generation, size_t threads) {
  return uint64_t{generation} << 32 | uint64_t{threads} << 17;
}

constexpr uint64_t make_span(uint64_t first, uint64_t end) { return end << 32 | first; }
constexpr uint32_t first_of(uint64_t span) { return static_cast<uint32_t>(span); }
constexpr uint32_t end_of(uint64_t span) { return static_cast<uint32_t>(span >> 32); }

/// Takes the first part of one's own range, or the last of another's.
bool take(std::atomic<uint64_t>& span, bool own, size_t& part) {
  uint64_t seen = span.load(std::memory_order_relaxed);
  for (;;) {
    const uint32_t first = first_of(seen);
    const uint32_t end = end_of(seen);
    if (first >= end) return false;
    const uint64_t rest = own ? make_span(first + 1, end) : make_span(first, end - 1);
    if (span.compare_exchange_weak(seen, rest, std::memory_order_relaxed)) {
      part = own ? first : end - 1;
      return true;
    }
  }
}

}  // namespace

ThreadPool::ThreadPool() : limit_(std::min(available_cores(), kMaxThreads)), gate_(kClosed) {}

ThreadPool& ThreadPool::instance() {
  static ThreadPool& pool = *new ThreadPool;  // never destroyed: its threads may outlive static destructors
  return pool;
}

void ThreadPool::set_threads(size_t n) {
  {
    const std::lock_guard lock(mutex_);
    limit_.store(n, std::memory_order_relaxed);
  }
  limit_raised_.notify_all();
}

ThreadPool::Busy::Busy(ThreadPool& pool, bool caller_waits, double work_ns)
    : pool_(pool), wakes_(work_ns >= kWorthWakingNs || pool.little_often()) {
  pool_.caller_waits_.store(caller_waits, std::memory_order_relaxed);
  pool_.plans_.fetch_add(1, std::memory_order_relaxed);
  if (!wakes_) pool_.little_.fetch_add(1, std::memory_order_relaxed);
}

ThreadPool::Busy::~Busy() {
  if (!wakes_) pool_.little_.fetch_sub(1, std::memory_order_relaxed);
  pool_.plans_.fetch_sub(1, std::memory_order_relaxed);
}

bool ThreadPool::little_often() {
  const Clock::rep now = Clock::now().time_since_epoch().count();
  const bool near = now - last_little_.exchange(now, std::memory_order_relaxed) < Clock::duration(kInARow).count();
  const int in_a_row = near ? in_a_row_.load(std::memory_order_relaxed) + 1 : 0;
  in_a_row_.store(in_a_row, std::memory_order_relaxed);
  return in_a_row >= kManyInARow;
}

void ThreadPool::run(size_t parts, void* scratch, size_t scratch_bytes, Body body) noexcept {
  const size_t threads = std::min(this->threads(), parts);
  // Where little work runs beside a plan that wakes, either may be the one that asks: workers are woken.
  const int little = little_.load(std::memory_order_relaxed);
  const bool alone =
      little > 0 && parked_.load(std::memory_order_relaxed) > 0 && little == plans_.load(std::memory_order_relaxed);
  if (threads <= 1 || alone || parts > UINT32_MAX || taken_.exchange(true, std::memory_order_acquire)) {
    for (size_t part = 0; part < parts; ++part) body(part, scratch);
    return;
  }
  body_ = &body;
  scratch_bytes_ = scratch_bytes;
  start_workers(threads - 1);
  open(parts, threads);
  work(0, threads, scratch, body);
  close_and_wait();
  taken_.store(false, std::memory_order_release);
}

void ThreadPool::open(size_t parts, size_t threads) {
  for (size_t t = 0; t < threads; ++t) {
    ranges_[t].span.store(make_span(parts * t / threads, parts * (t + 1) / threads), std::memory_order_relaxed);
  }
  left_.store(0, std::memory_order_relaxed);
  const uint32_t generation = generation_of(gate_.load(std::memory_order_relaxed)) + 1;
  // Sequentially consistent, as are the accesses in park(): either we see that a worker is parked, or it sees this
  // region.
  gate_.store(make_gate(generation, threads), std::memory_order_seq_cst);
  if (parked_.load(std::memory_order_seq_cst) > 0) {
    { const std::lock_guard lock(mutex_); }
    wake_.notify_all();
  }
}

void ThreadPool::close_and_wait() {
  // From here on nobody enters; a worker that never woke up in time is not waited for.
  const uint64_t gate = gate_.fetch_or(kClosed, std::memory_order_acq_rel);
  const auto entered = static_cast<uint32_t>(gate & kEnteredMask);
  for (int spins = 0; left_.load(std::memory_order_acquire) != entered; ++spins) {
    if (spins < kSpinsBeforeYield) {
      cpu_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::work(size_t self, size_t threads, void* scratch, const Body& body) noexcept {
  size_t part = 0;
  for (size_t i = 0; i < threads; ++i) {
    std::atomic<uint64_t>& span = ranges_[(self + i) % threads].span;
    while (take(span, i == 0, part)) body(part, scratch);
  }
}

void ThreadPool::start_workers(size_t count) noexcept {
  while (started_ < count) {
    try {
      std::thread([this, index = started_ + 1] { worker(index); }).detach();
    } catch (const std::system_error&) {
      return;  // the system has no thread to spare: the caller takes the missing one's parts
    }
    ++started_;
  }
}

void ThreadPool::worker(size_t index) noexcept {
  const DenormalsAreZero denormals_are_zero;
  uint32_t seen = 0;
  for (;;) {
    const uint64_t gate = wait_for_region(index, seen);
    seen = generation_of(gate);
    if (!enter(index, gate, seen)) continue;
    // Without memory for scratch it leaves its range to the others.
    if (void* scratch = thread_scratch(scratch_bytes_)) work(index, threads_of(gate), scratch, *body_);
    left_.fetch_add(1, std::memory_order_release);
  }
}

bool ThreadPool::enter(size_t index, uint64_t gate, uint32_t generation) {
  while ((gate & kClosed) == 0 && generation_of(gate) == generation && index < threads_of(gate)) {
    if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel, std::memory_order_acquire)) return true;
  }
  return false;
}

uint64_t ThreadPool::wait_for_region(size_t index, uint32_t seen) {
  const auto start = Clock::now();
  for (;;) {
    for (int i = 0; i < kSpinsPerLook; ++i) {
      const uint64_t gate = gate_.load(std::memory_order_acquire);
      if (generation_of(gate) != seen) return gate;
      cpu_pause();
    }
    const bool in_plan = plans_.load(std::memory_order_relaxed) > 0;
    const auto outside = caller_waits_.load(std::memory_order_relaxed) ? kSpinAfterCall : kSpinOutside;
    if (index >= threads()) {
      park_until_allowed(index);
    } else if (Clock::now() - start > (in_plan ? kSpinInPlan : outside)) {
      park(seen);
    }
  }
}

void ThreadPool::park(uint32_t seen) {
  std::unique_lock lock(mutex_);
  parked_.fetch_add(1, std::memory_order_seq_cst);
  wake_.wait(lock, [&] { return generation_of(gate_.load(std::memory_order_seq_cst)) != seen; });
  parked_.fetch_sub(1, std::memory_order_relaxed);
}

void ThreadPool::park_until_allowed(size_t index) {
  std::unique_lock lock(mutex_);
  limit_raised_.wait(lock, [&] { return index < threads(); });
}

}  // namespace gradsmith
