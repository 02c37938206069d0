#include "plan/group_lower.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "plan/group_match.h"

namespace gradsmith::plan {
namespace {

using kernels::Code;
using kernels::Micro;
using kernels::Pace;
using kernels::Step;

constexpr size_t kNever = SIZE_MAX;
constexpr uint16_t kNoSlot = UINT16_MAX;

/// The light form of an op whose operands stand in slots; kCount where the op has none.
Code light_code(Micro op) {
  switch (op) {
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return Code::k##name##M;
    GRADSMITH_LIGHT_UNARY(GRADSMITH_CASE)
#undef GRADSMITH_CASE
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return Code::k##name##MM;
    GRADSMITH_LIGHT_BINARY(GRADSMITH_CASE)
#undef GRADSMITH_CASE
    case Micro::kSelect:
      return Code::kSelectM;
    default:
      return Code::kCount;
  }
}

/// Distance from one code of an op's family to another: A, AStore, M, MStore; AM, AMStore, MA, MAStore, MM, MMStore.
Code offset(Code code, int by) { return static_cast<Code>(static_cast<int>(code) + by); }

double op_cost(Micro op, DType dtype) {
  const double width = dtype == DType::kFloat64 ? 2 : 1;
  switch (op) {
    case Micro::kExp:
    case Micro::kLog:
    case Micro::kSigmoid:
    case Micro::kTanh:
    case Micro::kErf:
    case Micro::kSin:
    case Micro::kCos:
    case Micro::kGelu:
    case Micro::kGeluSlope:
      return 0.3 * width;
    case Micro::kDiv:
    case Micro::kSqrt:
    case Micro::kReciprocal:
      return (is_float(dtype) ? 0.1 : 1.0) * width;
    default:
      return 0.03 * width;
  }
}

class Lowering {
 public:
  Lowering(const Group& group, const std::vector<uint8_t>& uniform, const std::vector<uint32_t>& aliases,
           const kernels::ElementwiseKernels& kernels)
      : group_(group), aliases_(aliases), kernels_(kernels), uniform_(uniform) {}

  LoweredGroup run() {
    choose_lanes();
    find_live();
    place_streams();
    place_uniforms();
    emit_prologue();
    emit_entry();
    for (size_t p = 0; p < nodes_.size(); ++p) emit_node(p);
    emit_exit();
    finish();
    return std::move(out_);
  }

 private:
  struct Emit {
    Code code;
    kernels::BlockFn* fn;
    uint16_t d, a, b, c;
    size_t recipe = GroupNode::kOp;
  };

  size_t count() const { return group_.registers.size(); }
  const GroupOp& op_of(size_t reg) const { return group_.ops[reg - group_.inputs]; }
  bool is_op(size_t reg) const { return reg >= group_.inputs; }
  bool is_constant(size_t reg) const { return is_op(reg) && op_of(reg).op == Micro::kConstant; }
  size_t lane(DType dtype) const { return dtype == DType::kFloat64 ? 8 : static_cast<size_t>(out_.lane_bytes); }

  /// 64-bit lanes if everything is float64 or bool (and something is float64).
  void choose_lanes() {
    bool only = true, wide = false;
    for (const DType dtype : group_.registers) {
      wide |= dtype == DType::kFloat64;
      only &= dtype == DType::kFloat64 || dtype == DType::kBool;
    }
    out_.lane_bytes = only && wide ? 8 : 4;
    const size_t block = kernels_.block[out_.lane_bytes == 8 ? 1 : 0][0];
    out_.slot_bytes = (block * (wide ? 8 : static_cast<size_t>(out_.lane_bytes)) + 63) / 64 * 64;
  }

