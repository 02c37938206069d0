// Elementwise ops against their definitions, on every ISA level.
#include <limits>

#include "group_testing.h"
#include "guarded.h"

namespace gradsmith::plan::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr DType kDTypes[] = {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kUint8, DType::kBool};

using Bytes = std::vector<char>;

/// n values of a dtype: ordinary ones among those where definitions differ.
Bytes values(DType dtype, size_t n, unsigned seed) {
  const double special[] = {0,     -0.0,  1,    -1,    2,    3,     127,    128, 255,  256, 2147483647, -2147483648.0,
                            1e10,  -1e10, kInf, -kInf, kNan, 1e-40, 1e-310, 0.5, -0.5, 88,  -88,        1000,
                            -1000, 0.1,   7};
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, dtype == DType::kInt32 ? 1e9 : dtype == DType::kUint8 ? 200 : 3);
  Bytes data(n * size_of(dtype));
  for (size_t i = 0; i < n; ++i) {
    const double value = random() % 3 == 0 ? special[random() % std::size(special)] : normal(random);
    put(dtype, data.data(), i, dtype == DType::kBool ? static_cast<double>(random() % 2) : value);
  }
  return data;
}

bool accepts(Micro op, DType dtype) {
  GroupBuilder group({op == Micro::kSelect ? DType::kBool : dtype, dtype, dtype});
  const int32_t y = group.op(op, dtype, {0, 1, 2});
  std::vector<Operand> operands = {packed(0, group.registers.back(), {4})};
  for (int32_t i = 0; i < 3; ++i) operands.push_back(packed(i + 1, group.registers[static_cast<size_t>(i)], {4}));
  return complaint(kElementwiseRow, group.build({y}, operands)).empty();
}

/// Of results of at most `dtype`'s precision; errors of values below `scale` are measured as there.
bool close(DType dtype, double have, double want, double ulps, double scale = 0) {
  if (std::isnan(want)) return std::isnan(have);
  if (have == want) return true;
  const double ulp = dtype == DType::kFloat32 ? std::max(std::max(std::abs(want), scale) * 0x1p-23, 0x1p-149)
                                              : std::max(std::max(std::abs(want), scale) * 0x1p-52, 0x1p-1074);
  return std::abs(have - want) <= ulps * ulp;
}

void check_op(const kernels::KernelTable& table, Micro op, DType dtype) {
  const size_t n = 333;  // whole blocks, vectors and a rest on every level
  CAPTURE(kernels::kMicroNames[static_cast<size_t>(op)]);
  CAPTURE(static_cast<int>(dtype));
  GroupBuilder group({op == Micro::kSelect ? DType::kBool : dtype, dtype, dtype});
  const int32_t y = group.op(op, dtype, {0, 1, 2});
  const DType result = group.registers.back();
  const int64_t size = static_cast<int64_t>(n);
  Bytes in[3], out(n * size_of(result));
  std::vector<Operand> operands = {packed(0, result, {size})};
  std::vector<void*> bases = {out.data()};
  for (size_t i = 0; i < 3; ++i) {
    in[i] = values(group.registers[i], n, 17 + static_cast<unsigned>(i));
    operands.push_back(packed(static_cast<int32_t>(i) + 1, group.registers[i], {size}));
    bases.push_back(in[i].data());
  }
  run(kElementwiseRow, group.build({y}, operands), bases, table);
  for (size_t i = 0; i < n; ++i) {
    const double a = get(group.registers[0], in[0].data(), i), b = get(dtype, in[1].data(), i);
    const double c = get(dtype, in[2].data(), i);
    const double want = expected(op, dtype, a, b, c), have = get(result, out.data(), i);
    CAPTURE(a);
    CAPTURE(b);
    // The slope of gelu is a difference where x is near -0.75.
    const double scale = op == Micro::kGeluSlope && a > -1.5 && a < -0.25 ? 0.125 : 0;
    REQUIRE_MESSAGE(close(result, have, want, is_math(op) ? 4 : 0, scale), have << " instead of " << want);
  }
}

