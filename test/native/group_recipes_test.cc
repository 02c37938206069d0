// Recipes: each is found in a group that computes it, and gives the bits that its ops give one by one.
#include "group_testing.h"
#include "kernels/elementwise_recipes.h"
#include "plan/group_lower.h"

namespace gradsmith::plan::testing {
namespace {

using kernels::kRecipes;
using kernels::Recipe;

size_t at(int i) { return static_cast<size_t>(i); }

/// The recipe as a group: streams are inputs, numbers are constants or (in turns) inputs of one element.
struct RecipeGroup {
  std::vector<DType> inputs;
  std::vector<double> numbers;  // of the recipe
  std::vector<bool> constant;   // by number
  GroupBuilder builder;
  std::vector<int32_t> outputs;  // registers

  RecipeGroup(const Recipe& recipe, DType dtype, bool swapped, bool beside)
      : inputs(inputs_of(recipe, dtype)), builder(inputs) {
    std::vector<int32_t> reg;
    for (int i = 0; i < recipe.streams; ++i) reg.push_back(i);
    int32_t next = recipe.streams;
    for (int i = 0; i < recipe.uniforms; ++i) {
      numbers.push_back(0.125 + 0.3 * i);
      constant.push_back(is_constant(i));
      reg.push_back(constant.back() ? builder.constant(dtype, numbers.back()) : next++);
    }
    for (int k = 0; k < recipe.ops; ++k) {
      const Recipe::Op& op = recipe.op[k];
      std::vector<int32_t> args = {reg[at(op.a)], reg[at(op.b)], reg[at(op.c)]};
      if (swapped && (op.op == Micro::kAdd || op.op == Micro::kMul)) std::swap(args[0], args[1]);
      reg.push_back(builder.op(op.op, dtype, args));
    }
    for (int k = 0; k < recipe.outputs; ++k) outputs.push_back(reg[at(recipe.output[k])]);
    // Somebody else reads a value from inside: the recipe does not fit any more.
    if (beside) {
      const int32_t inner = reg[at(recipe.inputs())];
      outputs.push_back(builder.op(Micro::kCopy, builder.registers[at(inner)], {inner}));
    }
  }

