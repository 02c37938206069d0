// Attributes of the `rowGroup` instruction: what its decoder refuses. What it computes is in row_group_test.cc.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "plan_refusal.h"

namespace gradsmith::plan {
namespace {

constexpr DType kF32 = DType::kFloat32;

}  // namespace

TEST_CASE("rowGroup refuses what does not fit, and says why") {
  const auto error_of = [](const std::vector<int32_t>& attrs, const std::vector<View>& operands) -> std::string {
    PlanBuilder plan;
    plan.state(kF32, 64);
    plan.state(kF32, 64);
    plan.input(DType::kBool, 64);
    plan.arena(1 << 20);
    plan.add("rowGroup", attrs, operands);
    return refusal_of(plan);
  };
  const std::string place = "plan: instruction 0 (rowGroup): ";
  const View x = view(0, kF32, {4, 8}), y = view(1, kF32, {4, 8}), sums = view(1, kF32, {4, 1});
  // y = x - sum(x)
  const std::vector<int32_t> good = {1, 1, 2, 2, /**/ 2, 0, 0, /**/ 0, 2, 0, 1, 2, 1, 1, 2, 20, 0, 0, 1, 0, 0};
  const auto with = [&](std::vector<std::pair<size_t, int32_t>> changes) {
    std::vector<int32_t> attrs = good;
    for (const auto& [at, word] : changes) attrs[at] = word;
    return attrs;
  };
  CHECK(error_of(good, {y, x}) == "");
  CHECK(error_of(good, {x, x}) == "");
  CHECK(error_of({1, 1}, {y, x}) == place + "attributes are missing");
  CHECK(error_of(with({{0, -1}}), {y, x}) == place + "a count is negative");
  CHECK(error_of(with({{0, 2}}), {y, x}) == place + "operands are missing or too many");
  CHECK(error_of(with({{2, 0}}), {y, x}) == place + "number of steps");
  CHECK(error_of(with({{2, 33}}), {y, x}) == place + "number of steps");
  CHECK(error_of(with({{2, 1}}), {y, x}) == place + "attributes are too many");
  CHECK(error_of(with({{4, 5}}), {y, x}) == place + "unknown kind of step 5");
  CHECK(error_of(with({{5, 4}}), {y, x}) == place + "unknown choice 4");
  CHECK(error_of(with({{6, 1}}), {y, x}) == place + "there is no value 1");
  CHECK(error_of(with({{10, 2}}), {y, x}) == place + "there is no value 2");
  CHECK(error_of(with({{3, 0}}), {y, x}) == place + "an output of value 0");
  CHECK(error_of(with({{3, 1}}), {y, x}) == place + "output 0 does not fit its value");
  CHECK(error_of(with({{7, 1}}), {y, x}) == place + "a group of numbers reads rows");
  CHECK(error_of(with({{8, 25}}), {y, x}) == place + "number of a group's inputs 25");
  CHECK(error_of(with({{11, 3}}), {y, x}) == place + "elementwise: operands are missing or too many");
  CHECK(error_of(good, {view(1, kF32, {4, 1}), view(0, kF32, {4, 1})}) == place + "rows of 1 elements");
  CHECK(error_of(good, {view(kArena, kF32, {1, 16385}), view(kArena, kF32, {1, 16385}, 20000)}) ==
        place + "rows of 16385 elements");
  CHECK(error_of(good, {view(1, kF32, {32}), view(0, kF32, {32})}) == place + "matrices expected");
  CHECK(error_of(good, {y, {0, kF32, {4, 8}, {1, 4}, 0}}) == place + "an input must have stride 0 or 1 along its rows");
  CHECK(error_of(good, {{1, kF32, {4, 8}, {9, 1}, 0}, x}) == place + "output 0 does not fit its value");
  CHECK(error_of({1, 1, 1, 1, 2, 0, 0}, {sums, view(2, DType::kBool, {4, 8})}) ==
        place + "a reduction of another dtype");
  CHECK(error_of({1, 1, 1, 1, 2, 0, 0}, {sums, {0, kF32, {4, 8}, {1, 0}, 0}}) == place + "a reduction of numbers");
  CHECK(error_of({1, 1, 1, 1, 3, 0, 0}, {y, {0, kF32, {4, 8}, {9, 1}, 0}}) ==
        place + "softmax of rows that do not touch");
  CHECK(error_of({1, 2, 1, 1, 1, 3, 0, 0}, {y, view(kArena, kF32, {4, 8}), x}) == place + "one value for two outputs");
  const View columns = view(1, kF32, {1, 8});
  CHECK(error_of({1, 1, 1, 1, 4, 0, 0}, {columns, x}) == "");
  CHECK(error_of({1, 1, 1, 1, 4, 1, 0}, {columns, x}) == "");
  CHECK(error_of({1, 1, 1, 1, 4, 2, 0}, {columns, x}) == place + "of columns there are sums and means of floats");
  CHECK(error_of({1, 1, 1, 1, 4, 0, 0}, {sums, x}) == place + "output 0 does not fit its value");
  CHECK(error_of({1, 1, 1, 1, 4, 0, 0}, {y, x}) == place + "output 0 does not fit its value");
  CHECK(error_of({1, 1, 2, 1, /**/ 4, 0, 0, /**/ 4, 0, 1}, {columns, x}) == place + "a step reads a number a column");
  CHECK(error_of({1, 1, 2, 1, /**/ 2, 0, 0, /**/ 4, 0, 0}, {sums, x}) == place + "a number a column that is no output");
  CHECK(error_of({1, 1, 1, 1, 4, 0, 0}, {view(0, kF32, {1, 8}), x}) ==
        place + "operand 0 is written, but shares elements with operand 1");
  // x is overwritten by the first step, and the second reads it again.
  CHECK(error_of({1, 2, 2, 1, 2, /**/ 3, 0, 0, /**/ 3, 1, 0}, {x, y, x}) ==
        place + "output 0 overwrites what a later step reads");
}

}  // namespace gradsmith::plan
