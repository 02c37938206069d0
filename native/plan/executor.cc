#include "plan/executor.h"

#include <new>
#include <utility>

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
  std::unique_lock lock(mutex_);
  for (;;) {
    submitted_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = std::move(waiting_.front());
    waiting_.pop_front();
    Job& job = *running_;
    lock.unlock();
    run_job(job);
    lock.lock();
    if (stopping_) {
      running_.reset();
      return;
    }
    const bool first = done_.empty();
    done_.push_back(std::move(running_));
    if (waiting_.empty()) idle_.notify_all();
    if (!first) continue;
    lock.unlock();
    notify_();
    lock.lock();
  }
}

void Executor::run_job(Job& job) {
  const double* scalars = job.scalar_rows != nullptr ? job.scalar_rows : job.scalars.data();
  double* values = job.value_rows != nullptr ? job.value_rows : job.values.data();
  try {
    job.result = run(*job.plan, {job.bases.data(), scalars, values, job.steps, job.timeline.get(), job.plan_number},
                     job.control);
  } catch (const std::bad_alloc&) {
    job.out_of_memory = true;
  }
}

}  // namespace gradsmith::plan
