// The executor thread: order, completion, cancelling, draining, stopping with work in flight.
#include "plan/executor.h"

#include <doctest/doctest.h>

#include <atomic>

#include "plan_builder.h"
#include "plan_run.h"

using namespace gradsmith;
using namespace gradsmith::plan;

namespace {

constexpr DType kF32 = DType::kFloat32;
constexpr int64_t kEndless = int64_t{1} << 40;

/// counter += 1, and its value.
std::vector<int32_t> count_words() {
  PlanBuilder plan;
  const int32_t counter = plan.state(kF32, 1);
  const int32_t one = plan.input(kF32, 1);
  const int32_t add = code(kernels::Micro::kAdd);
  plan.value(counter, kF32);
  plan.add("elementwise", {2, 1, 1, 2, add, 0, 0, 1, 0, 0},
           {view(counter, kF32, {1}), view(counter, kF32, {1}), view(one, kF32, {1})});
  return plan.words();
}

/// A counter, its plan, and an executor that counts its notifications.
struct Fixture {
  std::shared_ptr<Plan> plan = std::make_shared<Plan>(count_words(), kernels::kernel_table());
  std::shared_ptr<float> counter = std::make_shared<float>(0.0F);
  float one = 1;
  std::atomic<int> notified{0};
  Executor executor{[this] { notified.fetch_add(1); }};

  std::unique_ptr<Job> job(int64_t id, int64_t steps = 1) {
    auto made = std::make_unique<Job>();
    made->id = id;
    made->plan = plan;
    made->steps = steps;
    made->bases = {counter.get(), &one, nullptr, nullptr, nullptr};
    made->holds.push_back(counter);
    static double ignored = 0;
    if (steps == kEndless) {
      // Rows without end would need memory without end: such a job has a plan without values.
      PlanBuilder endless;
      endless.state(kF32, 1);
      made->plan = std::make_shared<Plan>(endless.words(), kernels::kernel_table());
      made->value_rows = &ignored;
    } else {
      made->values.resize(static_cast<size_t>(steps));
    }
    return made;
  }
};

void wait_until_running(Executor& executor, int64_t id) {
  while (executor.progress(id) < 1) std::this_thread::yield();
}

}  // namespace

TEST_CASE("jobs run in order and are handed out once, in order") {
  Fixture f;
  for (int64_t id = 1; id <= 100; ++id) f.executor.submit(f.job(id));
  CHECK(f.executor.pending() == 100);
  f.executor.drain();
  const auto done = f.executor.completed();
  REQUIRE(done.size() == 100);
  for (size_t i = 0; i < done.size(); ++i) {
    CHECK(done[i]->id == static_cast<int64_t>(i) + 1);
    CHECK(done[i]->values[0] == static_cast<double>(i) + 1);
    CHECK(done[i]->result.fault.code == Fault::kNone);
  }
  CHECK(f.executor.completed().empty());
  CHECK(f.executor.pending() == 0);
}

