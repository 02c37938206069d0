// The long form of plan_fuzz_test.cc: plan_fuzz [rounds = 1000000] [seed = 1]. `npm run fuzz` builds and repeats it.
#include <cstdio>
#include <cstdlib>

#include "plan_fuzzing.h"

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1000000;
  const auto seed = static_cast<uint32_t>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1);
  gradsmith::plan::PlanFuzzer fuzzer(seed);
  for (long i = 0; i < rounds; ++i) fuzzer.round();
  const auto& tally = fuzzer.tally();
  std::printf("%ld plans: %lld refused, %lld ran, %lld accepted but too large to run here\n", rounds,
              static_cast<long long>(tally.refused), static_cast<long long>(tally.ran),
              static_cast<long long>(tally.too_large));
}