TEST_CASE("every op gives what its definition says, for every dtype it takes") {
  each_table([](const kernels::KernelTable& table) {
    size_t checked = 0;
    for (int32_t code = static_cast<int32_t>(Micro::kCopy); code < kernels::kMicroCount; ++code) {
      for (const DType dtype : kDTypes) {
        if (!accepts(static_cast<Micro>(code), dtype)) continue;
        check_op(table, static_cast<Micro>(code), dtype);
        ++checked;
      }
    }
    // 2 of any dtype, 5 + 6 arithmetic ones of all but bool, 11 of floats, 6 comparisons, 3 logical.
    CHECK(checked == 2 * 5 + 11 * 4 + 11 * 2 + 6 * 5 + 3);
  });
}

TEST_CASE("a cast truncates and saturates, wraps between integers, and gives bool by x != 0") {
  each_table([](const kernels::KernelTable& table) {
    for (const DType from : kDTypes) {
      for (const DType to : kDTypes) {
        CAPTURE(static_cast<int>(from));
        CAPTURE(static_cast<int>(to));
        const size_t n = 517;
        GroupBuilder group({from});
        const int32_t y = group.op(Micro::kCast, to, {0});
        Bytes x = values(from, n, 5), out(n * size_of(to));
        run(kElementwiseRow, group.build({y}, {packed(0, to, {517}), packed(1, from, {517})}), {out.data(), x.data()},
            table);
        for (size_t i = 0; i < n; ++i) {
          const double value = get(from, x.data(), i);
          const bool wraps = from == DType::kInt32 && to == DType::kUint8;
          const double want = wraps ? wrap(to, static_cast<int64_t>(value)) : convert(to, value);
          CAPTURE(value);
          REQUIRE(close(DType::kFloat64, get(to, out.data(), i), want, 0));
        }
      }
    }
  });
}

TEST_CASE("signs of zero survive neg, abs, sqrt, copy and the odd functions") {
  each_table([](const kernels::KernelTable& table) {
    for (const Micro op :
         {Micro::kCopy, Micro::kSqrt, Micro::kSign, Micro::kTanh, Micro::kErf, Micro::kSin, Micro::kNeg}) {
      std::vector<float> x(37, -0.0f), y(37);
      GroupBuilder group({DType::kFloat32});
      group.op(op, DType::kFloat32, {0});
      run(kElementwiseRow, group.build({1}, {packed(0, DType::kFloat32, {37}), packed(1, DType::kFloat32, {37})}),
          {y.data(), x.data()}, table);
      for (const float v : y) {
        CHECK(v == 0);
        CHECK(std::signbit(v) == (op != Micro::kNeg));
      }
    }
  });
}

TEST_CASE("no element beyond an operand's end is read or written, at any length and place") {
  each_table([](const kernels::KernelTable& table) {
    GroupBuilder group({DType::kFloat32, DType::kUint8, DType::kFloat64});
    const int32_t wide = group.op(Micro::kCast, DType::kFloat32, {1});
    const int32_t narrow = group.op(Micro::kCast, DType::kFloat32, {2});
    const int32_t sum = group.op(Micro::kAdd, DType::kFloat32, {0, wide});
    const int32_t y = group.op(Micro::kMul, DType::kFloat32, {sum, narrow});
    const int32_t above = group.op(Micro::kGreater, DType::kFloat32, {y, 0});
    for (int64_t n = 1; n < 300; n += n < 40 ? 1 : 13) {
      for (const bool at_end : {false, true}) {
        CAPTURE(n);
        const size_t count = static_cast<size_t>(n);
        test::Guarded a(count * 4), b(count), c(count * 8), d(count * 4), e(count);
        float* x = at_end ? a.last<float>(count) : a.first<float>();
        uint8_t* k = at_end ? b.last<uint8_t>(count) : b.first<uint8_t>();
        double* z = at_end ? c.last<double>(count) : c.first<double>();
        float* out = at_end ? d.last<float>(count) : d.first<float>();
        uint8_t* flags = at_end ? e.last<uint8_t>(count) : e.first<uint8_t>();
        for (size_t i = 0; i < count; ++i) {
          x[i] = static_cast<float>(i) - 10;
          k[i] = static_cast<uint8_t>(i * 7);
          z[i] = static_cast<double>(i % 5) - 1.5;
        }
        run(kElementwiseRow,
            group.build({y, above},
                        {packed(0, DType::kFloat32, {n}), packed(1, DType::kBool, {n}), packed(2, DType::kFloat32, {n}),
                         packed(3, DType::kUint8, {n}), packed(4, DType::kFloat64, {n})}),
            {out, flags, x, k, z}, table);
        for (size_t i = 0; i < count; ++i) {
          const float want = (x[i] + static_cast<float>(k[i])) * static_cast<float>(z[i]);
          REQUIRE(out[i] == want);
          REQUIRE(flags[i] == (want > x[i] ? 1 : 0));
        }
      }
    }
  });
}

