#include "addon/arguments.h"

#include <cmath>

namespace gradsmith::addon {

size_t ArrayView::bytes() const {
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
      return length * 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return length * 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return length * 8;
    default:
      return length;
  }
}

bool ArrayView::holds(DType dtype) const {
  switch (dtype) {
    case DType::kFloat32:
      return type == napi_float32_array;
    case DType::kFloat64:
      return type == napi_float64_array;
    case DType::kInt32:
      return type == napi_int32_array;
    case DType::kUint8:
    case DType::kBool:
      return type == napi_uint8_array || type == napi_uint8_clamped_array;
  }
  return false;
}

bool view_of(napi_env env, napi_value value, ArrayView& view) {
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(env, value, &view.type, &view.length, &data, nullptr, nullptr);
  view.data = static_cast<char*>(data);
  return status == napi_ok;
}

void check(napi_status status) {
  if (status != napi_ok) throw AddonError("Node-API: call failed with status " + std::to_string(status));
}

Arguments::Arguments(napi_env env, napi_callback_info info, const char* name) : env_(env), name_(name) {
  check(napi_get_cb_info(env, info, &count_, values_, nullptr, &data_));
}

void Arguments::fail(const std::string& message) const { throw AddonError(std::string(name_) + ": " + message); }

bool Arguments::absent(size_t index) const {
  if (index >= count_) return true;
  napi_valuetype type = napi_undefined;
  check(napi_typeof(env_, values_[index], &type));
  return type == napi_undefined || type == napi_null;
}

int64_t Arguments::whole(size_t index, const char* what, int64_t least, int64_t most) const {
  double number = 0;
  const bool is_number = napi_get_value_double(env_, values_[index], &number) == napi_ok;
  if (!is_number || number != std::floor(number) || number < static_cast<double>(least) ||
      number > static_cast<double>(most)) {
    fail(std::string(what) + " must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<int64_t>(number);
}

int32_t Arguments::handle(size_t index) const {
  int32_t handle = -1;
  if (napi_get_value_int32(env_, values_[index], &handle) != napi_ok) fail("the handle must be a number");
  return handle;
}

ArrayView Arguments::array(size_t index, const char* what) const {
  ArrayView view{};
  if (!view_of(env_, values_[index], view)) fail(std::string(what) + " must be a typed array");
  return view;
}

ArrayView Arguments::array(size_t index, const char* what, napi_typedarray_type type) const {
  const ArrayView view = array(index, what);
  if (view.type != type) {
    fail(std::string(what) + " must be a " +
         (type == napi_float64_array ? "Float64Array"
          : type == napi_int32_array ? "Int32Array"
                                     : "typed array"));
  }
  return view;
}

}  // namespace gradsmith::addon
