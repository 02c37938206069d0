// A group that is one recipe over operands read row by row: nothing to stage, no steps, a few nanoseconds of its own.
#pragma once
#include <memory>
#include <vector>

#include "plan/group_recipe.h"
#include "plan/group_space.h"

namespace gradsmith::plan {

class DirectGroup final : public Prepared {
 public:
  /// Is the program one recipe, and the walk one over rows of unit stride, long enough not to be staged together?
  static bool fits(const GroupProgram& program, const GroupSpace& space, size_t lanes);

  /// `refs`: the instruction's operands. `part_size`: elements that one part should have.
  DirectGroup(std::unique_ptr<GroupProgram> program, const GroupSpace& space, const std::vector<Ref>& refs,
              int64_t part_size);

  void run(void* const* bases, size_t part, void* scratch, Fault& fault) const noexcept override;

 private:
  struct Stream {
    Ref ref;
    int64_t unit_bytes;  // from one unit of the walk to the next
  };

  std::unique_ptr<GroupProgram> program_;
  GroupRecipe recipe_;
  std::vector<Stream> streams_;
  std::vector<ptrdiff_t> steps_;  // by slot: bytes from row to row
  bool flat_;                     // units are elements, else rows
  int64_t units_, part_units_, row_;
};

}  // namespace gradsmith::plan