  /// What the outputs need; which registers are uniform; the steps of the loop and the last that reads each register.
  void find_live() {
    std::vector<size_t> order;
    live_.assign(count(), 0);
    for (const int32_t reg : group_.outputs) live_[static_cast<size_t>(reg)] = 1;
    for (size_t reg = count(); reg-- > group_.inputs;) {
      if (!live_[reg]) continue;
      for (const int32_t arg : op_of(reg).args) live_[static_cast<size_t>(arg)] = 1;
    }
    for (size_t reg = group_.inputs; reg < count(); ++reg) {
      const auto is_uniform = [&](int32_t arg) { return uniform_[static_cast<size_t>(arg)] != 0; };
      uniform_.push_back(std::all_of(op_of(reg).args.begin(), op_of(reg).args.end(), is_uniform) ? 1 : 0);
      if (live_[reg] && !uniform_[reg]) order.push_back(reg);
    }
    nodes_ = group_nodes(group_, uniform_, order, out_.lane_bytes, lanes_are_memory());
    last_use_.assign(count(), 0);
    in_blocks_.assign(count(), 0);
    for (size_t p = 0; p < nodes_.size(); ++p) {
      for (const size_t reg : nodes_[p].reads) {
        last_use_[reg] = p + 1;
        if (nodes_[p].recipe == GroupNode::kOp) in_blocks_[reg] = 1;
      }
    }
    for (const int32_t reg : group_.outputs) last_use_[static_cast<size_t>(reg)] = kNever;
  }

  /// Every stream holds lanes as they are: no bytes to widen.
  bool lanes_are_memory() const {
    const auto fits = [&](size_t reg) {
      return uniform_[reg] != 0 || size_of(group_.registers[reg]) == static_cast<size_t>(out_.lane_bytes);
    };
    for (size_t i = 0; i < group_.inputs; ++i) {
      if (live_[i] && !fits(i)) return false;
    }
    return std::all_of(group_.outputs.begin(), group_.outputs.end(),
                       [&](int32_t reg) { return fits(static_cast<size_t>(reg)); });
  }

  void place_streams() {
    slot_.assign(count(), kNoSlot);
    for (size_t k = 0; k < group_.outputs.size(); ++k) {
      add_stream(k, group_.registers[static_cast<size_t>(group_.outputs[k])], 1);
    }
    for (size_t i = 0; i < group_.inputs; ++i) {
      if (!live_[i] || uniform_[i]) continue;
      slot_[i] = static_cast<uint16_t>(out_.stream_operand.size());
      add_stream(group_.outputs.size() + i, group_.registers[i], 0);
    }
  }

  void add_stream(size_t operand, DType dtype, uint8_t written) {
    out_.stream_operand.push_back(operand);
    out_.stream_bytes.push_back(static_cast<uint8_t>(size_of(dtype)));
    out_.stream_written.push_back(written);
    out_.ns_per_element += 0.01 * static_cast<double>(size_of(dtype));
  }

  /// A number of the instruction that is cast on its way in.
  bool is_cast_number(size_t reg) const {
    if (!is_op(reg) || !uniform_[reg] || op_of(reg).op != Micro::kCast) return false;
    const size_t from = static_cast<size_t>(op_of(reg).args[0]);
    return !is_op(from) && group_.registers[from] == DType::kFloat64;
  }
  /// Is the uniform register needed as such, beside its casts?
  bool is_read(size_t reg) const {
    if (last_use_[reg] != 0) return true;
    for (size_t r = group_.inputs; r < count(); ++r) {
      if (!live_[r] || !uniform_[r] || is_cast_number(r)) continue;
      const std::vector<int32_t>& args = op_of(r).args;
      if (std::find(args.begin(), args.end(), static_cast<int32_t>(reg)) != args.end()) return true;
    }
    return false;
  }

  /// Slots of their own for uniform registers; constants get theirs once the number of scratch slots is known.
  void place_uniforms() {
    for (size_t reg = 0; reg < count(); ++reg) {
      if (!live_[reg] || !uniform_[reg]) continue;
      if (is_constant(reg)) {
        slot_[reg] = static_cast<uint16_t>(kConstantBase + out_.constants.size());
        const DType dtype = group_.registers[reg];
        out_.constants.push_back({lane_bits(op_of(reg).value, dtype), lane(dtype)});
        continue;
      }
      if (!is_op(reg) && !is_read(reg)) continue;
      slot_[reg] = new_slot();
      const DType dtype = group_.registers[reg];
      const size_t input = is_cast_number(reg) ? static_cast<size_t>(op_of(reg).args[0]) : reg;
      if (!is_op(input)) {
        out_.uniforms.push_back({slot_[reg], group_.outputs.size() + input, group_.registers[input], dtype});
      }
      const bool in_blocks = in_blocks_[reg] != 0 || last_use_[reg] == kNever;
      if (in_blocks) out_.spread.push_back({slot_[reg], lane(dtype)});
    }
  }

