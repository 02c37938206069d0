// enqueue, onComplete, cancel, drain, progress: plans on the executor's thread.
#include <algorithm>

#include "addon/bind.h"
#include "addon/environment.h"

namespace gradsmith::addon {
namespace {

constexpr int64_t kMostId = (int64_t{1} << 53) - 1;
/// A job's status beyond plan::Fault's codes.
constexpr int32_t kOutOfMemory = 3;

}  // namespace

void Environment::start_completions() {
  const auto deliver_here = [](napi_env env, napi_value, void* context, void*) {
    if (env != nullptr) static_cast<Environment*>(context)->deliver();  // null while the environment closes
  };
  napi_value name = nullptr;
  check(napi_create_string_utf8(env_, "gradsmith", NAPI_AUTO_LENGTH, &name));
  check(napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, deliver_here,
                                        &completions_));
  check(napi_unref_threadsafe_function(env_, completions_));
}

/// The event loop lives while jobs are queued, and does not wait for us otherwise. Never throws: completions come here.
void Environment::keep_loop_alive(bool alive) {
  if (alive == loop_alive_) return;
  loop_alive_ = alive;
  if (alive) {
    napi_ref_threadsafe_function(env_, completions_);
  } else {
    napi_unref_threadsafe_function(env_, completions_);
  }
}

napi_value Environment::on_complete(const Arguments& arguments) {
  napi_valuetype type = napi_undefined;
  check(napi_typeof(env_, arguments[0], &type));
  if (type != napi_function) arguments.fail("the callback must be a function");
  napi_ref reference = nullptr;
  check(napi_create_reference(env_, arguments[0], 1, &reference));
  if (callback_ != nullptr) napi_delete_reference(env_, callback_);
  callback_ = reference;
  return nullptr;
}

napi_value Environment::enqueue(const Arguments& arguments) {
  auto job = std::make_unique<plan::Job>();
  job->plan = plan(arguments);
  job->id = arguments.whole(1, "the job's number", 0, kMostId);
  job->bases.resize(job->plan->base_count());
  job->buffers.resize(job->plan->buffers().size());
  const Rows rows = this->rows(arguments, *job->plan, 3);
  job->steps = rows.steps;
  if (!arguments.absent(6)) job->after = arguments.whole(6, "the job before", 0, kMostId);
  job->timeline = timeline_;
  job->plan_number = arguments.handle(0);
  job->value_rows = rows.values;
  if (rows.shared) {
    job->scalars.assign(rows.scalars, rows.scalars + static_cast<size_t>(rows.steps) * job->plan->scalars());
  } else {
    job->scalar_rows = rows.scalars;
  }
  if (rows.values == nullptr) job->values.resize(static_cast<size_t>(rows.steps) * job->plan->values());

  HeldArrays held;
  const auto hold_array = [&](napi_value array) {
    napi_ref reference = nullptr;
    check(napi_create_reference(env_, array, 1, &reference));
    held.push_back(reference);
  };
  try {
    const napi_value arrays = arguments.absent(2) ? nullptr : arguments[2];
    bind(
        arguments, *job->plan, arrays, job->bases.data(), job->buffers.data(),
        [&](const Buffer& buffer) { job->holds.push_back(buffer); }, hold_array);
    if (!rows.shared) hold_array(arguments[4]);
    if (rows.values != nullptr) hold_array(arguments[5]);
    held_.push_back(held);
  } catch (...) {
    release(held);
    throw;
  }
  try {
    executor_.submit(std::move(job));
  } catch (...) {
    release(held_.back());
    held_.pop_back();
    throw;
  }
  keep_loop_alive(true);
  return nullptr;
}

void Environment::release(const HeldArrays& arrays) {
  for (const napi_ref reference : arrays) napi_delete_reference(env_, reference);
}

/// Calls back for each job that is done. If the callback throws, the exception is left to whoever called, and the rest
/// is delivered in another turn.
void Environment::deliver() {
  for (std::unique_ptr<plan::Job>& job : executor_.completed()) undelivered_.push_back(std::move(job));
  while (!undelivered_.empty()) {
    const std::unique_ptr<plan::Job> job = std::move(undelivered_.front());
    undelivered_.pop_front();
    if (deliver_one(*job)) continue;
    if (!undelivered_.empty()) napi_call_threadsafe_function(completions_, nullptr, napi_tsfn_nonblocking);
    break;
  }
  if (executor_.pending() == 0 && undelivered_.empty()) keep_loop_alive(false);
}

/// False if the callback threw.
bool Environment::deliver_one(plan::Job& job) {
  ++runs_;
  release(held_.front());
  held_.pop_front();
  // The shared values may have been bound anew since, but never to fewer.
  const size_t count = std::min(job.values.size(), values_.view.length);
  std::copy_n(job.values.data(), count, reinterpret_cast<double*>(values_.view.data));
  if (callback_ == nullptr) return true;
  const plan::RunResult& result = job.result;
  const int32_t status = job.out_of_memory ? kOutOfMemory : result.fault.code;
  const double numbers[] = {static_cast<double>(job.id),
                            static_cast<double>(status),
                            static_cast<double>(result.steps_done),
                            static_cast<double>(result.instruction),
                            static_cast<double>(result.fault.value),
                            static_cast<double>(result.fault.limit)};
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return false;
  napi_value arguments[std::size(numbers)];
  napi_value callback = nullptr;
  napi_value receiver = nullptr;
  bool good =
      napi_get_reference_value(env_, callback_, &callback) == napi_ok && napi_get_undefined(env_, &receiver) == napi_ok;
  for (size_t i = 0; i < std::size(numbers) && good; ++i) {
    good = napi_create_double(env_, numbers[i], &arguments[i]) == napi_ok;
  }
  good = good && napi_call_function(env_, receiver, callback, std::size(numbers), arguments, nullptr) == napi_ok;
  napi_close_handle_scope(env_, scope);
  return good;
}

napi_value Environment::drain(const Arguments&) {
  executor_.drain();
  deliver();
  return nullptr;
}

napi_value Environment::cancel(const Arguments& arguments) {
  napi_value result = nullptr;
  check(napi_get_boolean(env_, executor_.cancel(arguments.whole(0, "the job's number", 0, kMostId)), &result));
  return result;
}

napi_value Environment::progress(const Arguments& arguments) {
  const int64_t steps = executor_.progress(arguments.whole(0, "the job's number", 0, kMostId));
  napi_value result = nullptr;
  check(napi_create_int64(env_, steps, &result));
  return result;
}

}  // namespace gradsmith::addon
