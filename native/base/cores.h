// How many cores this process may use.
#pragma once
#include <cstddef>

namespace gradsmith {

/// The cores that scheduling affinity and the CPU quota of the process's cgroup (version 2 or 1) allow, at least 1.
/// A quota of 1.5 cores counts as 1: threads beyond the quota would be throttled while others spin for them.
size_t available_cores();

}  // namespace gradsmith
