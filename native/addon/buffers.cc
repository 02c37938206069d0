// createBuffer, releaseBuffer, writeBuffer, readBuffer: memory that lives on the native side.
#include <cstring>

#include "addon/environment.h"

namespace gradsmith::addon {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 46;

}  // namespace

Environment::Buffer& Environment::buffer(const Arguments& arguments) {
  const int32_t handle = arguments.handle(0);
  Buffer* found = buffers_.find(handle);
  if (found == nullptr) arguments.fail("buffer " + std::to_string(handle) + " does not exist or was released");
  return *found;
}

napi_value Environment::create_buffer(const Arguments& arguments) {
  const int64_t bytes = arguments.whole(0, "the number of bytes", 0, kMostBytes);
  const int64_t rows = arguments.absent(1) ? 1 : arguments.whole(1, "the number of rows", 1, kMostBytes);
  Buffer buffer;
  try {
    buffer = std::make_shared<plan::Buffer>(static_cast<size_t>(bytes), static_cast<size_t>(rows));
  } catch (const std::bad_alloc&) {
    arguments.fail("no memory for " + std::to_string(bytes) + " bytes");
  }
  const int32_t handle = buffers_.add(std::move(buffer));
  live_bytes_ += bytes;
  adjust_external_memory(bytes);
  napi_value result = nullptr;
  check(napi_create_int32(env_, handle, &result));
  return result;
}

napi_value Environment::release_buffer(const Arguments& arguments) {
  const auto bytes = static_cast<int64_t>(buffer(arguments)->size());
  buffers_.remove(arguments.handle(0));  // queued jobs hold it until they are done
  live_bytes_ -= bytes;
  adjust_external_memory(-bytes);
  return nullptr;
}

/// Only jobs hold a buffer beside the table.
void Environment::wait_for_users_of(const Buffer& buffer) {
  if (buffer.use_count() > 1) executor_.drain();
}

/// The arguments of a copy: (handle, typedArray, byteOffset = 0), checked.
std::pair<Environment::Buffer, ArrayView> Environment::transfer(const Arguments& arguments, int64_t& offset) {
  Buffer& found = buffer(arguments);
  const ArrayView array = arguments.array(1, "the second argument");
  offset = arguments.absent(2) ? 0 : arguments.whole(2, "the byte offset", 0, kMostBytes);
  if (static_cast<size_t>(offset) > found->size() || array.bytes() > found->size() - static_cast<size_t>(offset)) {
    arguments.fail(std::to_string(array.bytes()) + " bytes at offset " + std::to_string(offset) +
                   " do not fit a buffer of " + std::to_string(found->size()) + " bytes");
  }
  wait_for_users_of(found);
  return {found, array};
}

napi_value Environment::write_buffer(const Arguments& arguments) {
  int64_t offset = 0;
  const auto [buffer, array] = transfer(arguments, offset);
  if (array.bytes() == 0) return nullptr;
  std::memcpy(buffer->data() + offset, array.data, array.bytes());
  buffer->overwritten();
  return nullptr;
}

napi_value Environment::read_buffer(const Arguments& arguments) {
  int64_t offset = 0;
  const auto [buffer, array] = transfer(arguments, offset);
  if (array.bytes() > 0) std::memcpy(array.data, buffer->data() + offset, array.bytes());
  return nullptr;
}

}  // namespace gradsmith::addon
