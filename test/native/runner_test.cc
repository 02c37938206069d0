// Plans that run, on every ISA level: steps, scalars, values, faults, stops, parts.
#include "plan/runner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "plan_builder.h"
#include "plan_run.h"
#include "threads.h"

using namespace gradsmith;
using namespace gradsmith::plan;
using gradsmith::test::Threads;

namespace {

constexpr DType kF32 = DType::kFloat32;
constexpr DType kF64 = DType::kFloat64;
constexpr DType kI32 = DType::kInt32;

constexpr int32_t kCast = code(kernels::Micro::kCast);
constexpr int32_t kAdd = code(kernels::Micro::kAdd);
constexpr int32_t kMul = code(kernels::Micro::kMul);

/// state += x · scalar 0, in place, then its sum as a value.
std::vector<int32_t> accumulate_words(int32_t n) {
  PlanBuilder plan;
  const int32_t x = plan.input(kF32, n);
  const int32_t state = plan.state(kF32, n);
  plan.scalars(1).arena(64).value(kArena, kF32);
  plan.add("elementwise", {3, 1, 3, 5, /**/ kCast, 0, 2, 0, 0, 0, /**/ kMul, 0, 1, 3, 0, 0, /**/ kAdd, 0, 0, 4, 0, 0},
           {view(state, kF32, {n}), view(state, kF32, {n}), view(x, kF32, {n}), {kScalars, kF64, {n}, {0}, 0}});
  plan.add("reduce", {0}, {view(kArena, kF32, {1}), view(state, kF32, {n})});
  return plan.words();
}

/// Rows of a table by index, twice over.
std::vector<int32_t> gather_words(int32_t rows, int32_t columns, int32_t picks) {
  PlanBuilder plan;
  const int32_t table = plan.input(kF32, int64_t{rows} * columns);
  const int32_t indices = plan.input(kI32, picks);
  const int32_t out = plan.output(kF32, int64_t{picks} * columns);
  const int32_t sum = plan.output(kF32, 1);
  plan.add("reduce", {0}, {view(sum, kF32, {1, 1}), view(table, kF32, {rows, columns})});
  plan.add("gather", {},
           {view(out, kF32, {picks, columns}), view(table, kF32, {rows, columns}), view(indices, kI32, {picks})});
  return plan.words();
}

/// A step large enough to be split: c = a · b, then its softmax.
std::vector<int32_t> large_words() {
  PlanBuilder plan;
  const int32_t a = plan.input(kF32, 200 * 150);
  const int32_t b = plan.input(kF32, 150 * 300);
  const int32_t c = plan.output(kF32, 200 * 300);
  const int32_t sum = plan.output(kF32, 300);
  plan.add("matmul", {0}, {view(c, kF32, {200, 300}), view(a, kF32, {200, 150}), view(b, kF32, {150, 300})});
  plan.add("softmax", {0}, {view(c, kF32, {200, 300}), view(c, kF32, {200, 300})});
  plan.add("reduce", {0}, {view(sum, kF32, {1, 300}), view(c, kF32, {200, 300})});
  return plan.words();
}

std::vector<float> waves(size_t n) {
  std::vector<float> all(n);
  for (size_t i = 0; i < n; ++i) all[i] = std::sin(static_cast<float>(i) * 0.7F);
  return all;
}

template <class Test>
void on_each_level(Test test) {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    test(*table);
  }
}

}  // namespace

TEST_CASE("each step reads its row of scalars and writes its row of values") {
  on_each_level([](const kernels::KernelTable& table) {
    PlanRun run(accumulate_words(5), table);
    run.fill<float>(0, {1, 2, 3, 4, 5});
    const RunResult result = run.run(3, {1, 10, 100});
    CHECK(result.fault.code == Fault::kNone);
    CHECK(result.steps_done == 3);
    CHECK(run.control.steps_done.load() == 3);
    CHECK(run.values == std::vector<double>{15, 165, 1665});
    CHECK(run.at<float>(1)[4] == 555);
  });
}

