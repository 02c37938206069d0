#include "plan/verifier.h"

#include <string>
#include <vector>

#include "plan/operand.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

/// Beyond any machine's memory, and small enough that offsets in bytes never wrap.
constexpr int64_t kMaxBytes = int64_t{1} << 46;

const char* name_of(DType dtype) {
  static constexpr const char* kNames[kDTypeCount] = {"float32", "float64", "int32", "uint8", "bool"};
  return kNames[static_cast<int32_t>(dtype)];
}

std::string name_of_buffer(int32_t buffer) {
  if (buffer == kArena) return "the arena";
  if (buffer == kScalars) return "the scalars";
  return "buffer " + std::to_string(buffer);
}

/// Verifies the instructions of one plan in order.
class Verifier {
 public:
  explicit Verifier(const DecodedPlan& plan) : plan_(plan), written_(plan.buffers.size(), false) {}

  void run() {
    check_sizes();
    for (size_t i = 0; i < plan_.windows.size(); ++i) check_window(i);
    for (size_t i = 0; i < plan_.instructions.size(); ++i) check_instruction(i);
    for (size_t i = 0; i < plan_.values.size(); ++i) check_value(i);
  }

 private:
  void check_sizes() const {
    if (plan_.arena_bytes < 0 || plan_.arena_bytes > kMaxBytes) {
      throw PlanError("plan: the arena's size (" + std::to_string(plan_.arena_bytes) + " bytes) is out of range");
    }
    for (size_t i = 0; i < plan_.buffers.size(); ++i) {
      const int64_t elements = plan_.buffers[i].elements;
      if (elements >= 0 && elements <= kMaxBytes / 8) continue;
      throw PlanError("plan: buffer " + std::to_string(i) + ": its number of elements (" + std::to_string(elements) +
                      ") is out of range");
    }
  }

  /// Of an input only, which nothing writes: so what is written never shares elements with a window.
  void check_window(size_t index) const {
    const WindowSpec& window = plan_.windows[index];
    const std::string place = "plan: window " + std::to_string(index) + ": ";
    const auto buffer = static_cast<size_t>(static_cast<uint32_t>(window.buffer));
    if (buffer >= plan_.buffers.size() || plan_.buffers[buffer].kind != BufferKind::kInput) {
      throw PlanError(place + "there is no input " + std::to_string(window.buffer));
    }
    if (window.scalar < 0 || window.scalar >= plan_.scalars) {
      throw PlanError(place + "there is no scalar " + std::to_string(window.scalar));
    }
    // Each is a word, so no product wraps.
    const int64_t reached = window.buffer_rows * window.columns;
    if (window.columns < 0 || window.rows < 0 || window.rows > window.buffer_rows ||
        reached > plan_.buffers[buffer].elements) {
      throw PlanError(place + std::to_string(window.rows) + " of " + std::to_string(window.buffer_rows) + " rows of " +
                      std::to_string(window.columns) + " elements do not fit " + name_of_buffer(window.buffer) +
                      ", which has " + std::to_string(plan_.buffers[buffer].elements));
    }
  }

  /// Of the operand's number, if it is that of a window; else null.
  const WindowSpec* window_of(int32_t buffer) const {
    const int64_t index = buffer - static_cast<int64_t>(plan_.buffers.size());
    return index >= 0 && index < static_cast<int64_t>(plan_.windows.size()) ? &plan_.windows[static_cast<size_t>(index)]
                                                                            : nullptr;
  }

  void check_instruction(size_t index) {
    const Instruction& instruction = plan_.instructions[index];
    const InstructionRow* row = find_row(instruction.opcode);
    const std::string place = "plan: instruction " + std::to_string(index);
    if (row == nullptr) throw PlanError(place + ": unknown opcode " + std::to_string(instruction.opcode));
    const std::string name = row->name;
    try {
      check_operands(instruction, *row);
    } catch (const PlanError& error) {
      // Families may name themselves in their messages.
      std::string message = error.what();
      if (message.starts_with(name + ": ")) message.erase(0, name.size() + 2);
      throw PlanError(place + " (" + name + "): " + message);
    }
  }

  void check_operands(const Instruction& instruction, const InstructionRow& row) {
    const std::vector<Operand>& operands = instruction.operands;
    for (size_t i = 0; i < operands.size(); ++i) {
      try {
        check_bounds(operands[i]);
      } catch (const PlanError& error) {
        throw PlanError("operand " + std::to_string(i) + ": " + error.what());
      }
    }
    const size_t outputs = row.outputs(instruction);
    if (outputs > operands.size()) throw PlanError("has fewer operands than outputs");
    for (size_t i = 0; i < outputs; ++i) {
      check_output(operands, i);
      check_overlap(operands, i, outputs, row.in_place);
    }
    for (size_t i = outputs; i < operands.size(); ++i) check_read(operands[i], i);
    row.verify(instruction);
    for (size_t i = 0; i < outputs; ++i) {
      if (operands[i].buffer >= 0) written_[static_cast<size_t>(operands[i].buffer)] = true;
    }
  }

