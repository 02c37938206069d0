// A verified plan, ready to run: its prepared instructions, its arena, its cost.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/memory_pool.h"
#include "plan/buffer.h"
#include "plan/decoder.h"
#include "plan/instruction.h"

namespace gradsmith::plan {

/// Immutable but for arena and workspace; any thread. The runner holds `mutex` for a run, since of these there is one.
class Plan {
 public:
  /// Throws PlanError (words that do not follow the format) or std::bad_alloc (no memory for the arena).
  Plan(std::span<const int32_t> words, const kernels::KernelTable& kernels);

  std::span<const BufferSpec> buffers() const { return buffers_; }
  /// Has it inputs or state? Else scalars are all that it depends on.
  bool reads_buffers() const { return reads_buffers_; }
  size_t scalars() const { return scalars_; }
  size_t values() const { return values_.size(); }
  size_t arena_bytes() const { return arena_.size(); }
  /// Estimated time of a step on one core, in nanoseconds.
  double cost_ns() const { return cost_ns_; }

  // For the runner.

  /// Addresses during a run: the buffers in order, the windows, then the arena, the row of scalars, the workspace, and
  /// the rounded copies of buffers.
  size_t base_count() const { return copies_base() + copies_.size(); }
  size_t arena_base() const { return buffers_.size() + windows_.size(); }
  size_t scalars_base() const { return arena_base() + 1; }
  size_t workspace_base() const { return arena_base() + 2; }
  size_t copies_base() const { return arena_base() + 3; }
  char* arena() const { return arena_.data(); }
  char* workspace() const { return workspace_.data(); }
  std::span<const std::unique_ptr<Prepared>> instructions() const { return instructions_; }
  size_t scratch_bytes() const { return scratch_bytes_; }
  /// Does any instruction split into parts?
  bool threaded() const { return threaded_; }
  /// Moves the windows to the rows that the step's scalars name. False, and a fault, where the input has no such rows.
  bool bind_windows(void** bases, const double* scalars, Fault& fault) const;
  /// Looks for the rounded copies; `buffers` are the run's, or null.
  void bind_copies(void** bases, Buffer* const* buffers) const;
  /// Tells the buffers that the plan writes.
  void tell_overwritten(Buffer* const* buffers) const;
  /// Reads the values at the end of a step.
  void read_values(void* const* bases, double* values) const;
  std::mutex& mutex() { return mutex_; }

 private:
  struct Value {
    Ref ref;
    DType dtype;
  };

  std::vector<BufferSpec> buffers_;
  std::vector<Window> windows_;
  std::vector<size_t> copies_;  // of which buffers
  Buffer::Round round_;
  size_t scalars_ = 0;
  std::vector<Value> values_;
  std::vector<std::unique_ptr<Prepared>> instructions_;
  Block arena_;
  Block workspace_;  // as large as the largest that an instruction asks for
  size_t scratch_bytes_ = 0;
  bool reads_buffers_ = false;
  bool threaded_ = false;
  double cost_ns_ = 0;
  std::mutex mutex_;
};

}  // namespace gradsmith::plan
