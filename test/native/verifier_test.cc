// Every rule of the plan format and the verifier, each broken once.
#include "plan/verifier.h"

#include <doctest/doctest.h>

#include <climits>
#include <string>

#include "plan/plan_error.h"
#include "plan_builder.h"

using namespace gradsmith;
using namespace gradsmith::plan;

namespace {

constexpr DType kF32 = DType::kFloat32;
constexpr DType kF64 = DType::kFloat64;
constexpr DType kI32 = DType::kInt32;

std::string error_of(const std::vector<int32_t>& words) {
  try {
    verify(decode(words));
  } catch (const PlanError& error) {
    return error.what();
  }
  return "";
}

/// What is wrong with an instruction that sums `x` into `y`, beyond the place.
std::string reduce_error(const View& y, const View& x) {
  PlanBuilder plan;
  plan.input(kF32, 100);
  plan.state(kF32, 100);
  plan.output(kF32, 100);
  plan.input(kI32, 100);
  plan.scalars(2).arena(400).add("reduce", {0}, {y, x});
  const std::string error = error_of(plan.words());
  const std::string place = "plan: instruction 0 (reduce): ";
  CHECK((error.empty() || error.starts_with(place)));
  return error.empty() ? "" : error.substr(place.size());
}

const View kGoodX = view(0, kF32, {10, 10});
const View kGoodY = view(2, kF32, {1, 10});

/// y = x + z, elementwise over [4].
std::string add_error(const View& y, const View& x, const View& z) {
  PlanBuilder plan;
  plan.state(kF32, 100);
  plan.arena(400);
  const int32_t add = code(kernels::Micro::kAdd);
  plan.add("elementwise", {2, 1, 1, 2, add, 0, 0, 1, 0, 0}, {y, x, z});
  return error_of(plan.words());
}

std::vector<int32_t> good_words() {
  PlanBuilder plan;
  plan.input(kF32, 100);
  plan.output(kF32, 10);
  plan.value(1, kF32, 9).add("reduce", {0}, {view(1, kF32, {1, 10}), view(0, kF32, {10, 10})});
  return plan.words();
}

std::vector<int32_t> with_word(std::vector<int32_t> words, size_t index, int32_t word) {
  words[index] = word;
  return words;
}

}  // namespace

TEST_CASE("good plans pass") {
  CHECK(error_of(good_words()) == "");
  CHECK(error_of(PlanBuilder().words()) == "");
  CHECK(reduce_error(kGoodY, kGoodX) == "");
  CHECK(add_error(view(0, kF32, {4}), view(0, kF32, {4}, 4), view(0, kF32, {4}, 96)) == "");
}

TEST_CASE("the header is checked") {
  CHECK(error_of({}) == "plan: the words end before the header");
  CHECK(error_of(with_word(good_words(), 0, 7)) == "plan: the magic number is wrong");
  CHECK(error_of(with_word(good_words(), 1, 1)) == "plan: format version 1 is not known");
  CHECK(error_of(with_word(good_words(), 3, -1)).find("the number of scalars (-1)") != std::string::npos);
  CHECK(error_of(with_word(good_words(), 3, INT_MAX)).find("the number of scalars") != std::string::npos);
  CHECK(error_of(with_word(good_words(), 6, -1)).find("the arena's size") != std::string::npos);
  CHECK(error_of(with_word(good_words(), 6, INT_MAX)).find("the arena's size") != std::string::npos);
}

TEST_CASE("counts that do not fit the words are refused before anything is allocated for them") {
  for (const size_t count : {2, 4, 7, 8}) {
    for (const int32_t n : {-1, INT_MIN, INT_MAX, 1000}) {
      CAPTURE(count);
      CHECK(error_of(with_word(good_words(), count, n)).find("does not fit") != std::string::npos);
    }
  }
}

TEST_CASE("a plan cut short anywhere, or with words left over, is refused") {
  const std::vector<int32_t> words = good_words();
  for (size_t length = 0; length < words.size(); ++length) {
    CHECK(error_of({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length)}) != "");
  }
  std::vector<int32_t> longer = words;
  longer.push_back(0);
  CHECK(error_of(longer) == "plan: 1 words are left over at the end");
}

