// Runs plans in tests, over buffers of exactly the declared size.
#pragma once
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/runner.h"

namespace gradsmith::plan {

/// A zeroed buffer, aligned to its elements only, as memory that comes from JavaScript is. Under AddressSanitizer one
/// byte beyond it is an error.
class ExactBuffer {
 public:
  explicit ExactBuffer(size_t bytes) : memory_(static_cast<char*>(::operator new(bytes))) {
    std::memset(memory_.get(), 0, bytes);
  }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(memory_.get());
  }

 private:
  struct Free {
    void operator()(char* memory) const { ::operator delete(memory); }
  };
  std::unique_ptr<char, Free> memory_;
};

/// A plan with its buffers.
class PlanRun {
 public:
  explicit PlanRun(const std::vector<int32_t>& words, const kernels::KernelTable& table = kernels::kernel_table())
      : plan(words, table), bases(plan.base_count()) {
    for (const BufferSpec& spec : plan.buffers()) buffers.emplace_back(spec.bytes());
    for (size_t i = 0; i < buffers.size(); ++i) bases[i] = buffers[i].as<void>();
  }

  template <class T>
  void fill(int32_t buffer, const std::vector<T>& elements) {
    std::memcpy(at<T>(buffer), elements.data(), elements.size() * sizeof(T));
  }
  template <class T>
  T* at(int32_t buffer) const {
    return buffers[static_cast<size_t>(buffer)].template as<T>();
  }
  /// Runs with these rows of scalars; `values` holds the rows of values afterwards.
  RunResult run(int64_t steps = 1, std::vector<double> scalars = {}) {
    scalars.resize(plan.scalars() * static_cast<size_t>(steps));
    values.assign(plan.values() * static_cast<size_t>(steps), 0);
    return plan::run(plan, {bases.data(), scalars.data(), values.data(), steps}, control);
  }

  Plan plan;
  std::vector<void*> bases;
  std::vector<ExactBuffer> buffers;
  std::vector<double> values;
  RunControl control;
};

}  // namespace gradsmith::plan
