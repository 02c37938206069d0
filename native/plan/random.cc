// random and iota: verify, cut into parts by elements, run.
#include "plan/rows_checks.h"

namespace gradsmith::plan {
namespace {

/// Elements of a part: 10 to 30 µs. A multiple of 64, the largest group of random numbers.
constexpr size_t kPartElements = 16384;

enum RandomKind : int32_t { kUniform = 0, kNormal = 1, kInteger = 2 };

/// A float64 integer up to 2^53 as two words; the addon's callers hand over nothing else, and anything else is 0.
uint64_t whole(double x) { return x > -0x1p63 && x < 0x1p63 ? static_cast<uint64_t>(static_cast<int64_t>(x)) : 0; }

/// Truncated into [lowest, highest]; NaN gives lowest.
int64_t clamp_to_integer(double x, int64_t lowest, int64_t highest) {
  if (!(x > static_cast<double>(lowest))) return lowest;
  return x < static_cast<double>(highest) ? static_cast<int64_t>(x) : highest;
}

class ElementWork : public Prepared {
 protected:
  explicit ElementWork(const Operand& y) : elements_(Chunks::of(static_cast<size_t>(y.size()), kPartElements, 64)) {
    parts = elements_.parts();
  }

  Chunks elements_;
};

class Random final : public ElementWork {
 public:
  Random(const Instruction& instruction, const PrepareContext& context)
      : ElementWork(instruction.operands[0]),
        kind_(instruction.attrs[0]),
        y_(context.ref(instruction.operands[0])),
        seed_(context.ref(instruction.operands[1])),
        draw_(context.ref(instruction.operands[2])) {
    const Operand& y = instruction.operands[0];
    const kernels::RandomKernels& random = context.kernels.random;
    const size_t is_double = y.dtype == DType::kFloat64 ? 1 : 0;
    if (kind_ == kUniform) fn_ = random.uniform[is_double];
    if (kind_ == kNormal) fn_ = random.normal[is_double];
    if (kind_ == kInteger) {
      integer_ = random.integer[y.dtype == DType::kUint8 ? 1 : 0];
      low_ = context.ref(instruction.operands[3]);
      high_ = context.ref(instruction.operands[4]);
    }
    cost_ns = 20 + static_cast<double>(y.size()) * (kind_ == kNormal ? 1.5 : 0.8) * (is_double != 0 ? 2 : 1);
  }

  void run(void* const* bases, size_t part, void*, Fault&) const noexcept override {
    const size_t first = elements_.first(part);
    if (first >= elements_.count) return;
    const size_t last = elements_.last(part);
    const kernels::RandomKey key = {whole(*seed_.at<const double>(bases)), whole(*draw_.at<const double>(bases))};
    void* y = y_.at<void>(bases);
    if (kind_ != kInteger) return fn_(y, key, first, last);
    // The public edge checks low < high; here an empty range becomes one value, so that nothing divides by it.
    const int64_t low = clamp_to_integer(*low_.at<const double>(bases), INT32_MIN, INT32_MAX);
    const int64_t high = clamp_to_integer(*high_.at<const double>(bases), low + 1, int64_t{1} << 31);
    integer_(y, key, low, static_cast<uint64_t>(high - low), first, last);
  }

 private:
  int32_t kind_;
  Ref y_, seed_, draw_;
  Ref low_{}, high_{};
  kernels::RandomFn fn_ = nullptr;
  kernels::RandomIntegerFn integer_ = nullptr;
};

void verify_random(const Instruction& instruction) {
  const Checks checks("random", instruction);
  checks.counts(instruction.operands.size(), 1);
  const int32_t kind = checks.choice(0, "kind", 3);
  checks.counts(kind == kInteger ? 5 : 3, 1);
  const Operand& y = instruction.operands[0];
  if (kind == kInteger)
    checks.require(y.dtype == DType::kInt32 || y.dtype == DType::kUint8, "y of integers must be int32 or uint8");
  else
    checks.floating(y, "y");
  checks.contiguous(y, "y");
  static constexpr const char* kNames[] = {"y", "seed", "draw", "low", "high"};
  for (size_t i = 1; i < instruction.operands.size(); i++) checks.scalar(instruction.operands[i], kNames[i]);
}

class Iota final : public ElementWork {
 public:
  Iota(const Instruction& instruction, const PrepareContext& context)
      : ElementWork(instruction.operands[0]),
        y_(context.ref(instruction.operands[0])),
        start_(context.ref(instruction.operands[1])),
        step_(context.ref(instruction.operands[2])),
        fn_(context.kernels.index.iota[static_cast<size_t>(instruction.operands[0].dtype)]) {
    cost_ns = 10 + 0.3 * static_cast<double>(instruction.operands[0].size());
  }

  void run(void* const* bases, size_t part, void*, Fault&) const noexcept override {
    const size_t first = elements_.first(part);
    if (first >= elements_.count) return;
    fn_(y_.at<void>(bases), *start_.at<const double>(bases), *step_.at<const double>(bases), first,
        elements_.last(part));
  }

 private:
  Ref y_, start_, step_;
  kernels::IotaFn fn_;
};

void verify_iota(const Instruction& instruction) {
  const Checks checks("iota", instruction);
  checks.counts(3, 0);
  checks.contiguous(instruction.operands[0], "y");
  checks.scalar(instruction.operands[1], "start");
  checks.scalar(instruction.operands[2], "step");
}

template <class P>
std::unique_ptr<Prepared> prepare(const Instruction& instruction, const PrepareContext& context) {
  return std::make_unique<P>(instruction, context);
}

}  // namespace

const InstructionRow kRandomRow = {11, "random", one_output, false, verify_random, prepare<Random>};
const InstructionRow kIotaRow = {12, "iota", one_output, false, verify_iota, prepare<Iota>};

}  // namespace gradsmith::plan
