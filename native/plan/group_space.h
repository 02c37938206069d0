// How a group walks its elements: dimensions merged where every operand allows it, operands sorted into how they are
// read.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/instruction.h"

namespace gradsmith::plan {

/// How an operand is reached inside the walk.
enum class Access : uint8_t {
  kUniform,   // one element
  kLinear,    // element i of the walk is element i of the operand
  kPeriodic,  // flat walks: repeats with the walk's period, staged once per part
  kRow,       // row walks: unit stride along the row
  kStaged,    // copied to (or, for an output, from) a tile
};

/// Flat: tiles are stretches of the merged index space, of `tile` elements (whole periods). Rows: tiles are `tile_rows`
/// x `tile` elements of the last two dimensions. Units of work are numbered; a part runs a range of them.
struct GroupSpace {
  int rank = 0;
  std::array<int64_t, kMaxRank> dims{};
  std::vector<std::array<int64_t, kMaxRank>> strides;  // by operand
  std::vector<Access> access;                          // by operand
  int64_t size = 1;
  bool rows = false;
  int64_t tile = 1;
  int64_t tile_rows = 1;
  int64_t period = 1;
  int64_t units = 0;
};

/// Does one period of a periodic operand lie in memory without gaps, in the order of the walk?
bool is_dense(const GroupSpace& space, size_t operand);

/// Outputs stand first; `outputs` of them.
GroupSpace make_space(std::span<const Operand> operands, size_t outputs);

}  // namespace gradsmith::plan
