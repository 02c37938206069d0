// createPlan, releasePlan.
#include "addon/environment.h"
#include "kernels/kernel_table.h"

namespace gradsmith::addon {

std::shared_ptr<plan::Plan>& Environment::plan(const Arguments& arguments) {
  const int32_t id = arguments.handle(0);
  std::shared_ptr<plan::Plan>* found = plans_.find(id);
  if (found == nullptr) arguments.fail("plan " + std::to_string(id) + " does not exist or was released");
  return *found;
}

napi_value Environment::create_plan(const Arguments& arguments) {
  const ArrayView words = arguments.array(0, "the plan", napi_int32_array);
  std::shared_ptr<plan::Plan> made;
  try {
    made = std::make_shared<plan::Plan>(std::span(reinterpret_cast<const int32_t*>(words.data), words.length),
                                        kernels::kernel_table());
  } catch (const std::bad_alloc&) {
    arguments.fail("no memory for the plan and its arena");
  }
  const auto arena_bytes = static_cast<int64_t>(made->arena_bytes());
  const double cost = made->cost_ns();
  const int32_t id = plans_.add(std::move(made));
  arena_bytes_ += arena_bytes;
  adjust_external_memory(arena_bytes);
  Napi::Object result = Napi::Object::New(arguments.napi());
  result.Set("id", Napi::Number::New(arguments.napi(), id));
  result.Set("costNs", Napi::Number::New(arguments.napi(), cost));
  result.Set("arenaBytes", Napi::Number::New(arguments.napi(), static_cast<double>(arena_bytes)));
  return result;
}

napi_value Environment::release_plan(const Arguments& arguments) {
  const auto arena_bytes = static_cast<int64_t>(plan(arguments)->arena_bytes());
  plans_.remove(arguments.handle(0));  // queued jobs hold it until they are done
  arena_bytes_ -= arena_bytes;
  adjust_external_memory(-arena_bytes);
  return nullptr;
}

}  // namespace gradsmith::addon