  static bool is_constant(int number) { return number % 2 == 0; }
  static std::vector<DType> inputs_of(const Recipe& recipe, DType dtype) {
    std::vector<DType> inputs(at(recipe.streams), dtype);
    for (int i = 0; i < recipe.uniforms; ++i) {
      if (!is_constant(i)) inputs.push_back(dtype);
    }
    return inputs;
  }
};

template <class T>
T apply(const kernels::KernelTable& table, Micro op, T a, T b, T c, bool condition) {
  if (op == Micro::kSelect) return condition ? b : c;
  if (!is_math(op)) return static_cast<T>(expected_float(op, a, b));
  T x[16], y[16];
  for (T& v : x) v = a;
  const char* p = reinterpret_cast<const char*>(x);
  table.elementwise.function(sizeof(T), op, dtype_of<T>(), dtype_of<T>())(reinterpret_cast<char*>(y), p, p, p, 16);
  return y[0];
}

/// All registers of the recipe for one element.
template <class T>
std::vector<T> by_ops(const kernels::KernelTable& table, const Recipe& recipe, std::vector<T> reg) {
  for (int k = 0; k < recipe.ops; ++k) {
    const Recipe::Op& op = recipe.op[k];
    if (op.op == Micro::kGreater)
      reg.push_back(reg[at(op.a)] > reg[at(op.b)] ? T(1) : T(0));
    else
      reg.push_back(apply<T>(table, op.op, reg[at(op.a)], reg[at(op.b)], reg[at(op.c)], reg[at(op.a)] != T(0)));
  }
  return reg;
}

template <class T>
struct Run {
  std::vector<std::vector<T>> buffers;  // outputs, then streams, then numbers
  std::vector<Operand> operands;
};

enum class Shape { kFlat, kRows, kInPlace };

/// `rows` x `columns`; kRows: the last stream is one row for all; kInPlace: output 0 is stream 0's memory.
template <class T>
Run<T> make_run(const Recipe& recipe, const RecipeGroup& group, int64_t rows, int64_t columns, Shape shape) {
  Run<T> run;
  const DType dtype = dtype_of<T>();
  std::mt19937 random(7);
  std::normal_distribution<T> normal(T(0.4), T(1.5));
  const size_t outputs = group.outputs.size(), size = static_cast<size_t>(rows * columns);
  for (size_t k = 0; k < outputs + at(recipe.streams); ++k) {
    run.buffers.emplace_back(size);
    run.operands.push_back(packed(static_cast<int32_t>(k), dtype, {rows, columns}));
    for (T& x : run.buffers.back()) x = normal(random);
  }
  for (size_t k = 0; k < outputs; ++k) run.operands[k].dtype = group.builder.registers[at(group.outputs[k])];
  const size_t last = outputs + at(recipe.streams) - 1;
  if (shape == Shape::kRows) run.operands[last].strides[0] = 0;
  if (shape == Shape::kInPlace) run.operands[0].buffer = static_cast<int32_t>(outputs);
  for (size_t i = 0; i < group.numbers.size(); ++i) {
    if (group.constant[i]) continue;
    run.operands.push_back(view(static_cast<int32_t>(run.buffers.size()), dtype, {rows, columns}, {0, 0}));
    run.buffers.push_back({static_cast<T>(group.numbers[i])});
  }
  return run;
}

template <class T>
void check(const kernels::KernelTable& table, size_t which, int64_t rows, int64_t columns, Shape shape, bool swapped,
           bool beside) {
  CAPTURE(which);
  CAPTURE(rows);
  CAPTURE(columns);
  const Recipe& recipe = kRecipes[which];
  const RecipeGroup group(recipe, dtype_of<T>(), swapped, beside);
  Run<T> run = make_run<T>(recipe, group, rows, columns, shape);
  const std::vector<std::vector<T>> before = run.buffers;
  const Instruction instruction = group.builder.build(group.outputs, run.operands);
  std::vector<void*> bases;
  for (auto& b : run.buffers) bases.push_back(b.data());
  testing::run(kElementwiseRow, instruction, bases, table);

  const size_t outputs = group.outputs.size();
  size_t different = 0;
  for (int64_t i = 0; i < rows * columns; ++i) {
    std::vector<T> reg;
    for (size_t s = 0; s < at(recipe.streams); ++s) {
      const bool repeats = shape == Shape::kRows && s + 1 == at(recipe.streams);
      reg.push_back(before[outputs + s][static_cast<size_t>(repeats ? i % columns : i)]);
    }
    for (const double number : group.numbers) reg.push_back(static_cast<T>(number));
    reg = by_ops(table, recipe, reg);
    for (size_t k = 0; k < at(recipe.outputs); ++k) {
      const T want = reg[at(recipe.output[k])];
      const T have = run.buffers[static_cast<size_t>(run.operands[k].buffer)][static_cast<size_t>(i)];
      different += !(std::isnan(want) ? std::isnan(have) : std::memcmp(&want, &have, sizeof(T)) == 0);
    }
  }
  CHECK(different == 0);
}

TEST_CASE("a recipe gives the bits of its ops one by one, for any length, rows, in place") {
  each_table([](const kernels::KernelTable& table) {
    for (size_t r = 0; r < kernels::kRecipeCount; ++r) {
      for (const int64_t n : {2, 15, 64, 333}) {
        check<float>(table, r, 1, n, Shape::kFlat, n % 2 != 0, false);
        check<double>(table, r, 1, n, Shape::kInPlace, n % 2 == 0, false);
      }
      for (const int64_t columns : {48, 77, 10}) {
        check<float>(table, r, 7, columns, Shape::kRows, false, false);
        check<double>(table, r, 7, columns, Shape::kRows, true, false);
      }
      check<float>(table, r, 9, 130, Shape::kFlat, false, true);
    }
  });
}

template <class T>
void check_inside(const kernels::KernelTable& table, size_t which, int64_t n) {
  CAPTURE(which);
  CAPTURE(n);
  const Recipe& recipe = kRecipes[which];
  const DType dtype = dtype_of<T>();
  GroupBuilder group(std::vector<DType>(at(recipe.streams), dtype));
  std::vector<int32_t> reg = {group.op(Micro::kNeg, dtype, {0})};
  for (int i = 1; i < recipe.streams; ++i) reg.push_back(i);
  for (int i = 0; i < recipe.uniforms; ++i) reg.push_back(group.constant(dtype, 0.125 + 0.3 * i));
  for (int k = 0; k < recipe.ops; ++k) {
    const Recipe::Op& op = recipe.op[k];
    reg.push_back(group.op(op.op, dtype, {reg[at(op.a)], reg[at(op.b)], reg[at(op.c)]}));
  }
  const int32_t y = group.op(Micro::kNeg, dtype, {reg[at(recipe.output[0])]});

  std::mt19937 random(11);
  std::normal_distribution<T> normal(T(0.4), T(1.5));
  std::vector<std::vector<T>> buffers(at(recipe.streams) + 1, std::vector<T>(static_cast<size_t>(n)));
  std::vector<Operand> operands;
  std::vector<void*> bases;
  for (size_t k = 0; k < buffers.size(); ++k) {
    for (T& x : buffers[k]) x = normal(random);
    operands.push_back(packed(static_cast<int32_t>(k), dtype, {n}));
    bases.push_back(buffers[k].data());
  }
  run(kElementwiseRow, group.build({y}, operands), bases, table);
  size_t different = 0;
  for (size_t i = 0; i < buffers[0].size(); ++i) {
    std::vector<T> values;
    for (size_t s = 0; s < at(recipe.streams); ++s) values.push_back(s == 0 ? -buffers[1][i] : buffers[s + 1][i]);
    for (int k = 0; k < recipe.uniforms; ++k) values.push_back(static_cast<T>(0.125 + 0.3 * k));
    const T want = -by_ops(table, recipe, values)[at(recipe.output[0])], have = buffers[0][i];
    different += !(std::isnan(want) ? std::isnan(have) : std::memcmp(&want, &have, sizeof(T)) == 0);
  }
  CHECK(different == 0);
}

TEST_CASE("a recipe amid other ops, of whose results one is wanted, gives the bits of its ops") {
  each_table([](const kernels::KernelTable& table) {
    for (size_t r = 0; r < kernels::kRecipeCount; ++r) {
      for (const int64_t n : {5, 100, 1500}) {
        check_inside<float>(table, r, n);
        check_inside<double>(table, r, n);
      }
    }
  });
}

TEST_CASE("a result of a recipe that no output wants has room, however long the operands") {
  // SGD with weight decay is momentum's recipe, with w for the velocity, which stays inside.
  each_table([](const kernels::KernelTable& table) {
    const int64_t n = 5000;
    GroupBuilder group({DType::kFloat32, DType::kFloat32});
    const int32_t decay = group.constant(DType::kFloat32, 0.01), rate = group.constant(DType::kFloat32, 0.1);
    const int32_t decayed = group.op(Micro::kMul, DType::kFloat32, {0, decay});
    const int32_t direction = group.op(Micro::kAdd, DType::kFloat32, {1, decayed});
    const int32_t step = group.op(Micro::kMul, DType::kFloat32, {direction, rate});
    const int32_t y = group.op(Micro::kSub, DType::kFloat32, {0, step});
    const Operand w = packed(0, DType::kFloat32, {n});
    const Instruction instruction = group.build({y}, {w, w, packed(1, DType::kFloat32, {n})});
    CHECK((lower_group(decode_group(instruction), {0, 0}, {1, 0}, table.elementwise).whole == nullptr));
    std::vector<float> weights(n), gradient(n), want(n);
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = 1.0f + static_cast<float>(i) / 100;
      gradient[i] = 3.0f - static_cast<float>(i) / 77;
      const float decayed_weight = weights[i] * 0.01f;
      want[i] = weights[i] - (gradient[i] + decayed_weight) * 0.1f;
    }
    const TestContext context(table);
    const std::unique_ptr<Prepared> prepared = kElementwiseRow.prepare(instruction, context);
    const double guard = 1234.5;
    std::vector<double> scratch(prepared->scratch_bytes / sizeof(double) + 4096, guard);
    void* const bases[] = {weights.data(), gradient.data()};
    Fault fault;
    for (size_t part = 0; part < prepared->parts; ++part) prepared->run(bases, part, scratch.data(), fault);
    CHECK(same_bits(weights, want));
    for (size_t i = prepared->scratch_bytes / sizeof(double); i < scratch.size(); ++i) REQUIRE(scratch[i] == guard);
  });
}

TEST_CASE("a group that computes a recipe is run by its loop, unless somebody reads a value from inside") {
  for (size_t r = 0; r < kernels::kRecipeCount; ++r) {
    CAPTURE(r);
    const Recipe& recipe = kRecipes[r];
    const kernels::ElementwiseKernels& kernels = kernels::kernel_table().elementwise;
    for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
      for (const bool swapped : {false, true}) {
        const auto lowered = [&](bool beside) {
          const RecipeGroup group(recipe, dtype, swapped, beside);
          std::vector<Operand> operands(group.outputs.size() + group.inputs.size(), packed(0, dtype, {64}));
          if (beside) operands[group.outputs.size() - 1].dtype = group.builder.registers.back();
          std::vector<uint8_t> uniform(group.inputs.size(), 0);
          for (size_t i = at(recipe.streams); i < uniform.size(); ++i) uniform[i] = 1;
          return lower_group(decode_group(group.builder.build(group.outputs, operands)), uniform,
                             std::vector<uint32_t>(group.inputs.size(), 0), kernels);
        };
        CHECK((lowered(false).whole != nullptr));
        CHECK((lowered(true).whole == nullptr));
      }
    }
  }
}

}  // namespace
}  // namespace gradsmith::plan::testing
