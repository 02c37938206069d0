// bindShared, runSync: plans on the calling thread. The path of every small step, so it allocates nothing.
#include "addon/bind.h"
#include "addon/environment.h"

namespace gradsmith::addon {
namespace {

constexpr int64_t kMostSteps = int64_t{1} << 40;

Napi::Object fault_object(Napi::Env env, const plan::RunResult& result) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, int64_t value) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("status", result.fault.code);
  set("stepsDone", result.steps_done);
  set("instruction", result.instruction);
  set("value", result.fault.value);
  set("limit", result.fault.limit);
  return object;
}

}  // namespace

void Environment::share(const Arguments& arguments, size_t index, const char* what, napi_typedarray_type type,
                        Shared& shared) {
  const ArrayView view = arguments.array(index, what, type);
  napi_ref reference = nullptr;
  check(napi_create_reference(env_, arguments[index], 1, &reference));
  if (shared.reference != nullptr) napi_delete_reference(env_, shared.reference);
  shared = {reference, view};
}

napi_value Environment::bind_shared(const Arguments& arguments) {
  share(arguments, 0, "the handles", napi_int32_array, handles_);
  share(arguments, 1, "the scalars", napi_float64_array, scalars_);
  share(arguments, 2, "the values", napi_float64_array, values_);
  return nullptr;
}

char* Environment::array_address(const Arguments& arguments, const plan::BufferSpec& spec, size_t index,
                                 napi_value array) {
  ArrayView view{};
  // Messages are put together only when they are needed.
  const auto fail = [&](const std::string& what) {
    arguments.fail("buffer " + std::to_string(index) + " of the plan: " + what);
  };
  if (!view_of(env_, array, view)) fail("not a typed array");
  if (!view.holds(spec.dtype)) fail("the typed array is of another type");
  if (view.length != static_cast<size_t>(spec.elements)) {
    fail(std::to_string(view.length) + " elements, but the plan needs " + std::to_string(spec.elements));
  }
  return view.data;
}

/// Reads (steps = 1, scalarRows?, valueRows?) from argument `first` on.
Environment::Rows Environment::rows(const Arguments& arguments, const plan::Plan& plan, size_t first) {
  const int64_t steps = arguments.absent(first) ? 1 : arguments.whole(first, "the number of steps", 0, kMostSteps);
  Rows rows{steps, reinterpret_cast<const double*>(scalars_.view.data), true, nullptr};
  const auto fits = [&](const ArrayView& view, size_t row) {
    return row == 0 || view.length / row >= static_cast<size_t>(steps);
  };
  ArrayView scalars = scalars_.view;
  if (!arguments.absent(first + 1)) {
    scalars = arguments.array(first + 1, "the rows of scalars", napi_float64_array);
    rows.scalars = reinterpret_cast<const double*>(scalars.data);
    rows.shared = false;
  }
  if (!fits(scalars, plan.scalars())) arguments.fail("fewer scalars than the steps of the plan need");
  ArrayView values = values_.view;
  if (!arguments.absent(first + 2)) {
    values = arguments.array(first + 2, "the rows of values", napi_float64_array);
    rows.values = reinterpret_cast<double*>(values.data);
  }
  if (!fits(values, plan.values())) arguments.fail("fewer places for values than the steps of the plan need");
  return rows;
}

napi_value Environment::run_sync(const Arguments& arguments) {
  plan::Plan& plan = *this->plan(arguments);
  if (plan.reads_buffers()) executor_.drain();
  if (bases_.size() < plan.base_count()) bases_.resize(plan.base_count());
  if (run_buffers_.size() < plan.buffers().size()) run_buffers_.resize(plan.buffers().size());
  const napi_value arrays = arguments.absent(1) ? nullptr : arguments[1];
  bind(
      arguments, plan, arrays, bases_.data(), run_buffers_.data(), [](const Buffer&) {}, [](napi_value) {});
  const Rows rows = this->rows(arguments, plan, 2);
  double* values = rows.values != nullptr ? rows.values : reinterpret_cast<double*>(values_.view.data);
  plan::RunControl control;
  const plan::RunResult result = run(plan,
                                     {bases_.data(), rows.scalars, values, rows.steps, timeline_.get(),
                                      timeline_ == nullptr ? 0 : arguments.handle(0), true, run_buffers_.data()},
                                     control);
  ++runs_;
  if (result.fault.code == plan::Fault::kNone) return nullptr;
  return fault_object(arguments.napi(), result);
}

}  // namespace gradsmith::addon
