#include "plan/decoder.h"

#include <string>

#include "plan/operand.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

constexpr size_t kBufferWords = 4;
constexpr size_t kWindowWords = 5;
constexpr size_t kValueWords = 4;
constexpr size_t kInstructionWords = 4;  // of the shortest
constexpr size_t kOperandWords = 5;      // of the shortest
constexpr int64_t kMaxScalars = int64_t{1} << 20;

/// Reads words in order; never past the end.
class Words {
 public:
  explicit Words(std::span<const int32_t> words) : words_(words) {}

  int32_t next(const char* what) {
    if (at_ == words_.size()) throw PlanError(std::string("the words end before ") + what);
    return words_[at_++];
  }
  int64_t next64(const char* what) {
    const auto low = static_cast<uint32_t>(next(what));
    const auto high = static_cast<uint32_t>(next(what));
    return static_cast<int64_t>(uint64_t{high} << 32 | low);
  }
  /// A count of things that take at least `words_each` words.
  size_t count(const char* what, size_t words_each) {
    const int32_t n = next(what);
    if (n < 0 || static_cast<size_t>(n) > (words_.size() - at_) / words_each) {
      throw PlanError(std::string(what) + " (" + std::to_string(n) + ") does not fit the " +
                      std::to_string(words_.size() - at_) + " words that follow");
    }
    return static_cast<size_t>(n);
  }
  Words sub(size_t n) {
    const Words part(words_.subspan(at_, n));
    at_ += n;
    return part;
  }
  size_t left() const { return words_.size() - at_; }

 private:
  std::span<const int32_t> words_;
  size_t at_ = 0;
};

DType next_dtype(Words& words) {
  const int32_t code = words.next("a dtype");
  if (!is_dtype(code)) throw PlanError("unknown dtype " + std::to_string(code));
  return static_cast<DType>(code);
}

BufferSpec decode_buffer(Words& words) {
  const int32_t kind = words.next("a buffer's kind");
  if (kind < 0 || kind > 2) throw PlanError("unknown kind of buffer " + std::to_string(kind));
  const DType dtype = next_dtype(words);
  return {static_cast<BufferKind>(kind), dtype, words.next64("a buffer's number of elements")};
}

WindowSpec decode_window(Words& words) {
  WindowSpec window{};
  window.buffer = words.next("a window's buffer");
  window.scalar = words.next("a window's scalar");
  window.rows = words.next("a window's rows");
  window.buffer_rows = words.next("the rows of a window's buffer");
  window.columns = words.next("a window's columns");
  return window;
}

ValueSpec decode_value(Words& words) {
  const int32_t buffer = words.next("a value's buffer");
  const DType dtype = next_dtype(words);
  return {buffer, dtype, words.next64("a value's offset")};
}

Operand decode_operand(Words& words) {
  Operand operand{};
  operand.buffer = words.next("an operand's buffer");
  operand.dtype = next_dtype(words);
  operand.offset = words.next64("an operand's offset");
  operand.rank = words.next("an operand's rank");
  if (operand.rank < 0 || operand.rank > kMaxRank) {
    throw PlanError("rank " + std::to_string(operand.rank) + " is not 0 to " + std::to_string(kMaxRank));
  }
  const auto rank = static_cast<size_t>(operand.rank);
  for (size_t i = 0; i < rank; ++i) operand.dims[i] = words.next("an operand's dims");
  for (size_t i = 0; i < rank; ++i) operand.strides[i] = words.next("an operand's strides");
  return operand;
}

Instruction decode_instruction(Words& words) {
  Instruction instruction{};
  instruction.opcode = words.next("an opcode");
  const int32_t length = words.next("an instruction's length");
  if (length < static_cast<int32_t>(kInstructionWords) || static_cast<size_t>(length) - 2 > words.left()) {
    throw PlanError("its length (" + std::to_string(length) + " words) does not fit the words that follow");
  }
  Words body = words.sub(static_cast<size_t>(length) - 2);
  instruction.attrs.resize(body.count("the number of attributes", 1));
  for (int32_t& attr : instruction.attrs) attr = body.next("an attribute");
  instruction.operands.resize(body.count("the number of operands", kOperandWords));
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    try {
      instruction.operands[i] = decode_operand(body);
    } catch (const PlanError& error) {
      throw PlanError("operand " + std::to_string(i) + ": " + error.what());
    }
  }
  if (body.left() > 0) throw PlanError(std::to_string(body.left()) + " words are left over at its end");
  return instruction;
}

/// Decodes `count` things, and says which one was wrong.
template <class T, class Decode>
std::vector<T> decode_all(Words& words, size_t count, const char* what, Decode decode_one) {
  std::vector<T> all;
  all.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    try {
      all.push_back(decode_one(words));
    } catch (const PlanError& error) {
      throw PlanError(std::string("plan: ") + what + " " + std::to_string(i) + ": " + error.what());
    }
  }
  return all;
}

struct Header {
  size_t buffers, values, instructions, windows;
};

Header decode_header(Words& words, DecodedPlan& plan) {
  if (words.next("the header") != kMagic) throw PlanError("the magic number is wrong");
  const int32_t version = words.next("the header");
  if (version != kFormatVersion) throw PlanError("format version " + std::to_string(version) + " is not known");
  Header header{};
  header.buffers = words.count("the number of buffers", kBufferWords);
  plan.scalars = words.next("the number of scalars");
  if (plan.scalars < 0 || plan.scalars > kMaxScalars) {
    throw PlanError("the number of scalars (" + std::to_string(plan.scalars) + ") is not 0 to " +
                    std::to_string(kMaxScalars));
  }
  header.values = words.count("the number of values", kValueWords);
  plan.arena_bytes = words.next64("the arena's size");
  header.instructions = words.count("the number of instructions", kInstructionWords);
  header.windows = words.count("the number of windows", kWindowWords);
  return header;
}

}  // namespace

DecodedPlan decode(std::span<const int32_t> words) {
  Words reader(words);
  DecodedPlan plan;
  Header header{};
  try {
    header = decode_header(reader, plan);
  } catch (const PlanError& error) {
    throw PlanError(std::string("plan: ") + error.what());
  }
  plan.buffers = decode_all<BufferSpec>(reader, header.buffers, "buffer", decode_buffer);
  plan.windows = decode_all<WindowSpec>(reader, header.windows, "window", decode_window);
  plan.values = decode_all<ValueSpec>(reader, header.values, "value", decode_value);
  plan.instructions = decode_all<Instruction>(reader, header.instructions, "instruction", decode_instruction);
  if (reader.left() > 0) {
    throw PlanError("plan: " + std::to_string(reader.left()) + " words are left over at the end");
  }
  return plan;
}

}  // namespace gradsmith::plan
