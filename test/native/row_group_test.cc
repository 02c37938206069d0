// A row group = its steps as instructions of their own, bit for bit, on every ISA level and any number of threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/thread_pool.h"
#include "plan/row_program.h"
#include "plan_builder.h"
#include "plan_run.h"

namespace gradsmith::plan {
namespace {

using kernels::Micro;

constexpr DType kF32 = DType::kFloat32, kF64 = DType::kFloat64;

struct Shape {
  int32_t rows, columns;
};

/// An op of a group: its code, its dtype, its operands.
std::vector<int32_t> op(Micro micro, DType dtype, int32_t a, int32_t b = 0, int32_t c = 0) {
  return {code(micro), static_cast<int32_t>(dtype), a, b, c, 0};
}

/// Steps over rows, written as one row group or as one instruction a step.
class Steps {
 public:
  explicit Steps(Shape s) : s_(s) {}

  /// Each returns the number of the value that it makes, the first one of a group's.
  int32_t input(const View& view) {
    values_.push_back(view);
    wide_.push_back(view.strides[1] == 1);
    return inputs_++;
  }
  int32_t group(RowStep::Kind kind, const std::vector<int32_t>& reads, const std::vector<int32_t>& words,
                const std::vector<DType>& made) {
    add(kind, static_cast<int32_t>(reads.size()), reads);
    attrs_.insert(attrs_.end(), words.begin(), words.end());
    const bool wide = kind == RowStep::kGroup;
    apart_.push_back({"elementwise", words, {}, reads, wide});
    return make(made, wide);
  }
  int32_t reduce(kernels::ReduceKind kind, int32_t x) {
    add(RowStep::kReduce, static_cast<int32_t>(kind), {x});
    apart_.push_back({"reduce", {static_cast<int32_t>(kind)}, {}, {x}, true});
    return make({values_[static_cast<size_t>(x)].dtype}, false);
  }
  /// Of each column; nothing but an output.
  int32_t columns(kernels::ReduceKind kind, int32_t x) {
    add(RowStep::kColumns, static_cast<int32_t>(kind), {x});
    apart_.push_back({"reduce", {static_cast<int32_t>(kind)}, {}, {x}, true});
    const int32_t made = make({values_[static_cast<size_t>(x)].dtype}, true);
    values_.back().dims = {1, s_.columns};
    return made;
  }
  int32_t softmax(int32_t log, int32_t x) {
    add(RowStep::kSoftmax, log, {x});
    apart_.push_back({"softmax", {log}, {}, {x}, true});
    return make({values_[static_cast<size_t>(x)].dtype}, true);
  }
  void output(int32_t value, int32_t buffer) {
    outputs_.push_back(value);
    View& view = values_[static_cast<size_t>(value)];
    view.buffer = buffer;
    view.offset = 0;
  }

  void write(PlanBuilder& plan, bool joined) const {
    plan.arena(arena_);
    if (!joined) {
      for (const Apart& step : apart_) {
        std::vector<View> operands;
        for (const int32_t v : step.makes) operands.push_back(values_[static_cast<size_t>(v)]);
        for (const int32_t v : step.reads) operands.push_back(seen(v, step.wide));
        plan.add(step.name, step.attrs, operands);
      }
      return;
    }
    std::vector<int32_t> attrs = {inputs_, static_cast<int32_t>(outputs_.size()), static_cast<int32_t>(apart_.size())};
    std::vector<View> operands;
    for (const int32_t v : outputs_) {
      attrs.push_back(v);
      operands.push_back(values_[static_cast<size_t>(v)]);
    }
    attrs.insert(attrs.end(), attrs_.begin(), attrs_.end());
    for (int32_t v = 0; v < inputs_; ++v) operands.push_back(values_[static_cast<size_t>(v)]);
    plan.add("rowGroup", attrs, operands);
  }

 private:
  struct Apart {
    std::string name;
    std::vector<int32_t> attrs;
    std::vector<int32_t> makes, reads;
    bool wide;
  };

  void add(RowStep::Kind kind, int32_t choice, const std::vector<int32_t>& reads) {
    attrs_.insert(attrs_.end(), {static_cast<int32_t>(kind), choice});
    attrs_.insert(attrs_.end(), reads.begin(), reads.end());
  }

