// Zeroed, 64-byte aligned memory on huge pages, for buffers and arenas. A 4 KiB page fault costs more than many a
// kernel, so memory is taken from the system in slabs of 2 MiB and kept for reuse.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace gradsmith {

inline constexpr size_t kAlignment = 64;

/// One per process; never destroyed, so that threads which outlive `main` may still use it. Any thread.
class MemoryPool {
 public:
  static MemoryPool& instance();

  /// At least `bytes` bytes, all zero. Throws std::bad_alloc. Zero bytes give a valid pointer to nothing.
  void* allocate(size_t bytes);
  /// `bytes` must be what was asked for.
  void release(void* memory, size_t bytes) noexcept;
  /// What the pool holds from the system now, in use or not.
  size_t reserved_bytes() const;

 private:
  struct Slab;
  MemoryPool();
  ~MemoryPool();
  void* allocate_small(size_t bytes);
  void* allocate_large(size_t bytes);
  void release_small(void* memory, size_t bytes);
  void release_large(void* memory, size_t bytes);
  void* map(size_t bytes);
  void unmap(void* memory, size_t bytes) noexcept;
  void release_idle() noexcept;

  mutable std::mutex mutex_;
  std::map<char*, std::unique_ptr<Slab>> slabs_;  // by address
  Slab* current_ = nullptr;                       // where the next small block is looked for first
  std::multimap<size_t, void*> idle_;             // large blocks for reuse, by size
  size_t idle_bytes_ = 0;
  size_t reserved_ = 0;
};

/// Owns one allocation of the pool.
class Block {
 public:
  Block() = default;
  /// Throws std::bad_alloc.
  explicit Block(size_t bytes) : data_(MemoryPool::instance().allocate(bytes)), size_(bytes) {}
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Block() {
    if (data_ != nullptr) MemoryPool::instance().release(data_, size_);
  }
  char* data() const { return static_cast<char*>(data_); }
  size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

/// Scratch memory of the calling thread: at least `bytes` bytes, 64-byte aligned, contents undefined, valid until the
/// thread asks for more. nullptr if there is no memory.
void* thread_scratch(size_t bytes) noexcept;

}  // namespace gradsmith
