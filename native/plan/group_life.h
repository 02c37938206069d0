// Which values of a group live, how long, and in which steps they are computed.
#pragma once
#include "plan/group_match.h"

namespace gradsmith::plan {

struct GroupLife {
  static constexpr size_t kNever = SIZE_MAX;

  /// 8 if everything is float64 or bool (and something is float64), else 4.
  int lane_bytes;
  bool has_float64;
  // By register.
  std::vector<uint8_t> uniform;    // one number for the whole group
  std::vector<uint8_t> live;       // an output needs it
  std::vector<size_t> last_use;    // 1 + the last step of the loop that reads it; kNever for outputs
  std::vector<uint8_t> in_blocks;  // some step reads a block of it, not its first lane alone
  /// The steps of the loop.
  std::vector<GroupNode> nodes;
};

/// `uniform[i]`: input i is one element for the whole group.
GroupLife group_life(const Group& group, const std::vector<uint8_t>& uniform);

}  // namespace gradsmith::plan