  void emit_prologue() {
    for (size_t reg = group_.inputs; reg < count(); ++reg) {
      if (!live_[reg] || !uniform_[reg] || is_constant(reg) || is_cast_number(reg)) continue;
      prologue_.push_back(plain(reg, slot_[reg]));
    }
  }

  /// Bytes become lanes first; an input that is also an output's memory and an output's value is set aside.
  void emit_entry() {
    for (size_t reg = 0; reg < group_.inputs; ++reg) {
      if (!live_[reg] || uniform_[reg]) continue;
      const uint16_t stream = slot_[reg];
      if (kernels::BlockFn* widen = kernels_.widen(out_.lane_bytes, group_.registers[reg]); widen != nullptr) {
        slot_[reg] = new_slot();
        steps_.push_back({Code::kCall, widen, slot_[reg], stream, 0, 0});
      } else if (last_use_[reg] == kNever && aliases_[reg] != 0) {
        slot_[reg] = new_slot();
        emit_copy(reg, stream, slot_[reg]);
      }
    }
  }

  /// An op with operands and result in slots.
  Emit plain(size_t reg, uint16_t d) const {
    const GroupOp& op = op_of(reg);
    const Micro micro = effective(op);
    Emit emit{Code::kCall, nullptr, d, 0, 0, 0};
    uint16_t* const args[] = {&emit.a, &emit.b, &emit.c};
    for (size_t i = 0; i < op.args.size(); ++i) *args[i] = slot_[static_cast<size_t>(op.args[i])];
    if (is_light(reg)) {
      emit.code = offset(light_code(micro), 1);
    } else {
      const size_t typed = micro == Micro::kSelect ? 1 : 0;
      emit.fn =
          kernels_.function(out_.lane_bytes, micro, group_.registers[static_cast<size_t>(op.args[typed])], op.dtype);
    }
    return emit;
  }

  /// A cast that changes no lane is a copy.
  Micro effective(const GroupOp& op) const {
    if (op.op != Micro::kCast) return op.op;
    const DType from = group_.registers[static_cast<size_t>(op.args[0])];
    const bool same = from == op.dtype || (from == DType::kUint8 && op.dtype == DType::kInt32);
    return same ? Micro::kCopy : Micro::kCast;
  }

  bool is_light(size_t reg) const {
    const Micro micro = effective(op_of(reg));
    if (light_code(micro) == Code::kCount) return false;
    const DType dtype = op_of(reg).dtype;
    const bool moves = micro == Micro::kCopy || micro == Micro::kSelect || dtype == DType::kBool;
    if (moves && !(micro >= Micro::kEqual && micro <= Micro::kGreaterEqual)) {
      return lane(dtype) == static_cast<size_t>(out_.lane_bytes);
    }
    return dtype == (out_.lane_bytes == 8 ? DType::kFloat64 : DType::kFloat32);
  }

  /// Can the next step take the register from the accumulator, and is it the only reader?
  bool stays_in_accumulator(size_t p) const {
    const size_t reg = nodes_[p].writes[0];
    if (!is_light(reg) || last_use_[reg] != p + 2 || nodes_[p + 1].recipe != GroupNode::kOp) return false;
    const size_t next_reg = nodes_[p + 1].writes[0];
    const GroupOp& next = op_of(next_reg);
    if (!is_light(next_reg)) return false;
    for (size_t q = 0; q < next.args.size(); ++q) {
      if (static_cast<size_t>(next.args[q]) == reg && q > 0 && next.op == Micro::kSelect) return false;
    }
    return std::count(next.args.begin(), next.args.end(), static_cast<int32_t>(reg)) == 1;
  }

  void emit_node(size_t p) {
    for (const size_t reg : nodes_[p].ops) out_.ns_per_element += op_cost(op_of(reg).op, op_of(reg).dtype);
    if (nodes_[p].recipe == GroupNode::kOp)
      emit_op(p);
    else
      emit_recipe(p);
    release(p);
  }

