#include "addon/process.h"

#include <charconv>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/denormals.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace gradsmith::addon {
namespace {

/// Node unloads an addon with the last worker that used it; code that threads run must stay.
void pin_library() {
#ifdef _WIN32
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&pin_library), &self);
#else
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&pin_library), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}

void apply_thread_setting() {
  const char* setting = std::getenv("GRADSMITH_THREADS");
  if (setting == nullptr || *setting == '\0') return;
  const std::string_view text(setting);
  size_t threads = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || threads < 1 || threads > ThreadPool::kMaxThreads) {
    throw std::runtime_error("GRADSMITH_THREADS=" + std::string(text) + ": must be a whole number from 1 to " +
                             std::to_string(ThreadPool::kMaxThreads));
  }
  ThreadPool::instance().set_threads(threads);
}

void apply_denormal_setting() {
  const char* setting = std::getenv("GRADSMITH_DENORMALS");
  const std::string_view text(setting == nullptr || *setting == '\0' ? "zero" : setting);
  if (text != "zero" && text != "keep") {
    throw std::runtime_error("GRADSMITH_DENORMALS=" + std::string(text) + ": must be zero or keep");
  }
  keep_denormals.store(text == "keep", std::memory_order_relaxed);
}

}  // namespace

void prepare_process() {
  static std::once_flag once;  // a call that throws leaves it open: the next environment gets the same error
  std::call_once(once, [] {
    pin_library();
    kernels::kernel_table();
    apply_thread_setting();
    apply_denormal_setting();
  });
}

}  // namespace gradsmith::addon