TEST_CASE("a group of no elements does nothing, one of one element works from scalars") {
  each_table([](const kernels::KernelTable& table) {
    GroupBuilder group({DType::kFloat64});
    const int32_t x = group.op(Micro::kCast, DType::kFloat32, {0});
    const int32_t y = group.op(Micro::kAdd, DType::kFloat32, {x, group.constant(DType::kFloat32, 0.5)});
    double in = 2;
    float out = -1;
    run(kElementwiseRow, group.build({y}, {packed(0, DType::kFloat32, {3, 0}), packed(1, DType::kFloat64, {3, 0})}),
        {&out, &in}, table);
    CHECK(out == -1);
    run(kElementwiseRow, group.build({y}, {packed(0, DType::kFloat32, {}), packed(1, DType::kFloat64, {})}),
        {&out, &in}, table);
    CHECK(out == 2.5f);
    run(kElementwiseRow,
        group.build({y}, {packed(0, DType::kFloat32, {1, 1}), view(1, DType::kFloat64, {1, 1}, {0, 0})}), {&out, &in},
        table);
    CHECK(out == 2.5f);
  });
}

TEST_CASE("outputs may be constants, inputs, scalars, or the same register twice") {
  each_table([](const kernels::KernelTable& table) {
    for (const int64_t n : {1, 5, 64, 1000}) {
      const size_t count = static_cast<size_t>(n);
      GroupBuilder group({DType::kFloat32, DType::kFloat64});
      const int32_t seven = group.constant(DType::kInt32, 7);
      const int32_t twice = group.op(Micro::kAdd, DType::kFloat32, {0, 0});
      const int32_t scalar = group.op(Micro::kSquare, DType::kFloat64, {1});
      std::vector<float> x(count, 3), a(count), b(count), c(count);
      std::vector<int32_t> k(count);
      std::vector<double> s(count);
      double factor = 1.5;
      run(kElementwiseRow,
          group.build({seven, 0, twice, twice, scalar},
                      {packed(0, DType::kInt32, {n}), packed(1, DType::kFloat32, {n}), packed(2, DType::kFloat32, {n}),
                       packed(3, DType::kFloat32, {n}), packed(4, DType::kFloat64, {n}),
                       packed(5, DType::kFloat32, {n}), view(6, DType::kFloat64, {n}, {0})}),
          {k.data(), a.data(), b.data(), c.data(), s.data(), x.data(), &factor}, table);
      for (size_t i = 0; i < count; ++i) {
        REQUIRE(k[i] == 7);
        REQUIRE(a[i] == 3);
        REQUIRE(b[i] == 6);
        REQUIRE(c[i] == 6);
        REQUIRE(s[i] == 2.25);
      }
    }
  });
}

