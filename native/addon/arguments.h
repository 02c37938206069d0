// From JavaScript values to C++ ones, with errors that name the argument.
#pragma once
#include <napi.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "base/dtype.h"

namespace gradsmith::addon {

/// Becomes a JavaScript Error with this code (see lib/errors.ts).
struct AddonError : std::runtime_error {
  AddonError(const char* error_code, const std::string& message) : std::runtime_error(message), code(error_code) {}
  explicit AddonError(const std::string& message) : AddonError("ERR_NATIVE", message) {}
  const char* code;
};

/// A typed array's memory. Valid while the array lives and is not detached.
struct ArrayView {
  napi_typedarray_type type;
  size_t length;  // elements
  char* data;

  size_t bytes() const;
  bool holds(DType dtype) const;
};

/// The arguments of one call. `name` is the export's, for errors. Made for the fast path: no allocation, no wrapper.
class Arguments {
 public:
  static constexpr size_t kMost = 7;

  Arguments(napi_env env, napi_callback_info info, const char* name);

  napi_env env() const { return env_; }
  Napi::Env napi() const { return Napi::Env(env_); }
  const char* name() const { return name_; }
  napi_value operator[](size_t index) const { return values_[index]; }
  void* data() const { return data_; }

  /// Missing, undefined or null.
  bool absent(size_t index) const;
  /// A whole number in [least, most].
  int64_t whole(size_t index, const char* what, int64_t least, int64_t most) const;
  int32_t handle(size_t index) const;
  ArrayView array(size_t index, const char* what) const;
  /// A typed array of one type.
  ArrayView array(size_t index, const char* what, napi_typedarray_type type) const;

  [[noreturn]] void fail(const std::string& message) const;

 private:
  napi_env env_;
  const char* name_;
  size_t count_ = kMost;
  napi_value values_[kMost];
  void* data_ = nullptr;
};

/// False if `value` is no typed array.
bool view_of(napi_env env, napi_value value, ArrayView& view);

/// Throws AddonError unless a Node-API call has succeeded.
void check(napi_status status);

}  // namespace gradsmith::addon