  void emit_op(size_t p) {
    const size_t reg = nodes_[p].writes[0];
    const GroupOp& op = op_of(reg);
    const bool kept = stays_in_accumulator(p);
    const uint16_t d = kept ? uint16_t{0} : destination(reg, p);
    Emit emit = plain(reg, d);
    if (emit.code == Code::kCall) {
      accumulator_ = kNever;
    } else {
      // plain() gave the form with slots and a store.
      const bool binary = op.args.size() == 2;
      if (static_cast<size_t>(op.args[0]) == accumulator_)
        emit.code = offset(emit.code, binary ? -4 : -2);
      else if (binary && static_cast<size_t>(op.args[1]) == accumulator_)
        emit.code = offset(emit.code, -2);
      if (kept) emit.code = offset(emit.code, -1);
      accumulator_ = reg;
    }
    steps_.push_back(emit);
    slot_[reg] = kept ? kNoSlot : d;
  }

  void emit_recipe(size_t p) {
    const GroupNode& node = nodes_[p];
    Emit emit{Code::kRecipe, nullptr, static_cast<uint16_t>(out_.lists.size()), 0, 0, 0, node.recipe};
    for (const size_t reg : node.writes) {
      slot_[reg] = destination(reg, p);
      out_.lists.push_back(slot_[reg]);
    }
    for (const size_t reg : node.reads) out_.lists.push_back(slot_[reg]);
    accumulator_ = kNever;
    steps_.push_back(emit);
  }

