#include "base/memory_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <vector>

using gradsmith::Block;
using gradsmith::MemoryPool;

namespace {

bool all_zero(const Block& block) {
  return std::all_of(block.data(), block.data() + block.size(), [](char byte) { return byte == 0; });
}

}  // namespace

TEST_CASE("a block is aligned, zeroed, and still so when its memory was used before") {
  for (const size_t bytes : {0, 1, 63, 64, 65, 1000, 4096, 1 << 20, (1 << 20) + 1, 5 << 20}) {
    for (int round = 0; round < 3; ++round) {
      const Block block(bytes);
      CAPTURE(bytes);
      CHECK(block.data() != nullptr);
      CHECK(reinterpret_cast<uintptr_t>(block.data()) % 64 == 0);
      CHECK(all_zero(block));
      std::memset(block.data(), 0xab, bytes);
    }
  }
}

TEST_CASE("blocks that live at the same time do not overlap") {
  std::mt19937 random(7);
  std::vector<Block> blocks;
  for (int round = 0; round < 3000; ++round) {
    if (blocks.size() > 60 || (!blocks.empty() && random() % 3 == 0)) {
      const size_t victim = random() % blocks.size();
      const auto mark = static_cast<unsigned char>(blocks[victim].size() % 251);
      const auto* data = reinterpret_cast<const unsigned char*>(blocks[victim].data());
      const bool intact = std::all_of(data, data + blocks[victim].size(), [&](unsigned char b) { return b == mark; });
      REQUIRE(intact);
      blocks[victim] = std::move(blocks.back());
      blocks.pop_back();
    } else {
      const size_t bytes = random() % 20 == 0 ? random() % (4 << 20) : random() % 20000;
      blocks.emplace_back(bytes);
      REQUIRE(all_zero(blocks.back()));
      std::memset(blocks.back().data(), static_cast<int>(bytes % 251), bytes);
    }
  }
}

TEST_CASE("released memory is used again: the pool does not grow") {
  for (int round = 0; round < 50; ++round) const Block warm(300000 + static_cast<size_t>(round));
  const size_t before = MemoryPool::instance().reserved_bytes();
  for (int round = 0; round < 400; ++round) {
    const Block small(static_cast<size_t>(round) * 35);
    const Block large(size_t{3} << 20);
  }
  CHECK(MemoryPool::instance().reserved_bytes() <= before + (size_t{8} << 20));
}

TEST_CASE("more memory than any machine has is std::bad_alloc") {
  CHECK_THROWS_AS(Block(size_t{1} << 60), std::bad_alloc);
  CHECK_THROWS_AS(Block(SIZE_MAX), std::bad_alloc);
}
