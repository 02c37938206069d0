// Runs a plan, one step or many. Trusts it: what the verifier has seen is not checked again.
#pragma once
#include <atomic>
#include <cstdint>

#include "plan/instruction.h"
#include "plan/plan.h"
#include "plan/timeline.h"

namespace gradsmith::plan {

/// How others reach into a run. Any thread.
struct RunControl {
  enum Request : int32_t { kGoOn = 0, kStopAfterStep = 1, kStopNow = 2 };
  /// kStopNow is seen before the next instruction.
  std::atomic<int32_t> request{kGoOn};
  std::atomic<int64_t> steps_done{0};
};

/// What a run reads and writes.
struct RunArguments {
  /// plan.base_count() addresses, of which the caller fills in the buffers and the runner the rest.
  void** bases;
  const double* scalars;  // steps rows of plan.scalars()
  double* values;         // steps rows of plan.values()
  int64_t steps = 1;
  /// Told of each part of each instruction, if given, as of the plan with this number.
  Timeline* timeline = nullptr;
  int32_t plan_number = 0;
  /// Does JavaScript do nothing but wait for this run? Then threads stay awake for the next a little longer.
  bool caller_waits = false;
  /// The plan's buffers, each null where it is an array of JavaScript's; null, if nobody keeps any.
  Buffer* const* buffers = nullptr;
};

struct RunResult {
  Fault fault;  // code kNone: all steps are done
  int64_t steps_done = 0;
  int32_t instruction = -1;  // where the fault was; -1: in a window
};

/// Blocks until done, stopped, or a fault. After a fault the state is what the instructions before it have made of it.
/// Of several faults in one instruction the one in the lowest part is reported, whatever the number of threads. Without
/// memory for scratch it throws std::bad_alloc, before anything has run. Any thread; runs of one plan take turns.
RunResult run(Plan& plan, const RunArguments& arguments, RunControl& control);

}  // namespace gradsmith::plan