TEST_CASE("values are read from every dtype") {
  PlanBuilder plan;
  plan.input(kF32, 2);
  plan.input(kF64, 2);
  plan.input(kI32, 2);
  plan.input(DType::kUint8, 2);
  plan.input(DType::kBool, 2);
  for (int32_t buffer = 0; buffer < 5; ++buffer) plan.value(buffer, static_cast<DType>(buffer), 1);
  PlanRun run(plan.words());
  run.fill<float>(0, {0, 0.5F});
  run.fill<double>(1, {0, 0.1});
  run.fill<int32_t>(2, {0, -7});
  run.fill<uint8_t>(3, {0, 200});
  run.fill<uint8_t>(4, {0, 1});
  run.run();
  CHECK(run.values == std::vector<double>{0.5, 0.1, -7, 200, 1});
}

TEST_CASE("no steps, no instructions, no buffers: nothing happens") {
  PlanRun empty(PlanBuilder().words());
  CHECK(empty.run(5).steps_done == 5);
  PlanRun run(accumulate_words(4));
  CHECK(run.run(0).steps_done == 0);
}

TEST_CASE("a fault names its instruction, the index and the limit, and ends the run") {
  on_each_level([](const kernels::KernelTable& table) {
    for (const int32_t bad : {-1, 4, INT32_MAX, INT32_MIN}) {
      PlanRun run(gather_words(4, 3, 2), table);
      run.fill<int32_t>(1, {3, bad});
      const RunResult result = run.run(2);
      CHECK(result.fault.code == Fault::kIndexOutOfRange);
      CHECK(result.instruction == 1);
      CHECK(result.fault.value == bad);
      CHECK(result.fault.limit == 4);
      CHECK(result.steps_done == 0);
    }
  });
}

/// The sum of each column of `rows` rows from scalar 0 on, and the last element of them as a value.
std::vector<int32_t> window_words(int32_t rows, int32_t of, int32_t columns) {
  PlanBuilder plan;
  const int32_t table = plan.input(kF32, int64_t{of} * columns);
  const int32_t sums = plan.output(kF32, columns);
  plan.scalars(2).window(table, 1, rows, of, columns).value(2, kF32, int64_t{rows} * columns - 1);
  plan.add("reduce", {0}, {view(sums, kF32, {1, columns}), view(2, kF32, {rows, columns})});
  return plan.words();
}

TEST_CASE("a window shows the rows that each step's scalar names, at whatever address") {
  on_each_level([](const kernels::KernelTable& table) {
    PlanRun run(window_words(3, 8, 5), table);
    run.fill(0, [] {
      std::vector<float> all(40);
      for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(i);
      return all;
    }());
    CHECK(run.run(4, {9, 0, 9, 5, 9, 2, 9, 4.5}).fault.code == Fault::kNone);
    CHECK(run.values == std::vector<double>{14, 39, 24, 34});
    CHECK(run.at<float>(1)[0] == 20 + 25 + 30);
    CHECK(run.at<float>(1)[4] == 24 + 29 + 34);
  });
}

TEST_CASE("a window on rows that there are not is a fault before anything has run") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, int64_t>> bad = {
      {6, 6},      {-1, -1},          {-2, -2},           {-0.25, -1},      {kNan, -1},
      {-kInf, -1}, {kInf, INT64_MAX}, {1e300, INT64_MAX}, {1e9, 1000000000}};
  for (const auto& [start, value] : bad) {
    CAPTURE(start);
    PlanRun run(window_words(3, 8, 5));
    const RunResult result = run.run(3, {0, 5, 0, start, 0, 5});
    CHECK(result.fault.code == Fault::kIndexOutOfRange);
    CHECK(result.instruction == -1);
    CHECK(result.fault.value == value);
    CHECK(result.fault.limit == 6);
    CHECK(result.steps_done == 1);
  }
  PlanBuilder nothing;  // any row that there is, and the end
  nothing.input(kF32, 0);
  PlanRun empty(nothing.scalars(2).window(0, 1, 0, 8, 0).words());
  CHECK(empty.run(1, {0, 8}).fault.code == Fault::kNone);
  CHECK(empty.run(1, {0, 9}).fault.code == Fault::kIndexOutOfRange);
}

