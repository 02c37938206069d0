#include "plan/group_lower.h"

#include <algorithm>

#include "plan/group_bind.h"
#include "plan/group_codes.h"
#include "plan/group_life.h"
#include "plan/group_numbers.h"

namespace gradsmith::plan {
namespace {

using kernels::Code;
using kernels::Micro;

constexpr uint16_t kNoSlot = UINT16_MAX;

class Lowering {
 public:
  Lowering(const Group& group, const std::vector<uint8_t>& uniform, const std::vector<uint32_t>& aliases,
           const kernels::ElementwiseKernels& kernels)
      : group_(group), aliases_(aliases), kernels_(kernels), life_(group_life(group, uniform)) {}

  LoweredGroup run() {
    choose_slot_bytes();
    place_streams();
    place_uniforms();
    emit_prologue();
    emit_entry();
    for (size_t p = 0; p < life_.nodes.size(); ++p) emit_node(p);
    emit_exit();
    bind_steps(out_, prologue_, steps_, kernels_);
    return std::move(out_);
  }

 private:
  size_t count() const { return group_.registers.size(); }
  const GroupOp& op_of(size_t reg) const { return group_.op_of(reg); }
  size_t lane(DType dtype) const { return bytes_of_lane(dtype, out_.lane_bytes); }

  void choose_slot_bytes() {
    out_.lane_bytes = life_.lane_bytes;
    const size_t block = kernels_.block[out_.lane_bytes == 8 ? 1 : 0][0];
    out_.slot_bytes = (block * (life_.has_float64 ? 8 : static_cast<size_t>(out_.lane_bytes)) + 63) / 64 * 64;
  }

