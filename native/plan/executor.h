// The thread that runs queued jobs, in order. One per environment.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "plan/runner.h"

namespace gradsmith::plan {

/// A run of a plan that waits its turn, runs, or is done. Holds everything the run touches.
struct Job {
  int64_t id = 0;
  std::shared_ptr<Plan> plan;
  std::vector<void*> bases;      // plan->base_count(); the buffers are filled in
  std::vector<Buffer*> buffers;  // as RunArguments has them, or none
  std::vector<double> scalars;   // rows, unless they are read from `scalar_rows`
  std::vector<double> values;    // rows, unless they go to `value_rows`
  const double* scalar_rows = nullptr;
  double* value_rows = nullptr;
  int64_t steps = 1;
  /// A job queued before: if that one has not done all its steps, this one does none, as if it had been cancelled.
  int64_t after = -1;
  std::shared_ptr<Timeline> timeline;  // records the run, if given
  int32_t plan_number = 0;
  /// Keeps memory alive until the job is destroyed.
  std::vector<std::shared_ptr<void>> holds;

  RunControl control;
  RunResult result;            // once done
  bool out_of_memory = false;  // the run could not start
};

class Executor {
 public:
  /// `notify` is called on the executor's thread when completed() has become non-empty. It must not block.
  explicit Executor(std::function<void()> notify) : notify_(std::move(notify)) {}
  /// Stops and joins.
  ~Executor() { stop(); }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // The owner's thread only.

  /// Starts the thread if need be; throws std::system_error if there is none to be had.
  void submit(std::unique_ptr<Job> job);
  /// Blocks until no job waits or runs. Completed jobs are then in completed().
  void drain();
  /// The jobs that are done and were not handed out yet, in order.
  std::vector<std::unique_ptr<Job>> completed();
  /// Jobs not yet handed out by completed().
  size_t pending() const { return pending_; }
  /// Stops a job before its next step. False if it is done or unknown.
  bool cancel(int64_t id);
  /// Steps that a waiting or running job has done; -1 if it is done or unknown.
  int64_t progress(int64_t id);
  /// Stops the running job before its next instruction, drops those that wait, joins the thread. After it nothing runs
  /// and `notify` is not called again; submit() is not allowed.
  void stop();

 private:
  void loop();
  void run_job(Job& job);
  bool may_run(const Job& job) const;
  void note_unfinished(int64_t id);
  Job* find(int64_t id);

  const std::function<void()> notify_;
  size_t pending_ = 0;              // owner's thread
  std::thread thread_;              // owner's thread
  std::deque<int64_t> unfinished_;  // executor thread: the last jobs that have not done all their steps

  std::mutex mutex_;  // guards what follows
  std::condition_variable submitted_;
  std::condition_variable idle_;
  std::deque<std::unique_ptr<Job>> waiting_;
  std::unique_ptr<Job> running_;
  std::vector<std::unique_ptr<Job>> done_;
  bool stopping_ = false;
};

}  // namespace gradsmith::plan
