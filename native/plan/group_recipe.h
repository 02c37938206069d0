// A group that is one recipe (kernels/elementwise_recipes.h), called without the machine: no steps, no slots to fill.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/elementwise_recipes.h"
#include "plan/group_numbers.h"
#include "plan/group_program.h"

namespace gradsmith::plan {

/// Immutable after construction; any thread. The program must outlive it.
class GroupRecipe {
 public:
  static constexpr size_t kMostSlots = kernels::kMaxRecipeOutputs + kernels::kMaxRecipeInputs;

  /// Where numbers that change from run to run stand.
  using Numbers = uint64_t[kernels::kMaxRecipeInputs];

  /// Is the program one recipe with nothing to compute before it?
  static bool fits(const GroupProgram& program) {
    return program.lowered().whole != nullptr && program.lowered().prologue.empty();
  }
  /// A row of n elements is worth a loop of its own: whole vectors, or many.
  static bool worth_a_row(int64_t n, size_t lanes) {
    const auto vector = static_cast<int64_t>(lanes);
    return n % vector == 0 || n >= 4 * vector;
  }
  /// `refs`: the instruction's operands.
  GroupRecipe(const GroupProgram& program, const std::vector<Ref>& refs);

  /// The program's stream (its index in LoweredGroup) that the recipe takes at each place.
  const std::vector<uint16_t>& streams() const { return streams_; }

  /// Fills the slots behind the streams'; they hold as long as `numbers`.
  void enter(void* const* bases, char** slots, Numbers& numbers) const noexcept {
    char** slot = slots + streams_.size();
    for (size_t i = 0; i < numbers_.size(); ++i) {
      const Number& number = numbers_[i];
      *slot++ = number.constant != nullptr ? number.constant : reinterpret_cast<char*>(&numbers[i]);
      if (number.constant != nullptr) continue;
      const char* const from = number.ref.at<char>(bases);
      if (number.is_float)
        std::memcpy(&numbers[i], from, sizeof(float));
      else
        numbers[i] = number_bits(from, number.from, number.to);
    }
  }

  /// `rows` rows of n elements. The caller has filled in the first streams().size() of kMostSlots slots. `steps`:
  /// bytes from row to row of each slot, 0 behind the streams'; not read where there is one row.
  void run(char* const* slots, size_t n, size_t rows, const ptrdiff_t* steps) const noexcept {
    recipe_(slots, kInOrder.data(), n, rows, steps);
  }

 private:
  struct Number {
    Ref ref;
    DType from, to;
    bool is_float;   // float32 both, the usual case beside scalars: read without a question
    char* constant;  // or null: read at run time
  };

  static constexpr auto kInOrder = [] {
    std::array<uint16_t, kMostSlots> order{};
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint16_t>(i);
    return order;
  }();

  kernels::RecipeFn* recipe_;
  std::vector<uint16_t> streams_;
  std::vector<Number> numbers_;
};

}  // namespace gradsmith::plan