  int32_t make(const std::vector<DType>& made, bool wide) {
    const auto first = static_cast<int32_t>(values_.size());
    for (const DType dtype : made) {
      apart_.back().makes.push_back(static_cast<int32_t>(values_.size()));
      values_.push_back(view(kArena, dtype, {s_.rows, wide ? s_.columns : 1}, arena_ / 8 * (8 / bytes(dtype))));
      wide_.push_back(wide);
      arena_ += (int64_t{s_.rows} * s_.columns * 8 + 63) / 64 * 64;
    }
    return first;
  }

  static int64_t bytes(DType dtype) { return static_cast<int64_t>(size_of(dtype)); }

  /// A number a row, as what works along rows sees it; or a number that stands for rows, as what has one column does.
  View seen(int32_t value, bool wide) const {
    View v = values_[static_cast<size_t>(value)];
    if (wide && !wide_[static_cast<size_t>(value)]) {
      v.strides = {value < inputs_ ? v.strides[0] : 1, 0};
      v.dims = {s_.rows, s_.columns};
    }
    if (!wide) v.dims[1] = 1;
    return v;
  }

  Shape s_;
  int32_t inputs_ = 0;
  std::vector<View> values_;
  std::vector<bool> wide_;
  std::vector<int32_t> outputs_, attrs_;
  std::vector<Apart> apart_;
  int64_t arena_ = 64;
};

constexpr Shape kShapes[] = {{1, 2},    {3, 5},    {5, 64},    {16, 16},  {37, 10},   {64, 63},  {65, 65},
                             {33, 100}, {1, 1000}, {50, 1000}, {700, 17}, {2000, 10}, {3, 4100}, {515, 300}};

/// Buffers: 0 rows (state), 1 others (rows of columns + 3), 2 and 3 a row each, 4 a number a row, 5 … 9 results, the
/// last two a row each.
template <class T>
struct Case {
  static constexpr DType kType = sizeof(T) == 4 ? kF32 : kF64;
  Shape s;
  Steps steps{s};

  View whole(int32_t buffer) const { return view(buffer, kType, {s.rows, s.columns}); }
  View spaced() const { return {1, kType, {s.rows, s.columns}, {s.columns + 3, 1}, 0}; }
  View vector(int32_t buffer) const { return {buffer, kType, {s.rows, s.columns}, {0, 1}, 0}; }
  View numbers() const { return {4, kType, {s.rows, s.columns}, {1, 0}, 0}; }
  View scalar() const { return {kScalars, kF64, {s.rows, s.columns}, {0, 0}, 0}; }