TEST_CASE("buffers need a known kind, a known dtype and a sensible size") {
  CHECK(error_of(with_word(good_words(), 9, 3)) == "plan: buffer 0: unknown kind of buffer 3");
  CHECK(error_of(with_word(good_words(), 10, 5)) == "plan: buffer 0: unknown dtype 5");
  CHECK(error_of(with_word(good_words(), 12, -1)).find("plan: buffer 0: its number of elements") == 0);
  CHECK(error_of(with_word(good_words(), 12, INT_MAX)).find("plan: buffer 0: its number of elements") == 0);
}

TEST_CASE("values are elements of buffers that hold something") {
  CHECK(error_of(with_word(good_words(), 17, 2)) == "plan: value 0: there is no buffer 2");
  CHECK(error_of(with_word(good_words(), 17, -3)) == "plan: value 0: there is no buffer -3");
  CHECK(error_of(with_word(good_words(), 18, 1)) == "plan: value 0: buffer 1 holds float32, not float64");
  CHECK(error_of(with_word(good_words(), 19, 10)) == "plan: value 0: element 10 is outside buffer 1, which has 10");
  CHECK(error_of(with_word(good_words(), 20, -1)).find("is outside buffer 1") != std::string::npos);
  PlanBuilder unwritten;
  unwritten.output(kF32, 1);
  CHECK(error_of(unwritten.value(0, kF32).words()) == "plan: value 0: nothing writes that output");
  PlanBuilder scalars;
  CHECK(error_of(scalars.scalars(1).value(kScalars, kF64).words()) ==
        "plan: value 0: the scalars cannot be handed back");
  PlanBuilder arena;
  CHECK(error_of(arena.arena(8).value(kArena, kF64).words()) == "");
  CHECK(error_of(arena.arena(7).words()).find("is outside the arena, which has 0") != std::string::npos);
}

TEST_CASE("a window looks at rows that an input has, by a scalar that there is") {
  const auto window_error = [](int32_t from, int32_t scalar, int32_t rows, int32_t of, int32_t columns) {
    PlanBuilder plan;
    plan.input(kF32, 100);
    plan.state(kF32, 100);
    plan.output(kF32, 100);
    plan.scalars(2).window(from, scalar, rows, of, columns);
    return error_of(plan.words());
  };
  CHECK(window_error(0, 1, 3, 10, 10) == "");
  CHECK(window_error(0, 0, 10, 10, 10) == "");
  CHECK(window_error(0, 0, 0, 0, 0) == "");
  CHECK(window_error(0, 0, 0, 100, 1) == "");
  for (const int32_t from : {1, 2, 3, -1, -2, INT_MIN, INT_MAX}) {
    CHECK(window_error(from, 0, 3, 10, 10) == "plan: window 0: there is no input " + std::to_string(from));
  }
  for (const int32_t scalar : {2, -1, INT_MIN, INT_MAX}) {
    CHECK(window_error(0, scalar, 3, 10, 10) == "plan: window 0: there is no scalar " + std::to_string(scalar));
  }
  CHECK(window_error(0, 0, 3, 11, 10) ==
        "plan: window 0: 3 of 11 rows of 10 elements do not fit buffer 0, which has 100");
  for (const int32_t rows : {11, -1, INT_MIN, INT_MAX}) CHECK(window_error(0, 0, rows, 10, 10) != "");
  for (const int32_t of : {2, -1, INT_MIN, INT_MAX}) CHECK(window_error(0, 0, 3, of, 10) != "");
  for (const int32_t columns : {11, -1, INT_MIN, INT_MAX}) CHECK(window_error(0, 0, 3, 10, columns) != "");
  CHECK(window_error(0, 0, INT_MAX, INT_MAX, INT_MAX) != "");
}