TEST_CASE("completion is notified without draining") {
  Fixture f;
  size_t done = 0;
  for (int64_t id = 0; id < 50; ++id) {
    f.executor.submit(f.job(id, 3));
    if (id % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    done += f.executor.completed().size();
  }
  while (done < 50) done += f.executor.completed().size();
  f.executor.stop();
  CHECK(f.notified.load() >= 1);
  CHECK(*f.counter == 150);
}

TEST_CASE("draining an executor that never had a job, or is idle, returns") {
  Fixture f;
  f.executor.drain();
  f.executor.submit(f.job(1));
  f.executor.drain();
  f.executor.drain();
  CHECK(f.executor.completed().size() == 1);
}

TEST_CASE("cancel stops the running job between steps, and one that waits before it starts") {
  Fixture f;
  f.executor.submit(f.job(1, kEndless));
  f.executor.submit(f.job(2));
  f.executor.submit(f.job(3));
  wait_until_running(f.executor, 1);
  CHECK(f.executor.progress(2) == 0);
  CHECK(f.executor.cancel(2));
  CHECK(f.executor.cancel(1));
  f.executor.drain();
  const auto done = f.executor.completed();
  REQUIRE(done.size() == 3);
  CHECK(done[0]->result.fault.code == Fault::kAborted);
  CHECK(done[0]->result.steps_done >= 1);
  CHECK(done[1]->result.fault.code == Fault::kAborted);
  CHECK(done[1]->result.steps_done == 0);
  CHECK(done[2]->result.fault.code == Fault::kNone);
  CHECK(*f.counter == 1);
  CHECK_FALSE(f.executor.cancel(1));
  CHECK_FALSE(f.executor.cancel(77));
  CHECK(f.executor.progress(1) == -1);
}

TEST_CASE("a job behind one that has not done all its steps does none, nor does the one behind that") {
  Fixture f;
  const auto behind = [&](int64_t id, int64_t after) {
    auto job = f.job(id, 3);
    job->after = after;
    return job;
  };
  f.executor.submit(f.job(1, kEndless));
  f.executor.submit(behind(2, 1));
  f.executor.submit(f.job(3));  // somebody else's
  f.executor.submit(behind(4, 2));
  wait_until_running(f.executor, 1);
  CHECK(f.executor.cancel(1));
  f.executor.drain();
  f.executor.submit(behind(5, 4));  // its predecessor is known to have failed
  f.executor.submit(behind(6, 3));
  f.executor.submit(behind(7, 6));
  f.executor.drain();
  const auto done = f.executor.completed();
  REQUIRE(done.size() == 7);
  const bool ran[] = {true, false, true, false, false, true, true};
  for (size_t i = 1; i < 7; ++i) {
    CAPTURE(i);
    CHECK(done[i]->result.fault.code == (ran[i] ? Fault::kNone : Fault::kAborted));
    CHECK((done[i]->result.steps_done > 0) == ran[i]);
  }
  CHECK(*f.counter == 1 + 3 + 3);
}

TEST_CASE("stopping with work in flight ends the running job and drops the rest, and frees what they held") {
  for (int round = 0; round < 20; ++round) {
    Fixture f;
    f.executor.submit(f.job(1, kEndless));
    for (int64_t id = 2; id < 10; ++id) f.executor.submit(f.job(id, 1000));
    if (round % 2 == 0) wait_until_running(f.executor, 1);
    f.executor.stop();
    CHECK(f.counter.use_count() == 1);
    CHECK(f.notified.load() == 0);
    f.executor.stop();
  }
}

TEST_CASE("a job keeps its plan and its memory until it has been handed out and dropped") {
  Fixture f;
  const std::weak_ptr<Plan> plan = f.plan;
  f.executor.submit(f.job(1, 1000));
  f.plan.reset();
  f.executor.drain();
  CHECK_FALSE(plan.expired());
  CHECK(f.counter.use_count() == 2);
  f.executor.completed();
  CHECK(plan.expired());
  CHECK(f.counter.use_count() == 1);
}

TEST_CASE("executors of several environments run at once") {
  std::vector<std::unique_ptr<Fixture>> all;
  for (int i = 0; i < 4; ++i) all.push_back(std::make_unique<Fixture>());
  for (int64_t id = 0; id < 50; ++id) {
    for (auto& f : all) f->executor.submit(f->job(id, 10));
  }
  for (auto& f : all) {
    f->executor.drain();
    CHECK(f->executor.completed().size() == 50);
    CHECK(*f->counter == 500);
  }
}

TEST_CASE("a fault is the job's own: the next one runs") {
  PlanBuilder gather;
  gather.input(kF32, 4);
  gather.input(DType::kInt32, 1);
  gather.output(kF32, 1);
  gather.add("gather", {}, {view(2, kF32, {1, 1}), view(0, kF32, {4, 1}), view(1, DType::kInt32, {1})});
  Fixture f;
  float table[4] = {};
  int32_t index = 4;
  float out = 0;
  auto job = std::make_unique<Job>();
  job->plan = std::make_shared<Plan>(gather.words(), kernels::kernel_table());
  job->bases = {table, &index, &out, nullptr, nullptr, nullptr};
  f.executor.submit(std::move(job));
  f.executor.submit(f.job(2));
  f.executor.drain();
  const auto done = f.executor.completed();
  CHECK(done[0]->result.fault.code == Fault::kIndexOutOfRange);
  CHECK(done[0]->result.fault.value == 4);
  CHECK(done[0]->result.instruction == 0);
  CHECK(done[1]->values[0] == 1);
}
