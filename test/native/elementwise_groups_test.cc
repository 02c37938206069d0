// Random groups: fused = op by op, bit for bit, on every ISA level, for any strides, aliases and order of parts.

#include "group_testing.h"

namespace gradsmith::plan::testing {
namespace {

using Random = std::mt19937;
using Bytes = std::vector<char>;

size_t below(Random& random, size_t n) { return random() % n; }
bool one_in(Random& random, size_t n) { return below(random, n) == 0; }

/// A view of `dims` in a buffer of its own: any order of dimensions, gaps, backwards; broadcast if allowed.
struct Layout {
  Operand operand;
  size_t elements;  // of the buffer
};

Layout random_layout(Random& random, int32_t buffer, DType dtype, const Dims& dims, bool broadcast) {
  std::vector<size_t> order(dims.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (one_in(random, 3)) std::shuffle(order.begin(), order.end(), random);
  Dims strides(dims.size());
  int64_t step = one_in(random, 6) ? 2 : 1, offset = 0;
  const bool spread = broadcast && one_in(random, 2), gaps = one_in(random, 5);
  for (size_t i = order.size(); i-- > 0;) {
    const size_t d = order[i];
    if (spread && one_in(random, 2)) continue;
    strides[d] = one_in(random, 12) ? -step : step;
    if (strides[d] < 0) offset += (dims[d] - 1) * step;
    step *= std::max<int64_t>(dims[d], 1) + (gaps ? 1 : 0);
  }
  return {view(buffer, dtype, dims, strides, offset), static_cast<size_t>(step)};
}

/// Calls f(index in the dense order, index in the buffer) for every element.
template <class F>
void each_element(const Operand& operand, F f) {
  std::array<int64_t, kMaxRank> index{};
  int64_t size = 1;
  for (size_t d = 0; d < static_cast<size_t>(operand.rank); ++d) size *= operand.dims[d];
  for (int64_t i = 0; i < size; ++i) {
    int64_t at = operand.offset;
    for (size_t d = 0; d < static_cast<size_t>(operand.rank); ++d) at += index[d] * operand.strides[d];
    f(static_cast<size_t>(i), static_cast<size_t>(at));
    for (size_t d = static_cast<size_t>(operand.rank); d-- > 0;) {
      if (++index[d] < operand.dims[d]) break;
      index[d] = 0;
    }
  }
}

Bytes gather(const Operand& operand, const Bytes& buffer) {
  const size_t bytes = size_of(operand.dtype);
  Bytes dense(static_cast<size_t>(operand.size()) * bytes);
  each_element(operand, [&](size_t i, size_t at) { std::memcpy(&dense[i * bytes], &buffer[at * bytes], bytes); });
  return dense;
}

/// Which NaN an operation gives is not part of the contract.
void unify_nans(DType dtype, Bytes& data) {
  if (!is_float(dtype)) return;
  for (size_t i = 0; i < data.size() / size_of(dtype); ++i) {
    if (std::isnan(get(dtype, data.data(), i))) put(dtype, data.data(), i, std::numeric_limits<double>::quiet_NaN());
  }
}

Dims random_dims(Random& random) {
  const int64_t small[] = {1, 2, 3, 5, 8, 17, 33}, large[] = {64, 200, 600, 1030, 2500};
  Dims dims(below(random, 5));
  int64_t size = 1;
  for (int64_t& d : dims) {
    d = one_in(random, 3) ? large[below(random, std::size(large))] : small[below(random, std::size(small))];
    if (size * d > 40000) d = 2;
    size *= d;
  }
  return dims;
}

struct Case {
  struct Op {
    Micro op;
    DType dtype;
    std::vector<int32_t> args;
    double value;
  };
  Dims dims;
  std::vector<DType> registers;
  size_t inputs;
  std::vector<Op> ops;
  std::vector<int32_t> outputs;
  std::vector<Operand> operands;  // outputs, inputs
  std::vector<Bytes> buffers;
};

/// A register of the dtype, or -1.
int32_t pick(Random& random, const Case& c, DType dtype) {
  std::vector<int32_t> fitting;
  for (size_t i = 0; i < c.registers.size(); ++i) {
    if (c.registers[i] == dtype) fitting.push_back(static_cast<int32_t>(i));
  }
  if (fitting.empty()) return -1;
  // Recent ones more often, so that chains appear.
  return one_in(random, 2) ? fitting.back() : fitting[below(random, fitting.size())];
}

void add_op(Random& random, Case& c, const std::vector<DType>& dtypes) {
  const Micro op = static_cast<Micro>(below(random, static_cast<size_t>(kernels::kMicroCount)));
  DType dtype = dtypes[below(random, dtypes.size())];
  Case::Op added{op, dtype, {}, 0};
  if (op == Micro::kConstant) {
    added.value = static_cast<double>(static_cast<int32_t>(below(random, 9)) - 4) / 2;
  } else {
    if (op >= Micro::kLogicalAnd && op <= Micro::kLogicalNot) added.dtype = dtype = DType::kBool;
    for (int32_t i = 0; i < kernels::kMicroArity[static_cast<size_t>(op)]; ++i) {
      DType wanted = dtype;
      if (op == Micro::kCast) wanted = c.registers[below(random, c.registers.size())];
      if (op == Micro::kSelect && i == 0) wanted = DType::kBool;
      added.args.push_back(pick(random, c, wanted));
      if (added.args.back() < 0) return;
    }
  }
  GroupBuilder probe(c.registers);
  std::vector<int32_t> args = added.args;
  const int32_t reg = op == Micro::kConstant ? probe.constant(dtype, added.value) : probe.op(op, dtype, args);
  std::vector<Operand> operands = {packed(0, probe.registers.back(), {1})};
  for (size_t i = 0; i < c.registers.size(); ++i) operands.push_back(packed(1, c.registers[i], {1}));
  if (c.registers.size() <= kernels::kMaxGroupInputs &&
      !complaint(kElementwiseRow, probe.build({reg}, operands)).empty()) {
    return;
  }
  c.ops.push_back(added);
  c.registers.push_back(probe.registers.back());
}

Case random_case(unsigned seed) {
  Random random(seed);
  Case c;
  c.dims = random_dims(random);
  std::vector<DType> dtypes = {DType::kFloat32, DType::kFloat32, DType::kFloat32, DType::kBool};
  if (one_in(random, 4))
    dtypes = {DType::kFloat64, DType::kFloat64, DType::kBool};
  else if (one_in(random, 2))
    dtypes = {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kUint8, DType::kBool};
  c.inputs = below(random, 6);
  for (size_t i = 0; i < c.inputs; ++i) c.registers.push_back(dtypes[below(random, dtypes.size())]);
  if (c.inputs == 0) {
    c.ops.push_back({Micro::kConstant, dtypes[0], {}, 1.5});
    c.registers.push_back(dtypes[0]);
  }
  // At most as many registers as a group has inputs, so that each op can be checked when it is added.
  const size_t wanted = 1 + below(random, 18);
  for (size_t tries = 0; tries < 200 && c.ops.size() < wanted; ++tries) add_op(random, c, dtypes);
  const size_t outputs = 1 + below(random, 4);
  for (size_t k = 0; k < outputs; ++k) {
    const size_t last = c.registers.size() - 1;
    c.outputs.push_back(static_cast<int32_t>(one_in(random, 2) ? last - below(random, std::min<size_t>(last + 1, 4))
                                                               : below(random, last + 1)));
  }

  std::vector<Operand> ins, outs(outputs);
  std::vector<bool> taken(outputs, false);
  for (size_t i = 0; i < c.inputs; ++i) {
    const int32_t buffer = static_cast<int32_t>(c.buffers.size());
    const size_t alias = below(random, outputs);
    const bool shares =
        !taken[alias] && one_in(random, 2) && c.registers[static_cast<size_t>(c.outputs[alias])] == c.registers[i];
    const Layout layout = random_layout(random, buffer, c.registers[i], c.dims, !shares);
    if (shares) {
      taken[alias] = true;
      outs[alias] = layout.operand;
    }
    ins.push_back(layout.operand);
    Bytes data(layout.elements * size_of(c.registers[i]));
    std::normal_distribution<double> normal(0, 3);
    for (size_t e = 0; e < layout.elements; ++e) {
      const double value = one_in(random, 8) ? static_cast<double>(below(random, 3)) - 1 : normal(random);
      put(c.registers[i], data.data(), e, c.registers[i] == DType::kBool ? (value > 0 ? 1.0 : 0.0) : value);
    }
    c.buffers.push_back(std::move(data));
  }
  for (size_t k = 0; k < outputs; ++k) {
    if (taken[k]) continue;
    const DType dtype = c.registers[static_cast<size_t>(c.outputs[k])];
    const Layout layout = random_layout(random, static_cast<int32_t>(c.buffers.size()), dtype, c.dims, false);
    outs[k] = layout.operand;
    c.buffers.emplace_back(layout.elements * size_of(dtype), char{0x55});
  }
  c.operands = outs;
  c.operands.insert(c.operands.end(), ins.begin(), ins.end());
  return c;
}

Instruction instruction_of(const Case& c) {
  GroupBuilder group({c.registers.begin(), c.registers.begin() + static_cast<std::ptrdiff_t>(c.inputs)});
  for (const Case::Op& op : c.ops) {
    if (op.op == Micro::kConstant)
      group.constant(op.dtype, op.value);
    else
      group.op(op.op, op.dtype, op.args);
  }
  return group.build(c.outputs, c.operands);
}

std::vector<void*> addresses(std::vector<Bytes>& buffers) {
  std::vector<void*> bases;
  for (Bytes& b : buffers) bases.push_back(b.data());
  return bases;
}

/// All buffers after the group.
std::vector<Bytes> run_fused(const Case& c, const kernels::KernelTable& table, bool backwards) {
  std::vector<Bytes> buffers = c.buffers;
  const Fault fault = run(kElementwiseRow, instruction_of(c), addresses(buffers), table, backwards);
  CHECK(fault.code == Fault::kNone);
  return buffers;
}

/// The value of each register, each op run as a group of its own on dense operands.
std::vector<Bytes> run_unfused(const Case& c, const kernels::KernelTable& table) {
  std::vector<Bytes> values;
  for (size_t i = 0; i < c.inputs; ++i) {
    const Operand& in = c.operands[c.outputs.size() + i];
    values.push_back(gather(in, c.buffers[static_cast<size_t>(in.buffer)]));
  }
  const size_t size = static_cast<size_t>(c.operands[0].size());
  for (size_t k = 0; k < c.ops.size(); ++k) {
    const Case::Op& op = c.ops[k];
    const DType result = c.registers[c.inputs + k];
    Bytes out(size * size_of(result));
    std::vector<DType> inputs;
    std::vector<int32_t> args;
    std::vector<Operand> operands = {packed(0, result, c.dims)};
    std::vector<void*> bases = {out.data()};
    for (const int32_t arg : op.args) {
      const DType dtype = c.registers[static_cast<size_t>(arg)];
      args.push_back(static_cast<int32_t>(inputs.size()));
      inputs.push_back(dtype);
      operands.push_back(packed(static_cast<int32_t>(bases.size()), dtype, c.dims));
      bases.push_back(values[static_cast<size_t>(arg)].data());
    }
    GroupBuilder group(inputs);
    const int32_t reg =
        op.op == Micro::kConstant ? group.constant(op.dtype, op.value) : group.op(op.op, op.dtype, args);
    run(kElementwiseRow, group.build({reg}, operands), bases, table);
    values.push_back(std::move(out));
  }
  return values;
}

void check_case(unsigned seed) {
  CAPTURE(seed);
  const Case c = random_case(seed);
  std::vector<Bytes> first;  // the outputs on the first level
  each_table([&](const kernels::KernelTable& table) {
    const std::vector<Bytes> fused = run_fused(c, table, seed % 2 != 0);
    const std::vector<Bytes> unfused = run_unfused(c, table);
    for (size_t k = 0; k < c.outputs.size(); ++k) {
      const size_t reg = static_cast<size_t>(c.outputs[k]);
      Bytes have = gather(c.operands[k], fused[static_cast<size_t>(c.operands[k].buffer)]), want = unfused[reg];
      unify_nans(c.registers[reg], have);
      unify_nans(c.registers[reg], want);
      CAPTURE(k);
      REQUIRE(same_bits(have, want));
      if (&table == kernels::available_tables().front()) first.push_back(have);
      REQUIRE(same_bits(have, first[k]));
    }
  });
}

TEST_CASE("random groups give the same bits fused and op by op, on every ISA level") {
  for (unsigned seed = 1; seed <= 700; ++seed) check_case(seed);
}

TEST_CASE("nothing outside an output's view is written") {
  for (unsigned seed = 5000; seed < 5200; ++seed) {
    const Case c = random_case(seed);
    each_table([&](const kernels::KernelTable& table) {
      std::vector<Bytes> after = run_fused(c, table, false);
      for (size_t k = 0; k < c.outputs.size(); ++k) {
        const Operand& out = c.operands[k];
        const size_t bytes = size_of(out.dtype), buffer = static_cast<size_t>(out.buffer);
        each_element(out, [&](size_t, size_t at) {
          std::memcpy(&after[buffer][at * bytes], &c.buffers[buffer][at * bytes], bytes);
        });
      }
      CAPTURE(seed);
      CHECK(after == c.buffers);
    });
  }
}

TEST_CASE("work is split by shape into parts that may run in any order") {
  const Dims dims = {300, 1000};
  GroupBuilder group({DType::kFloat32, DType::kFloat32});
  const int32_t sum = group.op(Micro::kAdd, DType::kFloat32, {0, 1});
  const int32_t y = group.op(Micro::kTanh, DType::kFloat32, {sum});
  const Instruction instruction = group.build({y}, {packed(0, DType::kFloat32, dims), packed(1, DType::kFloat32, dims),
                                                    view(2, DType::kFloat32, dims, {0, 1})});
  std::vector<float> x(300000), bias(1000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = std::cos(static_cast<float>(i));
  std::vector<float> first;
  size_t first_parts = 0;
  each_table([&](const kernels::KernelTable& table) {
    std::vector<float> forwards(x.size()), backwards(x.size());
    size_t parts = 0;
    run(kElementwiseRow, instruction, {forwards.data(), x.data(), bias.data()}, table, false, &parts);
    run(kElementwiseRow, instruction, {backwards.data(), x.data(), bias.data()}, table, true);
    if (first.empty()) {
      first = forwards;
      first_parts = parts;
    }
    CHECK(parts > 3);
    CHECK(parts == first_parts);
    CHECK(same_bits(forwards, backwards));
    CHECK(same_bits(forwards, first));
    CHECK(std::abs(forwards[123456] - std::tanh(x[123456] + bias[456])) < 1e-6f);
  });
}

}  // namespace
}  // namespace gradsmith::plan::testing