TEST_CASE("operands lie inside their window, which is read only") {
  const auto error = [](const View& y, const View& x) {
    PlanBuilder plan;
    plan.input(kF32, 100);
    plan.scalars(1).arena(400).window(0, 0, 3, 10, 10).add("reduce", {0}, {y, x});
    const std::string text = error_of(plan.words());
    const std::string place = "plan: instruction 0 (reduce): ";
    return text.starts_with(place) ? text.substr(place.size()) : text;
  };
  const View y = view(kArena, kF32, {1, 10});
  CHECK(error(y, view(1, kF32, {3, 10})) == "");
  CHECK(error(y, view(1, kF32, {4, 10})) == "operand 1: reaches elements 0 to 40 of buffer 1, which has 30");
  CHECK(error(y, view(1, kF32, {3, 10}, 1)) == "operand 1: reaches elements 1 to 31 of buffer 1, which has 30");
  CHECK(error(y, view(1, kI32, {3, 10})) == "operand 1: buffer 0 holds float32, not int32");
  CHECK(error(y, view(2, kF32, {3, 10})) == "operand 1: there is no buffer 2");
  CHECK(error(view(1, kF32, {1, 10}), view(0, kF32, {3, 10})) == "operand 0: buffer 1 cannot be written");
  PlanBuilder plan;
  plan.input(kF32, 100);
  plan.scalars(1).window(0, 0, 3, 10, 10).value(1, kF32, 29);
  CHECK(error_of(plan.words()) == "");
  CHECK(error_of(plan.value(1, kF32, 30).words()) == "plan: value 1: element 30 is outside buffer 1, which has 30");
}

TEST_CASE("instructions need a known opcode and a length that is right") {
  const size_t at = 21;  // the opcode
  CHECK(error_of(with_word(good_words(), at, 0)) == "plan: instruction 0: unknown opcode 0");
  CHECK(error_of(with_word(good_words(), at, 1000)) == "plan: instruction 0: unknown opcode 1000");
  CHECK(error_of(with_word(good_words(), at, -1)) == "plan: instruction 0: unknown opcode -1");
  for (const int32_t length : {INT_MIN, -1, 0, 3, 1000, INT_MAX}) {
    CHECK(error_of(with_word(good_words(), at + 1, length)).find("plan: instruction 0: its length") == 0);
  }
  CHECK(error_of(with_word(good_words(), at + 2, INT_MAX)).find("the number of attributes") != std::string::npos);
  CHECK(error_of(with_word(good_words(), at + 4, INT_MAX)).find("the number of operands") != std::string::npos);
  CHECK(error_of(with_word(good_words(), at + 4, 1)).find("words are left over") != std::string::npos);
  CHECK(error_of(with_word(good_words(), at + 9, 9)).find("operand 0: rank 9 is not 0 to 8") != std::string::npos);
  CHECK(error_of(with_word(good_words(), at + 9, -1)).find("operand 0: rank -1") != std::string::npos);
}

TEST_CASE("an operand names a buffer that exists, by its dtype") {
  CHECK(reduce_error(kGoodY, view(4, kF32, {10, 10})) == "operand 1: there is no buffer 4");
  CHECK(reduce_error(kGoodY, view(-3, kF32, {10, 10})) == "operand 1: there is no buffer -3");
  CHECK(reduce_error(kGoodY, view(INT_MIN, kF32, {10, 10})) == "operand 1: there is no buffer -2147483648");
  CHECK(reduce_error(kGoodY, view(3, kF32, {10, 10})) == "operand 1: buffer 3 holds int32, not float32");
}

TEST_CASE("an operand reaches no element outside its buffer") {
  CHECK(reduce_error(kGoodY, view(0, kF32, {10, 10}, 1)) ==
        "operand 1: reaches elements 1 to 101 of buffer 0, which has 100");
  CHECK(reduce_error(kGoodY, view(0, kF32, {10, 10}, -1)).find("operand 1: reaches elements -1") == 0);
  CHECK(reduce_error(kGoodY, {0, kF32, {10, 10}, {11, 1}, 0}).find("operand 1: reaches elements 0 to 109") == 0);
  CHECK(reduce_error(kGoodY, {0, kF32, {10, 10}, {-10, 1}, 0}).find("operand 1: reaches elements -90 to 10") == 0);
  CHECK(reduce_error(kGoodY, {0, kF32, {10, 10}, {-10, 1}, 90}) == "");
  CHECK(reduce_error(kGoodY, {0, kF32, {10, 10}, {-10, -1}, 99}) == "");
  CHECK(reduce_error(kGoodY, {0, kF32, {10, 10}, {-10, -1}, 98}).find("reaches elements -1 to 99") !=
        std::string::npos);
}

