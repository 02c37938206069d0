#include "base/pages.h"

#include <cstdint>

#ifdef _WIN32
#include <cstring>
#include <new>

namespace gradsmith {

void* map_pages(size_t bytes, size_t alignment) {
  void* memory = ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
  if (memory != nullptr) std::memset(memory, 0, bytes);
  return memory;
}

void unmap_pages(void* memory, size_t, size_t alignment) noexcept {
  ::operator delete (memory, std::align_val_t{alignment});
}

}  // namespace gradsmith

#else
#include <sys/mman.h>

namespace gradsmith {

void* map_pages(size_t bytes, size_t alignment) {
  // Map more than needed, then cut off what lies before and behind the aligned part.
  const size_t total = bytes + alignment;
  void* mapped = mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const auto start = reinterpret_cast<uintptr_t>(mapped);
  const size_t before = (alignment - start % alignment) % alignment;
  char* memory = static_cast<char*>(mapped) + before;
  if (before > 0) munmap(mapped, before);
  if (total - before > bytes) munmap(memory + bytes, total - before - bytes);
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without huge pages everything still works
#endif
  return memory;
}

void unmap_pages(void* memory, size_t bytes, size_t) noexcept { munmap(memory, bytes); }

}  // namespace gradsmith
#endif
