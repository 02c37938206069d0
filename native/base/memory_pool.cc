#include "base/memory_pool.h"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/pages.h"

namespace gradsmith {
namespace {

constexpr size_t kSlabBytes = size_t{2} << 20;
/// Blocks above this size are mapped on their own, in whole huge pages; below it they share slabs.
constexpr size_t kLargestSmall = kSlabBytes / 2;
/// Large blocks kept for reuse after their release.
constexpr size_t kIdleLimit = size_t{256} << 20;
constexpr size_t kLargest = size_t{1} << 46;  // more than any machine maps; keeps the arithmetic below from wrapping

/// Sizes are rounded up to `unit` times a number with three significant bits: at most 25 % is wasted (of a large block
/// not even that, since pages which are never touched take no memory), and a block that was released fits many others.
size_t class_size(size_t bytes, size_t unit) {
  const size_t units = (bytes + unit - 1) / unit;
  if (units <= 4) return (units == 0 ? 1 : units) * unit;
  const size_t step = size_t{1} << (std::bit_width(units - 1) - 3);
  return (units + step - 1) / step * step * unit;
}

// Under AddressSanitizer every block is an allocation of its own and of the exact size, so that an access one byte past
// a buffer or arena is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kExactBlocks = true;
#else
constexpr bool kExactBlocks = false;
#endif

}  // namespace

/// 2 MiB that small blocks are cut from. Given back once the last of them is released.
struct MemoryPool::Slab {
  char* base;
  size_t used = 0;  // bytes handed out at least once; what lies beyond is still zero
  size_t live = 0;  // blocks in use
  std::map<size_t, std::vector<void*>> free;

  void* take(size_t bytes) {
    const auto it = free.find(bytes);
    if (it != free.end() && !it->second.empty()) {
      void* memory = it->second.back();
      it->second.pop_back();
      ++live;
      std::memset(memory, 0, bytes);
      return memory;
    }
    if (kSlabBytes - used < bytes) return nullptr;
    void* memory = base + used;
    used += bytes;
    ++live;
    return memory;
  }
};

MemoryPool::MemoryPool() = default;
MemoryPool::~MemoryPool() = default;

MemoryPool& MemoryPool::instance() {
  static MemoryPool& pool = *new MemoryPool;
  return pool;
}

void* MemoryPool::allocate(size_t bytes) {
  if (bytes > kLargest) throw std::bad_alloc();
  if constexpr (kExactBlocks) {
    // AddressSanitizer ends the process where the throwing form cannot serve.
    void* memory = ::operator new (bytes, std::align_val_t{kAlignment}, std::nothrow);
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 0, bytes);
    return memory;
  }
  const std::lock_guard lock(mutex_);
  return bytes <= kLargestSmall ? allocate_small(class_size(bytes, kAlignment))
                                : allocate_large(class_size(bytes, kSlabBytes));
}

void MemoryPool::release(void* memory, size_t bytes) noexcept {
  if constexpr (kExactBlocks) return ::operator delete (memory, std::align_val_t{kAlignment});
  const std::lock_guard lock(mutex_);
  if (bytes <= kLargestSmall) {
    release_small(memory, class_size(bytes, kAlignment));
  } else {
    release_large(memory, class_size(bytes, kSlabBytes));
  }
}

size_t MemoryPool::reserved_bytes() const {
  const std::lock_guard lock(mutex_);
  return reserved_;
}

void* MemoryPool::allocate_small(size_t bytes) {
  if (current_ != nullptr) {
    if (void* memory = current_->take(bytes)) return memory;
  }
  for (auto& [base, slab] : slabs_) {
    if (void* memory = slab->take(bytes)) {
      current_ = slab.get();
      return memory;
    }
  }
  auto slab = std::make_unique<Slab>();
  slab->base = static_cast<char*>(map(kSlabBytes));
  current_ = slab.get();
  slabs_.emplace(slab->base, std::move(slab));
  return current_->take(bytes);
}

void MemoryPool::release_small(void* memory, size_t bytes) {
  // Slabs are aligned to their size.
  char* base = static_cast<char*>(memory) - (reinterpret_cast<uintptr_t>(memory) & (kSlabBytes - 1));
  const auto it = slabs_.find(base);
  Slab& slab = *it->second;
  slab.free[bytes].push_back(memory);
  if (--slab.live > 0 || &slab == current_) return;
  slabs_.erase(it);
  unmap(base, kSlabBytes);
}

void* MemoryPool::allocate_large(size_t bytes) {
  const auto it = idle_.find(bytes);
  if (it == idle_.end()) return map(bytes);
  void* memory = it->second;
  idle_.erase(it);
  idle_bytes_ -= bytes;
  std::memset(memory, 0, bytes);
  return memory;
}

void MemoryPool::release_large(void* memory, size_t bytes) {
  if (idle_bytes_ + bytes > kIdleLimit) return unmap(memory, bytes);
  idle_.emplace(bytes, memory);
  idle_bytes_ += bytes;
}

void* MemoryPool::map(size_t bytes) {
  void* memory = map_pages(bytes, kSlabBytes);
  if (memory == nullptr) {
    release_idle();
    memory = map_pages(bytes, kSlabBytes);
  }
  if (memory == nullptr) throw std::bad_alloc();
  reserved_ += bytes;
  return memory;
}

void MemoryPool::release_idle() noexcept {
  for (const auto& [bytes, memory] : idle_) unmap(memory, bytes);
  idle_.clear();
  idle_bytes_ = 0;
}

void MemoryPool::unmap(void* memory, size_t bytes) noexcept {
  unmap_pages(memory, bytes, kSlabBytes);
  reserved_ -= bytes;
}

namespace {

struct Scratch {
  void* memory = nullptr;
  size_t size = 0;
  void grow(size_t bytes) noexcept {
    free();
    memory = ::operator new (bytes, std::align_val_t{kAlignment}, std::nothrow);
    size = memory == nullptr ? 0 : bytes;
  }
  void free() noexcept { ::operator delete (memory, std::align_val_t{kAlignment}); }
  ~Scratch() { free(); }
};

}  // namespace

void* thread_scratch(size_t bytes) noexcept {
  thread_local Scratch scratch;
  if (bytes > scratch.size || scratch.memory == nullptr) scratch.grow(bytes == 0 ? kAlignment : bytes);
  return scratch.memory;
}

}  // namespace gradsmith
