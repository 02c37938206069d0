// Where a plan's buffers are in one call. Shared by runSync and enqueue.
#pragma once
#include "addon/environment.h"

namespace gradsmith::addon {

template <class HoldBuffer, class HoldArray>
void Environment::bind(const Arguments& arguments, const plan::Plan& plan, napi_value arrays, void** bases,
                       plan::Buffer** buffers, HoldBuffer hold_buffer, HoldArray hold_array) {
  const std::span<const plan::BufferSpec> specs = plan.buffers();
  if (specs.size() > handles_.view.length) arguments.fail("the shared handles are fewer than the plan's buffers");
  const auto* handles = reinterpret_cast<const int32_t*>(handles_.view.data);
  for (size_t i = 0; i < specs.size(); ++i) {
    const int32_t handle = handles[i];
    if (handle < 0) {
      napi_value array = nullptr;
      // -1 is arrays[0], -2 is arrays[1], …
      if (arrays == nullptr || napi_get_element(env_, arrays, ~static_cast<uint32_t>(handle), &array) != napi_ok) {
        arguments.fail("buffer " + std::to_string(i) + " of the plan has no array");
      }
      bases[i] = array_address(arguments, specs[i], i, array);
      buffers[i] = nullptr;
      hold_array(array);
      continue;
    }
    const Buffer* buffer = buffers_.find(handle);
    if (buffer == nullptr || (*buffer)->size() < specs[i].bytes()) {
      arguments.fail("buffer " + std::to_string(i) + " of the plan: " +
                     (buffer == nullptr ? "handle " + std::to_string(handle) + " does not exist or was released"
                                        : std::to_string((*buffer)->size()) + " bytes, but the plan needs " +
                                              std::to_string(specs[i].bytes())));
    }
    bases[i] = (*buffer)->data();
    buffers[i] = buffer->get();
    hold_buffer(*buffer);
  }
}

}  // namespace gradsmith::addon
