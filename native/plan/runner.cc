#include "plan/runner.h"

#include <new>
#include <optional>

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

/// Out of line: the loop over instructions stays small for those that are not split.
[[gnu::noinline]] Fault run_parts(const Prepared& instruction, void* const* bases, void* scratch,
                                  size_t scratch_bytes) {
  FirstFault first;
  ThreadPool::instance().run(instruction.parts, scratch, scratch_bytes, [&](size_t part, void* own_scratch) {
    Fault fault;
    instruction.run(bases, part, own_scratch, fault);
    if (fault.code != Fault::kNone) first.report(part, fault);
  });
  return first.fault();
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
      fault = run_parts(*instruction, bases, scratch, plan.scratch_bytes());
    }
    if (fault.code != Fault::kNone) return index;
    ++index;
  }
  return -1;
}

}  // namespace

RunResult run(Plan& plan, const RunArguments& arguments, RunControl& control) {
  const std::lock_guard lock(plan.mutex());
  void* scratch = thread_scratch(plan.scratch_bytes());
  if (scratch == nullptr) throw std::bad_alloc();
  std::optional<ThreadPool::Busy> busy;
  if (plan.threaded()) busy.emplace(ThreadPool::instance());

  void** bases = arguments.bases;
  bases[plan.arena_base()] = plan.arena();
  const double* scalars = arguments.scalars;
  double* values = arguments.values;
  RunResult result;
  for (; result.steps_done < arguments.steps; ++result.steps_done) {
    if (control.request.load(std::memory_order_relaxed) != RunControl::kGoOn) {
      result.fault.code = Fault::kAborted;
      break;
    }
    bases[plan.scalars_base()] = const_cast<double*>(scalars);  // the verifier has seen that nothing writes them
    result.instruction = run_step(plan, bases, scratch, control, result.fault);
    if (result.fault.code != Fault::kNone) break;
    plan.read_values(bases, values);
    scalars += plan.scalars();
    values += plan.values();
    control.steps_done.store(result.steps_done + 1, std::memory_order_release);
  }
  return result;
}

}  // namespace gradsmith::plan