  /// Elements of type `dtype` that a buffer holds.
  int64_t capacity(int32_t buffer, DType dtype) const {
    if (buffer == kArena) return plan_.arena_bytes / static_cast<int64_t>(size_of(dtype));
    if (buffer == kScalars) {
      if (dtype != DType::kFloat64) throw PlanError(std::string("the scalars are float64, not ") + name_of(dtype));
      return plan_.scalars;
    }
    const WindowSpec* window = window_of(buffer);
    if (window != nullptr) {
      capacity(window->buffer, dtype);  // checks the dtype
      return window->elements();
    }
    if (buffer < kScalars || static_cast<size_t>(static_cast<uint32_t>(buffer)) >= plan_.buffers.size()) {
      throw PlanError("there is no buffer " + std::to_string(buffer));
    }
    const BufferSpec& spec = plan_.buffers[static_cast<size_t>(buffer)];
    if (spec.dtype != dtype) {
      throw PlanError(name_of_buffer(buffer) + " holds " + name_of(spec.dtype) + ", not " + name_of(dtype));
    }
    return spec.elements;
  }

  void check_bounds(const Operand& operand) const {
    check_geometry(operand);
    const int64_t elements = capacity(operand.buffer, operand.dtype);
    if (operand.buffer == kScalars) check_scalar(operand);
    // The offset first: with it in range no sum in reach() wraps.
    const bool start_inside = operand.offset >= 0 && operand.offset <= elements;
    const Reach reached = start_inside ? reach(operand) : Reach{operand.offset, operand.offset};
    if (start_inside && reached.first >= 0 && reached.end <= elements) return;
    throw PlanError("reaches elements " + std::to_string(reached.first) + " to " + std::to_string(reached.end) +
                    " of " + name_of_buffer(operand.buffer) + ", which has " + std::to_string(elements));
  }

  static void check_scalar(const Operand& operand) {
    for (size_t i = 0; i < static_cast<size_t>(operand.rank); ++i) {
      if (operand.dims[i] > 1 && operand.strides[i] != 0) throw PlanError("a scalar's strides must be 0");
    }
  }

  void check_output(const std::vector<Operand>& operands, size_t index) const {
    const Operand& output = operands[index];
    const std::string place = "operand " + std::to_string(index) + ": ";
    const bool read_only =
        output.buffer == kScalars || window_of(output.buffer) != nullptr ||
        (output.buffer >= 0 && plan_.buffers[static_cast<size_t>(output.buffer)].kind == BufferKind::kInput);
    if (read_only) throw PlanError(place + name_of_buffer(output.buffer) + " cannot be written");
    if (!dense(output)) throw PlanError(place + "two indices of an output share an element");
  }

  static void check_overlap(const std::vector<Operand>& operands, size_t output, size_t outputs, bool in_place) {
    for (size_t i = 0; i < operands.size(); ++i) {
      if (i == output || !may_overlap(operands[output], operands[i])) continue;
      if (in_place && i >= outputs && same_view(operands[output], operands[i])) continue;
      throw PlanError("operand " + std::to_string(output) + " is written, but shares elements with operand " +
                      std::to_string(i));
    }
  }

  void check_read(const Operand& operand, size_t index) const {
    if (operand.buffer >= 0 && operand.size() > 0 && !readable(operand.buffer)) {
      throw PlanError("operand " + std::to_string(index) + ": " + name_of_buffer(operand.buffer) +
                      " is an output that nothing has written yet");
    }
  }

  bool readable(int32_t buffer) const {
    if (window_of(buffer) != nullptr) return true;
    const auto index = static_cast<size_t>(buffer);
    return plan_.buffers[index].kind != BufferKind::kOutput || written_[index];
  }

  void check_value(size_t index) const {
    const ValueSpec& value = plan_.values[index];
    const std::string place = "plan: value " + std::to_string(index) + ": ";
    try {
      const int64_t elements = capacity(value.buffer, value.dtype);
      if (value.buffer == kScalars) throw PlanError("the scalars cannot be handed back");
      if (value.offset < 0 || value.offset >= elements) {
        throw PlanError("element " + std::to_string(value.offset) + " is outside " + name_of_buffer(value.buffer) +
                        ", which has " + std::to_string(elements));
      }
      if (value.buffer >= 0 && !readable(value.buffer)) throw PlanError("nothing writes that output");
    } catch (const PlanError& error) {
      throw PlanError(place + error.what());
    }
  }

  const DecodedPlan& plan_;
  std::vector<bool> written_;  // buffers that an earlier instruction has written
};

}  // namespace

void verify(const DecodedPlan& plan) { Verifier(plan).run(); }

}  // namespace gradsmith::plan