  /// Where a result goes: straight to an output if no later step reads what it would overwrite, else to a block slot.
  uint16_t destination(size_t reg, size_t p) {
    if (size_of(group_.registers[reg]) != 1) {
      for (size_t k = 0; k < group_.outputs.size(); ++k) {
        if (static_cast<size_t>(group_.outputs[k]) != reg || overwrites(k, p)) continue;
        direct_ |= 1u << k;
        return static_cast<uint16_t>(k);
      }
    }
    if (free_.empty()) return new_slot();
    const uint16_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  bool overwrites(size_t output, size_t p) const {
    for (size_t i = 0; i < group_.inputs; ++i) {
      const bool from_stream = slot_[i] < out_.stream_operand.size();
      if ((aliases_[i] >> output & 1) != 0 && from_stream && live_[i] && last_use_[i] > p + 1) return true;
    }
    return false;
  }

  /// Block slots whose value was read for the last time by step p.
  void release(size_t p) {
    const std::vector<size_t>& reads = nodes_[p].reads;
    for (size_t q = 0; q < reads.size(); ++q) {
      const size_t reg = reads[q];
      const auto here = reads.begin() + static_cast<std::ptrdiff_t>(q);
      if (std::find(reads.begin(), here, reg) != here) continue;
      if (uniform_[reg] || last_use_[reg] != p + 1 || slot_[reg] == kNoSlot) continue;
      if (slot_[reg] >= out_.stream_operand.size()) free_.push_back(slot_[reg]);
    }
  }

  void emit_exit() {
    for (size_t k = 0; k < group_.outputs.size(); ++k) {
      if ((direct_ >> k & 1) != 0) continue;
      const size_t reg = static_cast<size_t>(group_.outputs[k]);
      const uint16_t stream = static_cast<uint16_t>(k);
      if (kernels::BlockFn* narrow = kernels_.narrow(out_.lane_bytes, group_.registers[reg]); narrow != nullptr) {
        steps_.push_back({Code::kCall, narrow, stream, slot_[reg], 0, 0});
      } else {
        emit_copy(reg, slot_[reg], stream);
      }
    }
  }

  void emit_copy(size_t reg, uint16_t from, uint16_t to) {
    const DType dtype = group_.registers[reg];
    if (lane(dtype) == static_cast<size_t>(out_.lane_bytes)) {
      steps_.push_back({Code::kCopyMStore, nullptr, to, from, 0, 0});
    } else {
      steps_.push_back({Code::kCall, kernels_.function(4, Micro::kCopy, dtype, dtype), to, from, 0, 0});
    }
  }

  uint16_t new_slot() { return static_cast<uint16_t>(out_.stream_operand.size() + out_.scratch_slots++); }

  uint16_t final_slot(uint16_t slot) const {
    if (slot < kConstantBase) return slot;
    return static_cast<uint16_t>(slot - kConstantBase + out_.stream_operand.size() + out_.scratch_slots);
  }

  std::vector<Step> bind(const std::vector<Emit>& emits, Pace pace) const {
    std::vector<Step> steps;
    for (const Emit& e : emits) {
      const void* label = kernels_.label(out_.lane_bytes, pace, e.code);
      if (e.code == Code::kRecipe) {
        steps.push_back({label, {}, e.d, 0, 0, 0});
        steps.back().recipe = recipe_loop(e);
      } else {
        steps.push_back({label, {e.fn}, final_slot(e.d), final_slot(e.a), final_slot(e.b), final_slot(e.c)});
      }
    }
    steps.push_back({kernels_.label(out_.lane_bytes, pace, Code::kEnd), {}, 0, 0, 0, 0});
    return steps;
  }

  /// A result that no output wants goes to a block's slot, which has no room for more than a block.
  bool writes_streams_only(const Emit& emit) const {
    const auto first = out_.lists.begin() + emit.d;
    return std::all_of(first, first + kernels::kRecipes[emit.recipe].outputs,
                       [&](uint16_t slot) { return slot < out_.stream_operand.size(); });
  }

  kernels::RecipeFn* recipe_loop(const Emit& emit) const {
    return kernels_.recipes[out_.lane_bytes == 8 ? 1 : 0][emit.recipe];
  }

  void finish() {
    for (uint16_t& slot : out_.lists) slot = final_slot(slot);
    if (steps_.size() == 1 && steps_[0].code == Code::kRecipe && writes_streams_only(steps_[0])) {
      out_.whole = recipe_loop(steps_[0]);
      out_.whole_recipe = steps_[0].recipe;
    }
    if (!prologue_.empty()) out_.prologue = bind(prologue_, Pace::kNarrow);
    for (const Pace pace : {Pace::kWide, Pace::kHalf, Pace::kNarrow}) {
      out_.steps[static_cast<size_t>(pace)] = bind(steps_, pace);
    }
  }

  static constexpr uint16_t kConstantBase = 1024;

  const Group& group_;
  const std::vector<uint32_t>& aliases_;
  const kernels::ElementwiseKernels& kernels_;
  LoweredGroup out_;
  std::vector<uint8_t> uniform_, live_;  // by register
  std::vector<GroupNode> nodes_;         // of the loop
  std::vector<size_t> last_use_;         // by register: 1 + the last step of the loop that reads it; kNever for outputs
  std::vector<uint8_t> in_blocks_;       // by register: some step reads a block of it, not its first lane alone
  std::vector<uint16_t> slot_;           // by register
  std::vector<uint16_t> free_;
  std::vector<Emit> prologue_, steps_;
  size_t accumulator_ = kNever;  // the register it holds
  uint32_t direct_ = 0;          // outputs written by the op that makes them
};

uint64_t bits_of(double value) { return __builtin_bit_cast(uint64_t, value); }
uint64_t bits_of(float value) { return __builtin_bit_cast(uint32_t, value); }
uint64_t truth_bits(bool value) { return value ? ~uint64_t{0} : 0; }

}  // namespace

uint64_t lane_bits(double value, DType dtype) {
  const double limited = std::isnan(value) ? 0.0 : std::clamp(value, -2147483648.0, 2147483647.0);
  switch (dtype) {
    case DType::kFloat64:
      return bits_of(value);
    case DType::kFloat32:
      return bits_of(static_cast<float>(value));
    case DType::kInt32:
      return static_cast<uint32_t>(static_cast<int32_t>(limited));
    case DType::kUint8:
      return static_cast<uint64_t>(std::clamp(limited, 0.0, 255.0));
    case DType::kBool:
      break;
  }
  return truth_bits(value != 0);
}

uint64_t load_lane(const void* p, DType dtype) {
  uint64_t bits = 0;
  std::memcpy(&bits, p, size_of(dtype));
  return dtype == DType::kBool ? truth_bits(bits != 0) : bits;
}

LoweredGroup lower_group(const Group& group, const std::vector<uint8_t>& uniform, const std::vector<uint32_t>& aliases,
                         const kernels::ElementwiseKernels& kernels) {
  return Lowering(group, uniform, aliases, kernels).run();
}

}  // namespace gradsmith::plan