TEST_CASE("no arithmetic wraps, whatever the numbers") {
  CHECK(reduce_error(kGoodY, view(0, kF32, {10, 10}, INT64_MAX)) != "");
  CHECK(reduce_error(kGoodY, view(0, kF32, {10, 10}, INT64_MIN)) != "");
  CHECK(reduce_error(kGoodY, {0, kF32, {INT_MAX, 1}, {INT_MAX, 1}, 0}) != "");
  CHECK(reduce_error(kGoodY, {0, kF32, {INT_MAX, 1}, {INT_MIN, 1}, 0}) != "");
  CHECK(reduce_error(kGoodY, {0, kF32, {INT_MAX, INT_MAX}, {0, 0}, 0}) == "operand 1: more than 2147483647 elements");
  CHECK(reduce_error(kGoodY, {0, kF32, {INT_MAX, 0, INT_MAX}, {0, 0, 0}, 0}) ==
        "operand 1: more than 2147483647 elements");
  CHECK(reduce_error(kGoodY, {0, kF32, {10, -10}, {1, 1}, 0}) == "operand 1: dimension 1 is negative (-10)");
}

TEST_CASE("an empty operand reaches nothing, but starts inside its buffer") {
  const View empty_y = view(2, kF32, {1, 0});
  CHECK(reduce_error(empty_y, view(0, kF32, {10, 0}, 100)) == "");
  CHECK(reduce_error(empty_y, {0, kF32, {10, 0}, {1000, -1000}, 0}) == "");
  CHECK(reduce_error(empty_y, view(0, kF32, {10, 0}, 101)) != "");
}

TEST_CASE("the arena is bounded in bytes, whatever the dtype") {
  CHECK(reduce_error(kGoodY, view(kArena, kF32, {10, 10})) == "");
  CHECK(reduce_error(kGoodY, view(kArena, kF32, {10, 10}, 1)).find("of the arena, which has 100") != std::string::npos);
  CHECK(reduce_error(view(kArena, kF64, {1, 1}), view(kArena, kF64, {7, 7}, 1)) == "");
  CHECK(reduce_error(view(kArena, kF64, {1, 1}), view(kArena, kF64, {7, 7}, 2)) != "");
}

TEST_CASE("scalars are float64, spread by strides of 0, and read only") {
  CHECK(reduce_error(view(kArena, kF64, {1}), scalar(1, 1)) == "");
  CHECK(reduce_error(view(kArena, kF64, {1}), {kScalars, kF64, {5}, {0}, 1}) == "");
  CHECK(reduce_error(view(kArena, kF64, {1}), scalar(2, 1)).find("of the scalars, which has 2") != std::string::npos);
  CHECK(reduce_error(view(kArena, kF64, {1}), {kScalars, kF64, {2}, {1}, 0}) ==
        "operand 1: a scalar's strides must be 0");
  CHECK(reduce_error(view(kArena, kF32, {1}), {kScalars, kF32, {1}, {0}, 0}) ==
        "operand 1: the scalars are float64, not float32");
  CHECK(reduce_error(scalar(0, 1), view(kArena, kF64, {2})) == "operand 0: the scalars cannot be written");
}

TEST_CASE("inputs are not written") {
  CHECK(reduce_error(view(0, kF32, {1, 10}), view(1, kF32, {10, 10})) == "operand 0: buffer 0 cannot be written");
  CHECK(reduce_error(view(1, kF32, {1, 10}), kGoodX) == "");
}

TEST_CASE("an output is not read before something has written it") {
  CHECK(reduce_error(view(1, kF32, {1, 10}), view(2, kF32, {10, 10})) ==
        "operand 1: buffer 2 is an output that nothing has written yet");
  PlanBuilder plan;
  plan.output(kF32, 1);
  plan.state(kF32, 4);
  plan.add("reduce", {0}, {view(0, kF32, {1}), view(1, kF32, {4})});
  plan.add("reduce", {0}, {view(1, kF32, {1}), view(0, kF32, {1})});
  CHECK(error_of(plan.words()) == "");
}