  void place_streams() {
    slot_.assign(count(), kNoSlot);
    for (size_t k = 0; k < group_.outputs.size(); ++k) {
      add_stream(k, group_.registers[static_cast<size_t>(group_.outputs[k])], 1);
    }
    for (size_t i = 0; i < group_.inputs; ++i) {
      if (!life_.live[i] || life_.uniform[i]) continue;
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
    if (!group_.is_op(reg) || !life_.uniform[reg] || op_of(reg).op != Micro::kCast) return false;
    const size_t from = static_cast<size_t>(op_of(reg).args[0]);
    return !group_.is_op(from) && group_.registers[from] == DType::kFloat64;
  }
  /// Is the uniform register needed as such, beside its casts?
  bool is_read(size_t reg) const {
    if (life_.last_use[reg] != 0) return true;
    for (size_t r = group_.inputs; r < count(); ++r) {
      if (!life_.live[r] || !life_.uniform[r] || is_cast_number(r)) continue;
      const std::vector<int32_t>& args = op_of(r).args;
      if (std::find(args.begin(), args.end(), static_cast<int32_t>(reg)) != args.end()) return true;
    }
    return false;
  }

  /// Slots of their own for uniform registers; constants get theirs once the number of scratch slots is known.
  void place_uniforms() {
    for (size_t reg = 0; reg < count(); ++reg) {
      if (!life_.live[reg] || !life_.uniform[reg]) continue;
      if (group_.is_constant(reg)) {
        slot_[reg] = static_cast<uint16_t>(kConstantBase + out_.constants.size());
        const DType dtype = group_.registers[reg];
        out_.constants.push_back({lane_bits(op_of(reg).value, dtype), lane(dtype)});
        continue;
      }
      if (!group_.is_op(reg) && !is_read(reg)) continue;
      slot_[reg] = new_slot();
      const DType dtype = group_.registers[reg];
      const size_t input = is_cast_number(reg) ? static_cast<size_t>(op_of(reg).args[0]) : reg;
      if (!group_.is_op(input)) {
        out_.uniforms.push_back({slot_[reg], group_.outputs.size() + input, group_.registers[input], dtype});
      }
      const bool in_blocks = life_.in_blocks[reg] != 0 || life_.last_use[reg] == GroupLife::kNever;
      if (in_blocks) out_.spread.push_back({slot_[reg], lane(dtype)});
    }
  }

  void emit_prologue() {
    for (size_t reg = group_.inputs; reg < count(); ++reg) {
      if (!life_.live[reg] || !life_.uniform[reg] || group_.is_constant(reg) || is_cast_number(reg)) continue;
      prologue_.push_back(plain(reg, slot_[reg]));
    }
  }

  /// Bytes become lanes first; an input that is also an output's memory and an output's value is set aside.
  void emit_entry() {
    for (size_t reg = 0; reg < group_.inputs; ++reg) {
      if (!life_.live[reg] || life_.uniform[reg]) continue;
      const uint16_t stream = slot_[reg];
      if (kernels::BlockFn* widen = kernels_.widen(out_.lane_bytes, group_.registers[reg]); widen != nullptr) {
        slot_[reg] = new_slot();
        steps_.push_back({Code::kCall, widen, slot_[reg], stream, 0, 0});
      } else if (life_.last_use[reg] == GroupLife::kNever && aliases_[reg] != 0) {
        slot_[reg] = new_slot();
        emit_copy(reg, stream, slot_[reg]);
      }
    }
  }

  /// An op with operands and result in slots.
  Emit plain(size_t reg, uint16_t d) const {
    const GroupOp& op = op_of(reg);
    const Micro micro = effective_micro(group_, reg);
    Emit emit{Code::kCall, nullptr, d, 0, 0, 0};
    uint16_t* const args[] = {&emit.a, &emit.b, &emit.c};
    for (size_t i = 0; i < op.args.size(); ++i) *args[i] = slot_[static_cast<size_t>(op.args[i])];
    if (is_light(group_, reg, out_.lane_bytes)) {
      emit.code = offset(light_code(micro), 1);
    } else {
      const size_t typed = micro == Micro::kSelect ? 1 : 0;
      emit.fn =
          kernels_.function(out_.lane_bytes, micro, group_.registers[static_cast<size_t>(op.args[typed])], op.dtype);
    }
    return emit;
  }

  /// Can the next step take the register from the accumulator, and is it the only reader?
  bool stays_in_accumulator(size_t p) const {
    const size_t reg = life_.nodes[p].writes[0];
    if (!is_light(group_, reg, out_.lane_bytes) || life_.last_use[reg] != p + 2 ||
        life_.nodes[p + 1].recipe != GroupNode::kOp)
      return false;
    const size_t next_reg = life_.nodes[p + 1].writes[0];
    const GroupOp& next = op_of(next_reg);
    if (!is_light(group_, next_reg, out_.lane_bytes)) return false;
    for (size_t q = 0; q < next.args.size(); ++q) {
      if (static_cast<size_t>(next.args[q]) == reg && q > 0 && next.op == Micro::kSelect) return false;
    }
    return std::count(next.args.begin(), next.args.end(), static_cast<int32_t>(reg)) == 1;
  }

  void emit_node(size_t p) {
    for (const size_t reg : life_.nodes[p].ops) out_.ns_per_element += op_cost(op_of(reg).op, op_of(reg).dtype);
    if (life_.nodes[p].recipe == GroupNode::kOp)
      emit_op(p);
    else
      emit_recipe(p);
    release(p);
  }

  void emit_op(size_t p) {
    const size_t reg = life_.nodes[p].writes[0];
    const GroupOp& op = op_of(reg);
    const bool kept = stays_in_accumulator(p);
    const uint16_t d = kept ? uint16_t{0} : destination(reg, p);
    Emit emit = plain(reg, d);
    if (emit.code == Code::kCall) {
      accumulator_ = GroupLife::kNever;
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
    const GroupNode& node = life_.nodes[p];
    Emit emit{Code::kRecipe, nullptr, static_cast<uint16_t>(out_.lists.size()), 0, 0, 0, node.recipe};
    for (const size_t reg : node.writes) {
      slot_[reg] = destination(reg, p);
      out_.lists.push_back(slot_[reg]);
    }
    for (const size_t reg : node.reads) out_.lists.push_back(slot_[reg]);
    accumulator_ = GroupLife::kNever;
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
      if ((aliases_[i] >> output & 1) != 0 && from_stream && life_.live[i] && life_.last_use[i] > p + 1) return true;
    }
    return false;
  }

  /// Block slots whose value was read for the last time by step p.
  void release(size_t p) {
    const std::vector<size_t>& reads = life_.nodes[p].reads;
    for (size_t q = 0; q < reads.size(); ++q) {
      const size_t reg = reads[q];
      const auto here = reads.begin() + static_cast<std::ptrdiff_t>(q);
      if (std::find(reads.begin(), here, reg) != here) continue;
      if (life_.uniform[reg] || life_.last_use[reg] != p + 1 || slot_[reg] == kNoSlot) continue;
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

  const Group& group_;
  const std::vector<uint32_t>& aliases_;
  const kernels::ElementwiseKernels& kernels_;
  LoweredGroup out_;
  const GroupLife life_;
  std::vector<uint16_t> slot_;  // by register
  std::vector<uint16_t> free_;
  std::vector<Emit> prologue_, steps_;
  size_t accumulator_ = GroupLife::kNever;  // the register it holds
  uint32_t direct_ = 0;                     // outputs written by the op that makes them
};

}  // namespace

LoweredGroup lower_group(const Group& group, const std::vector<uint8_t>& uniform, const std::vector<uint32_t>& aliases,
                         const kernels::ElementwiseKernels& kernels) {
  return Lowering(group, uniform, aliases, kernels).run();
}

}  // namespace gradsmith::plan
