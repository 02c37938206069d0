// Memory straight from the operating system.
#pragma once
#include <cstddef>

namespace gradsmith {

/// `bytes` (a multiple of `alignment`, a power of two) of zeroed memory aligned to `alignment`, on huge pages where the
/// system has them. nullptr if there is none.
void* map_pages(size_t bytes, size_t alignment);
/// Gives back what map_pages returned for the same size and alignment.
void unmap_pages(void* memory, size_t bytes, size_t alignment) noexcept;

}  // namespace gradsmith