TEST_CASE("two operands may swap places in memory") {
  each_table([](const kernels::KernelTable& table) {
    for (const int64_t n : {3, 200, 9000}) {
      const size_t count = static_cast<size_t>(n);
      GroupBuilder group({DType::kFloat32, DType::kFloat32});
      const int32_t sum = group.op(Micro::kAdd, DType::kFloat32, {0, 1});
      const int32_t difference = group.op(Micro::kSub, DType::kFloat32, {1, 0});
      std::vector<float> a(count), b(count);
      for (const std::vector<int32_t>& outputs : {std::vector<int32_t>{1, 0}, {sum, difference}, {difference, 0}}) {
        for (size_t i = 0; i < count; ++i) {
          a[i] = static_cast<float>(i);
          b[i] = 1000 - 3 * static_cast<float>(i);
        }
        const Operand p = packed(0, DType::kFloat32, {n}), q = packed(1, DType::kFloat32, {n});
        run(kElementwiseRow, group.build(outputs, {p, q, p, q}), {a.data(), b.data()}, table);
        for (size_t i = 0; i < count; ++i) {
          const float x = static_cast<float>(i), y = 1000 - 3 * x;
          const float by_register[] = {x, y, x + y, y - x};
          REQUIRE(a[i] == by_register[outputs[0]]);
          REQUIRE(b[i] == by_register[outputs[1]]);
        }
      }
    }
  });
}

TEST_CASE("programs that do not fit are refused") {
  const auto refuses = [](const Instruction& instruction) { return !complaint(kElementwiseRow, instruction).empty(); };
  const DType f = DType::kFloat32;
  GroupBuilder group({f});
  const int32_t y = group.op(Micro::kExp, f, {0});
  const Operand out = packed(0, f, {4}), in = packed(1, f, {4});
  const Instruction good = group.build({y}, {out, in});
  CHECK_FALSE(refuses(good));
  CHECK(refuses(group.build({y}, {out})));
  CHECK(refuses(group.build({y}, {out, in, in})));
  CHECK(refuses(group.build({2}, {out, in})));
  CHECK(refuses(group.build({-1}, {out, in})));
  CHECK(refuses(group.build({}, {in})));
  CHECK(refuses(group.build({y}, {out, packed(1, f, {5})})));
  CHECK(refuses(group.build({y}, {out, packed(1, f, {2, 2})})));
  CHECK(refuses(group.build({y}, {packed(0, DType::kFloat64, {4}), in})));
  CHECK(refuses(Instruction{1, {}, {out, in}}));
  for (size_t i = 0; i < good.attrs.size(); ++i) {
    Instruction cut = good;
    cut.attrs.resize(i);
    CHECK(refuses(cut));
  }
  const auto with_op = [&](Micro op, DType dtype, std::vector<int32_t> args) {
    GroupBuilder bad({f, DType::kBool});
    const int32_t result = bad.op(op, dtype, std::move(args));
    return bad.build({result}, {packed(0, bad.registers.back(), {4}), in, packed(2, DType::kBool, {4})});
  };
  CHECK(refuses(with_op(static_cast<Micro>(kernels::kMicroCount), f, {0})));
  CHECK(refuses(with_op(static_cast<Micro>(-1), f, {0})));
  CHECK(refuses(with_op(Micro::kNeg, static_cast<DType>(5), {0})));
  CHECK(refuses(with_op(Micro::kNeg, f, {2})));  // itself
  CHECK(refuses(with_op(Micro::kNeg, f, {-1})));
  CHECK(refuses(with_op(Micro::kNeg, f, {1})));  // a bool
  CHECK(refuses(with_op(Micro::kNeg, DType::kBool, {1})));
  CHECK(refuses(with_op(Micro::kSelect, f, {0, 0, 0})));
  CHECK(refuses(with_op(Micro::kLogicalNot, f, {0})));
  CHECK_FALSE(refuses(with_op(Micro::kSelect, f, {1, 0, 0})));
}

}  // namespace
}  // namespace gradsmith::plan::testing
