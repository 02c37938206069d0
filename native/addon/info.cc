// info, configure, stats: what the native side is and does.
#include "addon/environment.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "plan/instruction.h"
#include "plan/row_program.h"

namespace gradsmith::addon {
namespace {

/// Changes when an export does; lib/runtime/native.ts expects the same number.
constexpr int kAbi = 4;

/// What configure() sets, by the numbers of lib/runtime/native.ts.
constexpr int64_t kThreads = 0;
constexpr int64_t kTimeline = 1;
constexpr int64_t kMostEvents = int64_t{1} << 24;

template <class Names>
Napi::Array string_array(Napi::Env env, const Names& names) {
  Napi::Array array = Napi::Array::New(env);
  for (const char* name : names) array[array.Length()] = Napi::String::New(env, name);
  return array;
}

Napi::Array instruction_names(Napi::Env env) {
  std::vector<const char*> names;
  for (const plan::InstructionRow& row : plan::instruction_table()) names.push_back(row.name);
  return string_array(env, names);
}

Napi::Array level_names(Napi::Env env) {
  std::vector<const char*> names;
  for (const kernels::KernelTable* table : kernels::available_tables()) names.push_back(table->isa);
  return string_array(env, names);
}

void set_number(Napi::Object object, const char* name, double value) {
  object.Set(name, Napi::Number::New(object.Env(), value));
}

Napi::Object limits(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  set_number(object, "maxRank", plan::kMaxRank);
  set_number(object, "maxGroupOps", static_cast<double>(kernels::kMaxGroupOps));
  set_number(object, "maxGroupInputs", static_cast<double>(kernels::kMaxGroupInputs));
  set_number(object, "maxGroupOutputs", static_cast<double>(kernels::kMaxGroupOutputs));
  set_number(object, "maxRowSteps", static_cast<double>(plan::kMaxRowSteps));
  set_number(object, "maxRowValues", static_cast<double>(plan::kMaxRowValues));
  set_number(object, "maxRowColumns", static_cast<double>(plan::kMaxRowColumns));
  return object;
}

}  // namespace

napi_value Environment::info(const Arguments& arguments) {
  const Napi::Env env = arguments.napi();
  Napi::Object object = Napi::Object::New(env);
  set_number(object, "abi", kAbi);
  object.Set("isa", kernels::kernel_table().isa);
  object.Set("isaLevels", level_names(env));
  set_number(object, "threads", static_cast<double>(ThreadPool::instance().threads()));
  object.Set("instructions", instruction_names(env));
  object.Set("microOps", string_array(env, kernels::kMicroNames));
  object.Set("limits", limits(env));
  return object;
}

napi_value Environment::configure(const Arguments& arguments) {
  switch (arguments.whole(0, "the setting", kThreads, kTimeline)) {
    case kThreads: {
      const int64_t threads = arguments.whole(1, "the number of threads", 1, ThreadPool::kMaxThreads);
      ThreadPool::instance().set_threads(static_cast<size_t>(threads));
      return nullptr;
    }
    default: {
      const int64_t capacity = arguments.whole(1, "the number of events", 0, kMostEvents);
      executor_.drain();
      const napi_value before = timeline_ == nullptr ? nullptr : recorded();
      timeline_ = capacity == 0 ? nullptr : std::make_shared<plan::Timeline>(static_cast<size_t>(capacity));
      return before;
    }
  }
}

/// The number of this thread, the events that found no place, and six numbers for each of the others.
napi_value Environment::recorded() {
  const std::span<const plan::TimelineEvent> events = timeline_->events();
  Napi::Float64Array numbers = Napi::Float64Array::New(env_, 2 + 6 * events.size());
  double* out = numbers.Data();
  *out++ = plan::Timeline::this_thread();
  *out++ = static_cast<double>(timeline_->dropped());
  for (const plan::TimelineEvent& event : events) {
    *out++ = event.plan;
    *out++ = event.instruction;
    *out++ = event.part;
    *out++ = event.thread;
    *out++ = static_cast<double>(event.start_ns);
    *out++ = static_cast<double>(event.end_ns - event.start_ns);
  }
  return numbers;
}

napi_value Environment::stats(const Arguments& arguments) {
  Napi::Object object = Napi::Object::New(arguments.napi());
  set_number(object, "liveBuffers", static_cast<double>(buffers_.live()));
  set_number(object, "liveBytes", static_cast<double>(live_bytes_));
  set_number(object, "poolBytes", static_cast<double>(MemoryPool::instance().reserved_bytes()));
  set_number(object, "plans", static_cast<double>(plans_.live()));
  set_number(object, "arenaBytes", static_cast<double>(arena_bytes_));
  set_number(object, "jobsQueued", static_cast<double>(executor_.pending() + undelivered_.size()));
  set_number(object, "runs", static_cast<double>(runs_));
  object.Set("isa", kernels::kernel_table().isa);
  set_number(object, "threads", static_cast<double>(ThreadPool::instance().threads()));
  return object;
}

}  // namespace gradsmith::addon
