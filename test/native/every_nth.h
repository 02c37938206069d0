// How many of their cases the largest sweeps take.
#pragma once
#include <algorithm>
#include <cstdlib>

namespace gradsmith::test {

/// 1: all. Sanitizers and emulators make large products take minutes, so scripts/native-tests.mjs has tests try every
/// n-th there.
inline unsigned every_nth() {
  const char* n = std::getenv("GRADSMITH_TEST_STRIDE");
  return n == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(n)));
}

}  // namespace gradsmith::test
