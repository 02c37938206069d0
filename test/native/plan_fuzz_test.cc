// A short fuzz of verifier and runner; it means most under AddressSanitizer. plan_fuzz.cc is the long one.
#include <doctest/doctest.h>

#include "plan_fuzzing.h"

using namespace gradsmith::plan;

TEST_CASE("the plans that fuzzing starts from are good, and use every instruction") {
  std::vector<bool> used(instruction_table().size() + 1, false);
  for (const std::vector<int32_t>& words : seed_plans()) {
    CHECK_NOTHROW(verify(decode(words)));
    for (const Instruction& instruction : decode(words).instructions) {
      used[static_cast<size_t>(instruction.opcode)] = true;
    }
    PlanRun run(words);
    run.run();
  }
  for (size_t opcode = 1; opcode < used.size(); ++opcode) CHECK(used[opcode]);
}

TEST_CASE("random and mutated plans are refused, or run within their buffers") {
  PlanFuzzer fuzzer(20261124);
  for (int i = 0; i < 20000; ++i) fuzzer.round();
  CHECK(fuzzer.tally().refused > 1000);
  CHECK(fuzzer.tally().ran > 1000);
}
