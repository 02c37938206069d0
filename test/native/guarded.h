// Memory that ends at a page nobody may touch, so that a read or write past the end is a crash, not luck.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <new>

namespace gradsmith::test {

class Guarded {
 public:
  explicit Guarded(size_t bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    capacity_ = (bytes + page - 1) / page * page;
    total_ = capacity_ + 2 * page;
    void* p = mmap(nullptr, total_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<char*>(p);
    mprotect(base_, page, PROT_NONE);
    mprotect(base_ + page + capacity_, page, PROT_NONE);
    begin_ = base_ + page;
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(base_, total_); }

  /// The last `count` elements before the guard.
  template <class T>
  T* last(size_t count) {
    if (count * sizeof(T) > capacity_) throw std::bad_alloc();
    return reinterpret_cast<T*>(begin_ + capacity_) - count;
  }
  /// The first element after the guard in front.
  template <class T>
  T* first() {
    return reinterpret_cast<T*>(begin_);
  }
  size_t capacity() const { return capacity_; }

 private:
  char* base_;
  char* begin_;
  size_t capacity_, total_;
};

}  // namespace gradsmith::test