TEST_CASE("no two indices of an output share an element") {
  const std::string error = "operand 0: two indices of an output share an element";
  CHECK(reduce_error({2, kF32, {1, 10}, {1, 0}, 0}, kGoodX) == error);
  const auto add_to = [](std::vector<int32_t> strides) {
    return add_error({kArena, kF32, {4, 5}, std::move(strides), 40}, view(0, kF32, {4, 5}), view(0, kF32, {4, 5}));
  };
  CHECK(add_to({5, 1}) == "");
  CHECK(add_to({1, 4}) == "");
  CHECK(add_to({-5, 1}) == "");
  CHECK(add_to({7, 1}) == "");
  CHECK(add_to({4, 1}).ends_with(error));
  CHECK(add_to({1, 3}).ends_with(error));
  CHECK(add_to({1, -1}).ends_with(error));
}

TEST_CASE("what is written overlaps no other operand, unless it is the same view and the row allows it") {
  const std::string error =
      "plan: instruction 0 (elementwise): operand 0 is written, but shares elements with operand 1";
  const View far = view(0, kF32, {4}, 90);
  CHECK(add_error(view(0, kF32, {4}), view(0, kF32, {4}), far) == "");
  CHECK(add_error(view(0, kF32, {4}), view(0, kF32, {4}), view(0, kF32, {4})) == "");
  CHECK(add_error(view(0, kF32, {4}), view(0, kF32, {4}, 1), far) == error);
  CHECK(add_error(view(0, kF32, {4}, 1), view(0, kF32, {4}), far) == error);
  CHECK(add_error(view(0, kF32, {4}), {0, kF32, {4}, {-1}, 3}, far) == error);
  CHECK(add_error(view(0, kF32, {4}), {0, kF32, {4}, {0}, 0}, far) == error);
  CHECK(add_error(view(0, kF32, {4}), view(0, kF32, {4}, 4), far) == "");
  CHECK(reduce_error(view(1, kF32, {1, 1}), view(1, kF32, {1, 1})).find("shares elements") != std::string::npos);
}

TEST_CASE("overlap in the arena is found between dtypes, in bytes") {
  const auto cast_error = [](int64_t offset32, int64_t offset64) {
    PlanBuilder plan;
    const int32_t cast = 1;
    plan.arena(64).add("elementwise", {1, 1, 1, 1, cast, 1, 0, 0, 0, 0},
                       {view(kArena, kF64, {2}, offset64), view(kArena, kF32, {2}, offset32)});
    return error_of(plan.words());
  };
  CHECK(cast_error(0, 1) == "");
  CHECK(cast_error(4, 0) == "");
  CHECK(cast_error(1, 0).find("shares elements") != std::string::npos);
  CHECK(cast_error(3, 1).find("shares elements") != std::string::npos);
}

TEST_CASE("two outputs do not share elements, even as the same view") {
  PlanBuilder plan;
  plan.state(kF32, 8);
  const int32_t neg = 3;
  plan.add("elementwise", {1, 2, 2, 1, 2, neg, 0, 0, 0, 0, 0, neg, 0, 1, 0, 0, 0},
           {view(0, kF32, {4}), view(0, kF32, {4}), view(0, kF32, {4}, 4)});
  CHECK(error_of(plan.words()).find("operand 0 is written, but shares elements with operand 1") != std::string::npos);
}

TEST_CASE("the rules of the rows are reported with their place") {
  PlanBuilder plan;
  plan.state(kF32, 100);
  plan.arena(400);
  plan.add("reduce", {0}, {view(kArena, kF32, {1, 10}), view(0, kF32, {10, 10})});
  plan.add("matmul", {0}, {view(0, kF32, {2, 2}), view(0, kF32, {2, 3}, 10), view(0, kF32, {2, 2}, 20)});
  const std::string error = error_of(plan.words());
  CHECK(error.find("plan: instruction 1 (matmul): ") == 0);
  CHECK(error.find("matmul: ", 30) == std::string::npos);
}

TEST_CASE("an instruction without operands or attributes is refused by every row") {
  for (const InstructionRow& row : instruction_table()) {
    PlanBuilder plan;
    plan.add(row.opcode, {}, {});
    CAPTURE(row.name);
    CHECK(error_of(plan.words()).find(std::string("(") + row.name + ")") != std::string::npos);
  }
}
