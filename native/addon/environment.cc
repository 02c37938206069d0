#include "addon/environment.h"

#include <new>

#include "addon/process.h"
#include "plan/plan_error.h"

namespace gradsmith::addon {
namespace {

void throw_error(napi_env env, const char* code, const std::string& message) noexcept {
  // Fails if an exception is already on its way: then that one is thrown.
  napi_throw_error(env, code, message.c_str());
}

/// Calls `function`; no exception leaves.
template <class Function>
napi_value guarded(napi_env env, const char* name, Function function) noexcept {
  try {
    return function();
  } catch (const AddonError& error) {
    throw_error(env, error.code, error.what());
  } catch (const std::bad_alloc&) {
    throw_error(env, "ERR_NATIVE", std::string(name) + ": out of memory");
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::exception& error) {
    throw_error(env, "ERR_NATIVE", error.what());
  }
  return nullptr;
}

struct Export {
  const char* name;
  napi_callback callback;
};

template <napi_value (Environment::*method)(const Arguments&), const char* const& name>
napi_value call(napi_env env, napi_callback_info info) noexcept {
  return guarded(env, name, [&] {
    const Arguments arguments(env, info, name);
    return (static_cast<Environment*>(arguments.data())->*method)(arguments);
  });
}

// Template arguments must have linkage; a name is one with its export.
// clang-format off
#define GRADSMITH_EXPORTS(X) \
  X(info, info) X(configure, configure) X(createBuffer, create_buffer) X(releaseBuffer, release_buffer) \
  X(writeBuffer, write_buffer) X(readBuffer, read_buffer) X(createPlan, create_plan) \
  X(releasePlan, release_plan) X(bindShared, bind_shared) X(runSync, run_sync) X(enqueue, enqueue) \
  X(onComplete, on_complete) X(cancel, cancel) X(drain, drain) X(progress, progress) X(stats, stats)
// clang-format on

#define X(name, method) constexpr const char* const k_##name = #name;
GRADSMITH_EXPORTS(X)
#undef X

constexpr Export kExports[] = {
#define X(name, method) {#name, call<&Environment::method, k_##name>},
    GRADSMITH_EXPORTS(X)
#undef X
};
static_assert(std::size(kExports) <= 16, "a new op adds no export");

}  // namespace

Environment::Environment(napi_env env)
    : env_(env), executor_([this] { napi_call_threadsafe_function(completions_, nullptr, napi_tsfn_nonblocking); }) {}

Environment::~Environment() = default;

napi_value Environment::init(napi_env env, napi_value exports) {
  return guarded(env, "gradsmith", [&] {
    prepare_process();
    auto* self = new Environment(env);
    check(napi_set_instance_data(
        env, self, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); }, nullptr));
    self->start_completions();
    // Hooks run last come, first served: ours before that of the thread-safe function, which the executor calls.
    check(napi_add_env_cleanup_hook(
        env, [](void* data) { static_cast<Environment*>(data)->shut_down(); }, self));
    for (const Export& entry : kExports) {
      napi_value function = nullptr;
      check(napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.callback, self, &function));
      check(napi_set_named_property(env, exports, entry.name, function));
    }
    return exports;
  });
}

void Environment::shut_down() {
  executor_.stop();
  napi_release_threadsafe_function(completions_, napi_tsfn_abort);
}

void Environment::adjust_external_memory(int64_t bytes) {
  int64_t total = 0;
  napi_adjust_external_memory(env_, bytes, &total);
}

}  // namespace gradsmith::addon

NAPI_MODULE_INIT() { return gradsmith::addon::Environment::init(env, exports); }