  std::vector<char> result(bool joined, const kernels::KernelTable& table) const {
    PlanBuilder plan;
    const int64_t size = int64_t{s.rows} * s.columns;
    plan.state(kType, size);
    plan.input(kType, size + 3 * s.rows);
    plan.input(kType, s.columns);
    plan.input(kType, s.columns);
    plan.input(kType, s.rows);
    plan.output(kType, size);
    plan.output(kType, s.rows);
    plan.output(DType::kBool, size);
    plan.output(kType, s.columns);
    plan.output(kType, s.columns);
    plan.scalars(1);
    steps.write(plan, joined);
    PlanRun run(plan.words(), table);
    uint32_t state = 12345;
    for (int32_t b = 0; b < 5; ++b) {
      std::vector<T> numbers(static_cast<size_t>(run.plan.buffers()[static_cast<size_t>(b)].elements));
      for (T& x : numbers) {
        state = state * 1664525 + 1013904223;
        x = static_cast<T>(static_cast<int32_t>(state >> 8) - (1 << 23)) / static_cast<T>(1 << 22);
      }
      run.fill(b, numbers);
    }
    REQUIRE(run.run(1, {1e-5}).fault.code == Fault::kNone);
    std::vector<char> bytes;
    for (const size_t b : {0, 5, 6, 7, 8, 9}) {
      const char* const from = run.buffers[b].template as<char>();
      bytes.insert(bytes.end(), from, from + run.plan.buffers()[b].bytes());
    }
    return bytes;
  }
};

template <class T, class Build>
void same_as_apart(Build build) {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    for (const Shape& s : kShapes) {
      CAPTURE(s.rows);
      CAPTURE(s.columns);
      Case<T> c{s};
      build(c);
      const std::vector<char> apart = c.result(false, *table);
      for (const size_t threads : {1, 2, 3}) {
        ThreadPool::instance().set_threads(threads);
        const bool same = c.result(true, *table) == apart;
        ThreadPool::instance().set_threads(1);
        REQUIRE(same);
      }
    }
  }
}

constexpr auto kSum = kernels::ReduceKind::kSum, kMean = kernels::ReduceKind::kMean, kMax = kernels::ReduceKind::kMax;
constexpr auto kGroup = RowStep::kGroup, kNumbers = RowStep::kNumbers;

/// Layer normalisation of input x; returns the normalised rows.
template <class T>
int32_t normalise(Case<T>& c, int32_t x) {
  constexpr DType t = Case<T>::kType;
  Steps& steps = c.steps;
  const int32_t gamma = steps.input(c.vector(2)), beta = steps.input(c.vector(3)), eps = steps.input(c.scalar());
  const int32_t mean = steps.reduce(kMean, x);
  const int32_t squares =
      steps.group(kGroup, {x, mean}, program(2, {3}, {op(Micro::kSub, t, 0, 1), op(Micro::kSquare, t, 2)}), {t});
  const int32_t variance = steps.reduce(kMean, squares);
  const int32_t scale = steps.group(
      kNumbers, {variance, eps},
      program(2, {5},
              {op(Micro::kCast, t, 1), op(Micro::kAdd, t, 0, 2), op(Micro::kSqrt, t, 3), op(Micro::kReciprocal, t, 4)}),
      {t});
  return steps.group(
      kGroup, {x, mean, scale, gamma, beta},
      program(5, {8},
              {op(Micro::kSub, t, 0, 1), op(Micro::kMul, t, 5, 2), op(Micro::kMul, t, 6, 3), op(Micro::kAdd, t, 7, 4)}),
      {t});
}

}  // namespace

TEST_CASE_TEMPLATE("layer normalisation", T, float, double) {
  same_as_apart<T>([](Case<T>& c) { c.steps.output(normalise(c, c.steps.input(c.whole(0))), 5); });
}

TEST_CASE_TEMPLATE("layer normalisation over its own input, which the last step reads for the last time", T, float,
                   double) {
  same_as_apart<T>([](Case<T>& c) { c.steps.output(normalise(c, c.steps.input(c.whole(0))), 0); });
}

TEST_CASE_TEMPLATE("the gradient of softmax, with rows apart and the sums handed out", T, float, double) {
  same_as_apart<T>([](Case<T>& c) {
    constexpr DType t = Case<T>::kType;
    Steps& steps = c.steps;
    const int32_t y = steps.input(c.whole(0)), dy = steps.input(c.spaced());
    const int32_t product = steps.group(kGroup, {y, dy}, program(2, {2}, {op(Micro::kMul, t, 0, 1)}), {t});
    const int32_t sum = steps.reduce(kSum, product);
    const int32_t d =
        steps.group(kGroup, {y, dy, sum}, program(3, {4}, {op(Micro::kSub, t, 1, 2), op(Micro::kMul, t, 0, 3)}), {t});
    steps.output(d, 5);
    steps.output(sum, 6);
  });
}

TEST_CASE_TEMPLATE(
    "the gradient of layer normalisation: two sums of one pass, and the same with a sum that others read", T, float,
    double) {
  for (const bool shared : {false, true}) {
    same_as_apart<T>([shared](Case<T>& c) {
      constexpr DType t = Case<T>::kType;
      Steps& steps = c.steps;
      const int32_t unit = steps.input(c.whole(0)), dy = steps.input(c.spaced()), gamma = steps.input(c.vector(2));
      const int32_t scale = steps.input(c.numbers());
      const int32_t made = steps.group(
          kGroup, {dy, gamma, unit}, program(3, {3, 4}, {op(Micro::kMul, t, 0, 1), op(Micro::kMul, t, 3, 2)}), {t, t});
      // Not in the order in which they were made.
      const int32_t along = steps.reduce(kMean, made + 1), plain = steps.reduce(kSum, made);
      const int32_t dx =
          steps.group(kGroup, {dy, gamma, unit, plain, along, scale},
                      program(6, {10},
                              {op(Micro::kMul, t, 0, 1), op(Micro::kSub, t, 6, 3), op(Micro::kMul, t, 2, 4),
                               op(Micro::kSub, t, 7, 8), op(Micro::kMul, t, 9, 5)}),
                      {t});
      steps.output(shared ? made : dx, 5);
    });
  }
}

