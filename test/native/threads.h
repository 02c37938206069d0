// The pool's size for as long as one of these lives.
#pragma once
#include <cstddef>

#include "base/thread_pool.h"

namespace gradsmith::test {

struct Threads {
  explicit Threads(size_t n) : before(ThreadPool::instance().threads()) { ThreadPool::instance().set_threads(n); }
  ~Threads() { ThreadPool::instance().set_threads(before); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  size_t before;
};

}  // namespace gradsmith::test
