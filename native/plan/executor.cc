#include "plan/executor.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/thread_pool.h"

namespace gradsmith::plan {

void Executor::submit(std::unique_ptr<Job> job) {
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  ++pending_;
  submitted_.notify_one();
}

void Executor::drain() {
  if (pending_ == 0) return;
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return waiting_.empty() && running_ == nullptr; });
}

std::vector<std::unique_ptr<Job>> Executor::completed() {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<Job>> done = std::exchange(done_, {});
  pending_ -= done.size();
  return done;
}

Job* Executor::find(int64_t id) {
  if (running_ != nullptr && running_->id == id) return running_.get();
  for (const std::unique_ptr<Job>& job : waiting_) {
    if (job->id == id) return job.get();
  }
  return nullptr;
}

bool Executor::cancel(int64_t id) {
  const std::lock_guard lock(mutex_);
  Job* job = find(id);
  if (job == nullptr) return false;
  job->control.request.store(RunControl::kStopAfterStep, std::memory_order_relaxed);
  return true;
}

int64_t Executor::progress(int64_t id) {
  const std::lock_guard lock(mutex_);
  const Job* job = find(id);
  return job == nullptr ? -1 : job->control.steps_done.load(std::memory_order_acquire);
}

void Executor::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    if (running_ != nullptr) running_->control.request.store(RunControl::kStopNow, std::memory_order_relaxed);
  }
  submitted_.notify_one();
  thread_.join();
}

void Executor::loop() {
  // From one job to the next that waits already: workers stay awake while JavaScript is told of the first.
  std::optional<ThreadPool::Busy> going_on;
  std::unique_lock lock(mutex_);
  for (;;) {
    submitted_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = std::move(waiting_.front());
    waiting_.pop_front();
    Job& job = *running_;
    lock.unlock();
    going_on.reset();
    if (may_run(job)) {
      run_job(job);
    } else {
      job.result.fault.code = Fault::kAborted;
    }
    if (job.out_of_memory || job.result.fault.code != Fault::kNone) note_unfinished(job.id);
    lock.lock();
    if (stopping_) {
      running_.reset();
      return;
    }
    const bool first = done_.empty();
    if (!waiting_.empty() && waiting_.front()->plan->threaded())
      going_on.emplace(ThreadPool::instance(), false, waiting_.front()->plan->cost_ns());
    done_.push_back(std::move(running_));
    if (waiting_.empty()) idle_.notify_all();
    if (!first) continue;
    lock.unlock();
    notify_();
    lock.lock();
  }
}

bool Executor::may_run(const Job& job) const {
  return job.after < 0 || std::find(unfinished_.begin(), unfinished_.end(), job.after) == unfinished_.end();
}

/// A job follows one that was queued shortly before it, so these are many.
void Executor::note_unfinished(int64_t id) {
  constexpr size_t kKept = 1000;
  unfinished_.push_back(id);
  if (unfinished_.size() > kKept) unfinished_.pop_front();
}

void Executor::run_job(Job& job) {
  const double* scalars = job.scalar_rows != nullptr ? job.scalar_rows : job.scalars.data();
  double* values = job.value_rows != nullptr ? job.value_rows : job.values.data();
  try {
    job.result = run(*job.plan,
                     {job.bases.data(), scalars, values, job.steps, job.timeline.get(), job.plan_number, false,
                      job.buffers.empty() ? nullptr : job.buffers.data()},
                     job.control);
  } catch (const std::bad_alloc&) {
    job.out_of_memory = true;
  }
}

}  // namespace gradsmith::plan