TEST_CASE_TEMPLATE(
    "the gradients of layer normalisation by gain and bias: sums of columns of what is made for them, and of what is "
    "read",
    T, float, double) {
  for (const bool centred : {false, true}) {
    same_as_apart<T>([centred](Case<T>& c) {
      constexpr DType t = Case<T>::kType;
      Steps& steps = c.steps;
      const int32_t x = steps.input(c.whole(0)), dy = steps.input(c.spaced()), gamma = steps.input(c.vector(2));
      const int32_t scale = steps.input(c.numbers());
      const int32_t mean = steps.reduce(kMean, x);
      const int32_t scaled =
          centred ? steps.group(
                        kGroup, {dy, x, mean, scale},
                        program(4, {6}, {op(Micro::kSub, t, 1, 2), op(Micro::kMul, t, 4, 3), op(Micro::kMul, t, 0, 5)}),
                        {t})
                  : steps.group(kGroup, {dy, x}, program(2, {2}, {op(Micro::kMul, t, 0, 1)}), {t});
      steps.output(steps.columns(kSum, scaled), 8);
      steps.output(steps.columns(kMean, dy), 9);
      const int32_t dx = steps.group(kGroup, {dy, gamma, x, mean, scale},
                                     program(5, {8},
                                             {op(Micro::kMul, t, 0, 1), op(Micro::kSub, t, 5, 3),
                                              op(Micro::kMul, t, 2, 4), op(Micro::kSub, t, 6, 7)}),
                                     {t});
      steps.output(dx, 0);
    });
  }
}

TEST_CASE_TEMPLATE("sums of columns of what no recipe makes, of a softmax, of an output, and of one that others read",
                   T, float, double) {
  same_as_apart<T>([](Case<T>& c) {
    constexpr DType t = Case<T>::kType;
    Steps& steps = c.steps;
    const int32_t x = steps.input(c.whole(0)), row = steps.input(c.vector(2));
    const int32_t p = steps.softmax(0, x);
    steps.output(steps.columns(kMean, p), 9);
    const int32_t made =
        steps.group(kGroup, {p, row},
                    program(2, {3}, {op(Micro::kMaximum, t, 0, 1), op(Micro::kExp, t, 2), op(Micro::kAbs, t, 3)}), {t});
    steps.output(steps.columns(kSum, made), 8);
    steps.output(steps.reduce(kMax, made), 6);
    steps.output(made, 5);
  });
}

TEST_CASE_TEMPLATE("softmax inside, bools, a number a row from outside, a step that no recipe fits", T, float, double) {
  same_as_apart<T>([](Case<T>& c) {
    constexpr DType t = Case<T>::kType;
    Steps& steps = c.steps;
    const int32_t x = steps.input(c.whole(0)), numbers = steps.input(c.numbers()), row = steps.input(c.vector(2));
    const int32_t scaled = steps.group(
        kGroup, {x, numbers, row},
        program(3, {4, 5}, {op(Micro::kMul, t, 0, 1), op(Micro::kMaximum, t, 3, 2), op(Micro::kLess, t, 0, 1)}),
        {t, DType::kBool});
    const int32_t p = steps.softmax(0, scaled);
    const int32_t top = steps.reduce(kMax, p);
    const int32_t flags = scaled + 1;
    const int32_t picked = steps.group(
        kGroup, {flags, p, top, numbers},
        program(4, {5, 6}, {op(Micro::kDiv, t, 1, 2), op(Micro::kSelect, t, 0, 4, 3), op(Micro::kGreater, t, 5, 2)}),
        {t, DType::kBool});
    const int32_t logs = steps.softmax(1, picked);
    const int32_t least = steps.reduce(kernels::ReduceKind::kMin, logs);
    const int32_t twice = steps.group(kNumbers, {least, numbers}, program(2, {2}, {op(Micro::kAdd, t, 0, 1)}), {t});
    steps.output(logs, 5);
    steps.output(twice, 6);
    steps.output(picked + 1, 7);
  });
}

}  // namespace gradsmith::plan