TEST_CASE("of several faults the first is reported, for any number of threads") {
  const int32_t picks = 200000;
  std::vector<int32_t> indices(static_cast<size_t>(picks), 0);
  for (size_t i = 1000; i < indices.size(); i += 1000) indices[i] = -static_cast<int32_t>(i);
  for (const size_t threads : {1, 2, 4}) {
    const Threads limit(threads);
    PlanRun run(gather_words(4, 8, picks));
    run.fill(1, indices);
    CHECK(run.run().fault.value == -1000);
  }
}

TEST_CASE("a stop that was asked for before the start runs nothing") {
  for (const int32_t request : {RunControl::kStopAfterStep, RunControl::kStopNow}) {
    PlanRun run(accumulate_words(4));
    run.control.request = request;
    const RunResult result = run.run(10);
    CHECK(result.fault.code == Fault::kAborted);
    CHECK(result.steps_done == 0);
  }
}

TEST_CASE("a run stops between steps, and what is done stays done") {
  PlanBuilder plan;
  plan.state(kF32, 4);
  plan.input(kF32, 4);
  plan.add("elementwise", {2, 1, 1, 2, kAdd, 0, 0, 1, 0, 0},
           {view(0, kF32, {4}), view(0, kF32, {4}), view(1, kF32, {4})});
  PlanRun run(plan.words());
  run.fill<float>(1, {1, 1, 1, 1});
  std::thread stopper([&] {
    while (run.control.steps_done.load() < 100) std::this_thread::yield();
    run.control.request = RunControl::kStopAfterStep;
  });
  const int64_t endless = int64_t{1} << 40;
  const RunResult result = run.run(endless);
  stopper.join();
  CHECK(result.fault.code == Fault::kAborted);
  CHECK(result.steps_done >= 100);
  CHECK(result.steps_done < endless);
  CHECK(run.at<float>(0)[3] >= 100);
}

TEST_CASE("one, two and five threads give the same bits") {
  on_each_level([](const kernels::KernelTable& table) {
    std::vector<std::vector<float>> results;
    for (const size_t threads : {1, 2, 5}) {
      const Threads limit(threads);
      PlanRun run(large_words(), table);
      run.fill(0, waves(200 * 150));
      run.fill(1, waves(150 * 300));
      for (int step = 0; step < 3; ++step) CHECK(run.run().fault.code == Fault::kNone);
      results.emplace_back(run.at<float>(2), run.at<float>(2) + 200 * 300);
      results.back().insert(results.back().end(), run.at<float>(3), run.at<float>(3) + 300);
    }
    const size_t bytes = results[0].size() * sizeof(float);
    CHECK(std::memcmp(results[0].data(), results[1].data(), bytes) == 0);
    CHECK(std::memcmp(results[0].data(), results[2].data(), bytes) == 0);
    CHECK(results[0][0] > 0);
  });
}

