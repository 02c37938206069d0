// What one JavaScript environment (the main thread or a worker) owns: its buffers, plans, shared arrays and executor.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "addon/arguments.h"
#include "addon/slot_table.h"
#include "plan/buffer.h"
#include "plan/executor.h"

namespace gradsmith::addon {

/// JS thread only, but for the executor it owns. The methods named as exports are documented in lib/runtime/native.ts.
class Environment {
 public:
  /// Makes the environment's instance and its exports.
  static napi_value init(napi_env env, napi_value exports);

  // info.cc
  napi_value info(const Arguments& arguments);
  napi_value configure(const Arguments& arguments);
  napi_value stats(const Arguments& arguments);
  // buffers.cc
  napi_value create_buffer(const Arguments& arguments);
  napi_value release_buffer(const Arguments& arguments);
  napi_value write_buffer(const Arguments& arguments);
  napi_value read_buffer(const Arguments& arguments);
  // plans.cc
  napi_value create_plan(const Arguments& arguments);
  napi_value release_plan(const Arguments& arguments);
  // run.cc
  napi_value bind_shared(const Arguments& arguments);
  napi_value run_sync(const Arguments& arguments);
  // jobs.cc
  napi_value enqueue(const Arguments& arguments);
  napi_value on_complete(const Arguments& arguments);
  napi_value cancel(const Arguments& arguments);
  napi_value drain(const Arguments& arguments);
  napi_value progress(const Arguments& arguments);

 private:
  using Buffer = std::shared_ptr<plan::Buffer>;

  /// A typed array that JavaScript keeps for us to read and write by pointer.
  struct Shared {
    napi_ref reference = nullptr;
    ArrayView view{};
  };

  /// How the steps of a call get their scalars and hand back their values.
  struct Rows {
    int64_t steps;
    const double* scalars;
    bool shared;     // the scalars are the shared array's, which may hold others as soon as the call is over
    double* values;  // nullptr: not given as rows; they go to the shared array
  };

  /// A job's hold on JavaScript's side. Jobs end in the order they were queued in.
  using HeldArrays = std::vector<napi_ref>;

  explicit Environment(napi_env env);
  ~Environment();

  Buffer& buffer(const Arguments& arguments);
  void wait_for_users_of(const Buffer& buffer);
  std::pair<Buffer, ArrayView> transfer(const Arguments& arguments, int64_t& offset);
  void adjust_external_memory(int64_t bytes);
  napi_value recorded();

  std::shared_ptr<plan::Plan>& plan(const Arguments& arguments);
  void share(const Arguments& arguments, size_t index, const char* what, napi_typedarray_type type, Shared& shared);
  /// The address of each of the plan's buffers, and the buffer itself, null for an array. `hold` is told of each native
  /// buffer and each array.
  template <class HoldBuffer, class HoldArray>
  void bind(const Arguments& arguments, const plan::Plan& plan, napi_value arrays, void** bases, plan::Buffer** buffers,
            HoldBuffer hold_buffer, HoldArray hold_array);
  char* array_address(const Arguments& arguments, const plan::BufferSpec& spec, size_t index, napi_value array);
  Rows rows(const Arguments& arguments, const plan::Plan& plan, size_t first);

  void start_completions();
  void deliver();
  bool deliver_one(plan::Job& job);
  void release(const HeldArrays& arrays);
  void keep_loop_alive(bool alive);
  void shut_down();

  napi_env env_;
  SlotTable<Buffer> buffers_;
  SlotTable<std::shared_ptr<plan::Plan>> plans_;
  int64_t live_bytes_ = 0;
  int64_t arena_bytes_ = 0;
  int64_t runs_ = 0;

  Shared handles_;
  Shared scalars_;
  Shared values_;
  std::vector<void*> bases_;  // of runs on this thread
  std::vector<plan::Buffer*> run_buffers_;
  std::shared_ptr<plan::Timeline> timeline_;  // while runs are recorded

  napi_threadsafe_function completions_ = nullptr;
  napi_ref callback_ = nullptr;
  bool loop_alive_ = false;
  std::deque<HeldArrays> held_;
  std::deque<std::unique_ptr<plan::Job>> undelivered_;
  plan::Executor executor_;  // last: its thread ends first
};

}  // namespace gradsmith::addon
