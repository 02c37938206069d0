#include "plan/runner.h"

#include <new>
#include <optional>

#include "base/denormals.h"
#include "base/thread_pool.h"

namespace gradsmith::plan {
namespace {

/// Keeps the fault of the lowest part.
class FirstFault {
 public:
  void report(size_t part, const Fault& fault) {
    const std::lock_guard lock(mutex_);
    if (fault_.code != Fault::kNone && part_ < part) return;
    part_ = part;
    fault_ = fault;
  }
  const Fault& fault() const { return fault_; }

 private:
  std::mutex mutex_;
  size_t part_ = 0;
  Fault fault_;
};

/// Runs the parts of an instruction over the pool; `run_part(part, scratch, fault)` runs one.
template <class RunPart>
Fault run_parts(size_t parts, void* scratch, size_t scratch_bytes, RunPart run_part) {
  FirstFault first;
  ThreadPool::instance().run(parts, scratch, scratch_bytes, [&](size_t part, void* own_scratch) {
    Fault fault;
    run_part(part, own_scratch, fault);
    if (fault.code != Fault::kNone) first.report(part, fault);
  });
  return first.fault();
}

/// Out of line: the loop over instructions stays small for those that are not split.
[[gnu::noinline]] Fault run_split(const Prepared& instruction, void* const* bases, void* scratch,
                                  size_t scratch_bytes) {
  return run_parts(instruction.parts, scratch, scratch_bytes, [&](size_t part, void* own_scratch, Fault& fault) {
    instruction.run(bases, part, own_scratch, fault);
  });
}

[[gnu::noinline]] void finish_split(const Prepared& instruction, void* const* bases, void* scratch,
                                    size_t scratch_bytes) {
  ThreadPool::instance().run(instruction.finish_parts, scratch, scratch_bytes,
                             [&](size_t part, void* own_scratch) { instruction.finish(bases, part, own_scratch); });
}

bool stopped_now(const RunControl& control) {
  return control.request.load(std::memory_order_relaxed) == RunControl::kStopNow;
}

/// Returns the number of the instruction that stopped the step, or -1.
int32_t run_step(const Plan& plan, void* const* bases, void* scratch, const RunControl& control, Fault& fault) {
  int32_t index = 0;
  for (const std::unique_ptr<Prepared>& instruction : plan.instructions()) {
    if (stopped_now(control)) {
      fault.code = Fault::kAborted;
      return index;
    }
    if (instruction->parts == 1) {
      instruction->run(bases, 0, scratch, fault);
    } else if (instruction->parts > 1) {
      fault = run_split(*instruction, bases, scratch, plan.scratch_bytes());
    }
    if (fault.code != Fault::kNone) return index;
    if (instruction->finish_parts > 0) finish_split(*instruction, bases, scratch, plan.scratch_bytes());
    ++index;
  }
  return -1;
}

/// run_step() that records. Apart from it, so that a step which is not recorded pays nothing.
int32_t run_step_recorded(const Plan& plan, const RunArguments& arguments, void* scratch, const RunControl& control,
                          Fault& fault) {
  int32_t index = 0;
  for (const std::unique_ptr<Prepared>& instruction : plan.instructions()) {
    if (stopped_now(control)) {
      fault.code = Fault::kAborted;
      return index;
    }
    const auto run_part = [&](size_t part, void* own_scratch, Fault& own_fault) {
      const int64_t start = Timeline::now_ns();
      instruction->run(arguments.bases, part, own_scratch, own_fault);
      arguments.timeline->add({arguments.plan_number, index, static_cast<int32_t>(part), Timeline::this_thread(), start,
                               Timeline::now_ns()});
    };
    if (instruction->parts == 1) {
      run_part(0, scratch, fault);
    } else if (instruction->parts > 1) {
      fault = run_parts(instruction->parts, scratch, plan.scratch_bytes(), run_part);
    }
    if (fault.code != Fault::kNone) return index;
    // The second phase's parts are counted on from the first's.
    ThreadPool::instance().run(
        instruction->finish_parts, scratch, plan.scratch_bytes(), [&](size_t part, void* own_scratch) {
          const int64_t start = Timeline::now_ns();
          instruction->finish(arguments.bases, part, own_scratch);
          arguments.timeline->add({arguments.plan_number, index, static_cast<int32_t>(instruction->parts + part),
                                   Timeline::this_thread(), start, Timeline::now_ns()});
        });
    ++index;
  }
  return -1;
}

}  // namespace

RunResult run(Plan& plan, const RunArguments& arguments, RunControl& control) {
  const std::lock_guard lock(plan.mutex());
  const DenormalsAreZero denormals_are_zero;
  void* scratch = thread_scratch(plan.scratch_bytes());
  if (scratch == nullptr) throw std::bad_alloc();
  std::optional<ThreadPool::Busy> busy;
  if (plan.threaded())
    busy.emplace(ThreadPool::instance(), arguments.caller_waits, plan.cost_ns() * static_cast<double>(arguments.steps));

  void** bases = arguments.bases;
  bases[plan.arena_base()] = plan.arena();
  bases[plan.workspace_base()] = plan.workspace();
  plan.bind_copies(bases, arguments.buffers);
  const double* scalars = arguments.scalars;
  double* values = arguments.values;
  Timeline* const timeline = arguments.timeline;
  const int64_t start = timeline == nullptr ? 0 : Timeline::now_ns();
  RunResult result;
  for (; result.steps_done < arguments.steps; ++result.steps_done) {
    if (control.request.load(std::memory_order_relaxed) != RunControl::kGoOn) {
      result.fault.code = Fault::kAborted;
      break;
    }
    bases[plan.scalars_base()] = const_cast<double*>(scalars);  // the verifier has seen that nothing writes them
    if (!plan.bind_windows(bases, scalars, result.fault)) break;
    result.instruction = timeline == nullptr ? run_step(plan, bases, scratch, control, result.fault)
                                             : run_step_recorded(plan, arguments, scratch, control, result.fault);
    if (result.fault.code != Fault::kNone) break;
    plan.read_values(bases, values);
    scalars += plan.scalars();
    values += plan.values();
    control.steps_done.store(result.steps_done + 1, std::memory_order_release);
  }
  if (arguments.buffers != nullptr) plan.tell_overwritten(arguments.buffers);
  if (timeline != nullptr) {
    timeline->add({arguments.plan_number, TimelineEvent::kRun, 0, Timeline::this_thread(), start, Timeline::now_ns()});
  }
  return result;
}

}  // namespace gradsmith::plan