TEST_CASE("a product cut along its sums is finished in a second phase, with the same bits for any number of threads") {
  constexpr int32_t kM = 64, kN = 100, kK = 1000;
  PlanBuilder builder;
  const int32_t a = builder.input(kF32, kM * kK), b = builder.input(kF32, kK * kN);
  const int32_t c = builder.output(kF32, kM * kN), d = builder.state(kF32, kM * kN);
  builder.scalars(1);
  const auto in = [&](int32_t buffer, int32_t rows, int32_t columns) { return view(buffer, kF32, {rows, columns}); };
  builder.add("matmul", {0}, {in(c, kM, kN), in(a, kM, kK), in(b, kK, kN)});
  // d = d - cast(rate) · (a · b), which adds to d by itself
  builder.add(
      "matmulGroup", update_attributes(0),
      {in(d, kM, kN), in(d, kM, kN), {kScalars, DType::kFloat64, {kM, kN}, {0, 0}, 0}, in(a, kM, kK), in(b, kK, kN)});
  const std::vector<float> x = waves(kM * kK), y = waves(kK * kN);
  on_each_level([&](const kernels::KernelTable& table) {
    std::vector<std::vector<float>> results;
    for (const size_t threads : {1, 2, 3}) {
      const Threads limit(threads);
      PlanRun run(builder.words(), table);
      REQUIRE(run.plan.instructions()[0]->finish_parts > 1);
      run.fill(a, x);
      run.fill(b, y);
      run.fill(d, std::vector<float>(kM * kN, 0.5F));
      run.run(2, {-1, -1});
      results.emplace_back(run.at<float>(c), run.at<float>(c) + kM * kN);
      for (size_t i = 0; i < kM * kN; ++i) {
        const float twice = (0.5F + results.back()[i]) + results.back()[i];
        if (run.at<float>(d)[i] != twice) FAIL("another sum was added at " << i);
      }
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
    double worst = 0;
    for (size_t i = 0; i < kM; ++i) {
      for (size_t j = 0; j < kN; ++j) {
        double sum = 0;
        for (size_t p = 0; p < kK; ++p) sum += double{x[i * kK + p]} * double{y[p * kN + j]};
        worst = std::max(worst, std::abs(sum - double{results[0][i * kN + j]}));
      }
    }
    CHECK(worst < 1e-3);  // k roundings of sums below 1000: 1000 · 1000 · 6e-8 at worst, their root in practice
  });
}

TEST_CASE("the same plan run from two threads takes turns") {
  PlanRun run(accumulate_words(1000));
  run.fill(0, std::vector<float>(1000, 1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      std::vector<void*> bases = run.bases;
      const std::vector<double> scalars(500, 1);
      std::vector<double> values(500);
      RunControl control;
      plan::run(run.plan, {bases.data(), scalars.data(), values.data(), 500}, control);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(run.at<float>(1)[999] == 1000);
}

TEST_CASE("a plan's cost grows with its work") {
  const PlanRun small(accumulate_words(10));
  const PlanRun large(accumulate_words(1'000'000));
  CHECK(small.plan.cost_ns() > 0);
  CHECK(large.plan.cost_ns() > 10 * small.plan.cost_ns());
}

TEST_CASE("an arena that no machine holds is std::bad_alloc") {
  CHECK_THROWS_AS(PlanRun(PlanBuilder().arena(int64_t{1} << 46).words()), std::bad_alloc);
}

TEST_CASE("a timeline has an event for each part of each instruction, and one for the run") {
  on_each_level([](const kernels::KernelTable& table) {
    const Threads two(2);
    PlanRun plain(large_words(), table);
    PlanRun run(large_words(), table);
    for (PlanRun* each : {&plain, &run}) {
      each->fill(0, waves(200 * 150));
      each->fill(1, waves(150 * 300));
    }
    plain.run();
    Timeline timeline(1000);
    const RunResult result = plan::run(run.plan, {run.bases.data(), nullptr, nullptr, 2, &timeline, 42}, run.control);
    CHECK(result.steps_done == 2);
    CHECK(std::memcmp(run.at<float>(2), plain.at<float>(2), 200 * 300 * sizeof(float)) == 0);
    CHECK(timeline.dropped() == 0);

    const std::span<const TimelineEvent> events = timeline.events();
    const TimelineEvent& whole = events.back();
    CHECK(whole.instruction == TimelineEvent::kRun);
    CHECK(whole.thread == Timeline::this_thread());
    size_t expected = 1;
    for (size_t i = 0; i < run.plan.instructions().size(); ++i) {
      const size_t parts = run.plan.instructions()[i]->parts;
      expected += 2 * parts;
      for (size_t part = 0; part < parts; ++part) {
        CHECK(std::count_if(events.begin(), events.end(), [&](const TimelineEvent& e) {
                return e.plan == 42 && e.instruction == static_cast<int32_t>(i) && e.part == static_cast<int32_t>(part);
              }) == 2);
      }
    }
    CHECK(events.size() == expected);
    for (const TimelineEvent& event : events) {
      CHECK(event.start_ns >= whole.start_ns);
      CHECK(event.end_ns >= event.start_ns);
      CHECK(event.end_ns <= whole.end_ns);
    }
  });
}

TEST_CASE("a timeline keeps the first events and counts the others") {
  PlanRun run(accumulate_words(5));
  run.fill<float>(0, {1, 2, 3, 4, 5});
  Timeline timeline(3);
  const std::vector<double> scalars(4, 1);
  std::vector<double> values(4);
  plan::run(run.plan, {run.bases.data(), scalars.data(), values.data(), 4, &timeline}, run.control);
  CHECK(timeline.events().size() == 3);
  CHECK(timeline.dropped() == 6);
  CHECK(values == std::vector<double>{15, 30, 45, 60});
}
