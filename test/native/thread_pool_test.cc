#include "base/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "base/cores.h"
#include "base/memory_pool.h"
#include "threads.h"

using gradsmith::ThreadPool;
using gradsmith::test::Threads;

namespace {

std::vector<int> counts(size_t parts) {
  std::vector<std::atomic<int>> seen(parts);
  ThreadPool::instance().run(parts, gradsmith::thread_scratch(64), 64,
                             [&](size_t part, void*) { seen[part].fetch_add(1, std::memory_order_relaxed); });
  return {seen.begin(), seen.end()};
}

/// Partial sums that would differ if parts were split otherwise.
std::vector<float> partial_sums(size_t threads, size_t parts) {
  const Threads limit(threads);
  std::vector<float> sums(parts);
  ThreadPool::instance().run(parts, nullptr, 0, [&](size_t part, void*) {
    float sum = 0;
    for (size_t i = part * 1000; i < (part + 1) * 1000; ++i) sum += std::sin(static_cast<float>(i));
    sums[part] = sum;
  });
  return sums;
}

}  // namespace

TEST_CASE("the default number of threads is what affinity and the cgroup allow") {
  CHECK(gradsmith::available_cores() >= 1);
  CHECK(gradsmith::available_cores() <= std::max(1U, std::thread::hardware_concurrency()));
}

TEST_CASE("every part runs exactly once, for any number of parts and threads") {
  for (const size_t threads : {1, 2, 3, 8}) {
    const Threads limit(threads);
    for (const size_t parts : {0, 1, 2, 3, 7, 8, 9, 100, 1000}) {
      CAPTURE(threads);
      CAPTURE(parts);
      CHECK(counts(parts) == std::vector<int>(parts, 1));
    }
  }
}

TEST_CASE("one, two and five threads give the same bits") {
  const std::vector<float> one = partial_sums(1, 64);
  for (const size_t threads : {2, 5}) {
    const std::vector<float> many = partial_sums(threads, 64);
    CHECK(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("many short regions one after the other lose no part") {
  const Threads limit(4);
  std::atomic<int64_t> sum{0};
  int64_t expected = 0;
  for (int64_t round = 0; round < 20000; ++round) {
    const auto parts = static_cast<size_t>(2 + round % 7);
    ThreadPool::instance().run(parts, nullptr, 0, [&](size_t part, void*) {
      sum.fetch_add(static_cast<int64_t>(part) + 1, std::memory_order_relaxed);
    });
    for (size_t part = 0; part < parts; ++part) expected += static_cast<int64_t>(part) + 1;
    if (sum.load() != expected) break;
  }
  CHECK(sum.load() == expected);
}

TEST_CASE("workers come back after they have parked") {
  const Threads limit(2);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(counts(16) == std::vector<int>(16, 1));
  }
}

TEST_CASE("little work gets done, whether workers have parked or not") {
  const Threads limit(2);
  for (int round = 0; round < 100; ++round) {
    if (round % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const ThreadPool::Busy busy(ThreadPool::instance(), round % 2 == 0, 1000);
    CHECK(counts(16) == std::vector<int>(16, 1));
  }
}

TEST_CASE("little work beside much does not keep parked workers from the much") {
  const Threads limit(2);
  counts(16);  // starts the worker
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const ThreadPool::Busy much(ThreadPool::instance(), false, 1e9);
  const ThreadPool::Busy little(ThreadPool::instance(), false, 1000);
  std::atomic<bool> second{false};
  bool met = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  ThreadPool::instance().run(2, nullptr, 0, [&](size_t part, void*) {
    if (part == 1) {
      second = true;
      return;
    }
    while (!second && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    met = second;
  });
  CHECK(met);
}

TEST_CASE("a thread that finds the pool busy runs its parts itself, and all get done") {
  const Threads limit(2);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        ThreadPool::instance().run(8, nullptr, 0,
                                   [&](size_t part, void*) { sum.fetch_add(static_cast<int64_t>(part)); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sum.load() == 4 * 2000 * 28);
}

TEST_CASE("each thread has scratch of its own, aligned and as long as asked for") {
  const Threads limit(2);
  for (const size_t bytes : {64, 4096, 1 << 20}) {
    std::atomic<bool> good{true};
    ThreadPool::instance().run(32, gradsmith::thread_scratch(bytes), bytes, [&](size_t part, void* scratch) {
      if (reinterpret_cast<uintptr_t>(scratch) % 64 != 0) good = false;
      std::memset(scratch, static_cast<int>(part), bytes);
      for (int i = 0; i < 100; ++i) {
        if (static_cast<const unsigned char*>(scratch)[bytes - 1] != part) good = false;
      }
    });
    CHECK(good.load());
  }
}

TEST_CASE("the number of threads may change between and during regions") {
  const Threads limit(2);
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    for (size_t n = 1; !stop; n = n % 6 + 1) ThreadPool::instance().set_threads(n);
  });
  bool all = true;
  for (int round = 0; round < 2000; ++round) all = all && counts(12) == std::vector<int>(12, 1);
  stop = true;
  changer.join();
  CHECK(all);
}
