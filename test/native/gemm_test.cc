// Matrix products against a reference of higher precision, on every ISA level of this CPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "guarded.h"
#include "kernels/kernel_table.h"

using namespace gradsmith;
using kernels::Activation;
using kernels::GemmFunctions;
using kernels::GemmPlan;
using kernels::GemmPointers;
using kernels::GemmShape;
using test::Guarded;

namespace {

template <class T>
const GemmFunctions& functions(const kernels::KernelTable& table) {
  if constexpr (sizeof(T) == 4) return table.gemm.f32;
  return table.gemm.f64;
}

/// float is checked in double, double in long double.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;

/// A product and where its operands lie. Element (i, j) of A is a[a_at + i·a_row + j·a_col + …].
struct Case {
  GemmShape s{};
  ptrdiff_t a_at = 0, b_at = 0;
  size_t a_size = 0, b_size = 0, c_size = 0;
  bool bias = false;
  double alpha = 1;
};

/// Gives a matrix of rows x columns (one of `batch`) strides of one of five kinds, and says how many elements it spans.
size_t lay_out(int kind, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t batch, bool share_batch, ptrdiff_t& row,
               ptrdiff_t& column, ptrdiff_t& batch_stride, ptrdiff_t& at) {
  switch (kind) {
    case 0:
      row = columns, column = 1;
      break;
    case 1:
      row = 1, column = rows;
      break;
    case 2:
      row = columns + 3, column = 1;
      break;
    case 3:
      row = 1, column = rows + 5;
      break;
    case 4:
      row = 2 * columns + 1, column = 2;
      break;
    case 5:
      row = -columns, column = -1;
      break;
    case 6:
      row = 0, column = 1;
      break;
    default:
      row = 1, column = 0;
      break;
  }
  const ptrdiff_t low = std::min<ptrdiff_t>(0, row) * (rows - 1) + std::min<ptrdiff_t>(0, column) * (columns - 1);
  const ptrdiff_t high = std::max<ptrdiff_t>(0, row) * (rows - 1) + std::max<ptrdiff_t>(0, column) * (columns - 1);
  at = -low;
  const ptrdiff_t span = rows > 0 && columns > 0 ? high - low + 1 : 0;
  batch_stride = share_batch ? 0 : span;
  return static_cast<size_t>(share_batch ? span : span * batch);
}

Case make_case(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int a_kind, int b_kind, ptrdiff_t c_gap = 0, ptrdiff_t batch = 1,
               bool share_a = false, bool share_b = false) {
  Case c;
  c.s.m = m, c.s.n = n, c.s.k = k;
  c.s.c_row = n + c_gap;
  c.s.batch_rank = batch > 1 ? 1 : 0;
  c.s.batch_dims[0] = batch;
  c.a_size = lay_out(a_kind, m, k, batch, share_a, c.s.a_row, c.s.a_col, c.s.a_batch[0], c.a_at);
  c.b_size = lay_out(b_kind, k, n, batch, share_b, c.s.b_row, c.s.b_col, c.s.b_batch[0], c.b_at);
  const ptrdiff_t span = m > 0 && n > 0 ? (m - 1) * c.s.c_row + n : 0;
  c.s.c_batch[0] = span + c_gap;
  c.c_size = static_cast<size_t>(batch > 1 ? c.s.c_batch[0] * batch : span);
  return c;
}

unsigned every_nth() {
  const char* n = std::getenv("GRADSMITH_TEST_STRIDE");
  return n == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(n)));
}

/// Holds the memory of one product after another.
template <class T>
class Products {
 public:
  Products() : a_(kBytes), b_(kBytes), c_(kBytes), bias_(1 << 16), scratch_(kBytes), workspace_(kBytes) {}

  /// Runs `c` on every ISA level and compares; the message names the first element that is wrong.
  void check(Case c) {
    if (calls_++ % stride_ != 0) return;
    c.s.bias = c.bias;
    T* a = a_.template last<T>(c.a_size);
    T* b = b_.template last<T>(c.b_size);
    T* bias = bias_.template last<T>(static_cast<size_t>(c.s.n));
    fill(a, c.a_size);
    fill(b, c.b_size);
    fill(bias, static_cast<size_t>(c.s.n));
    before_.resize(c.c_size + kCanaries);
    fill(before_.data(), before_.size());
    reference(c, a + c.a_at, b + c.b_at, bias);
    for (const kernels::KernelTable* table : kernels::available_tables()) {
      const GemmFunctions& gemm = functions<T>(*table);
      const GemmPlan plan = gemm.plan(c.s);
      const T* result = run(c, plan, plan.run, a + c.a_at, b + c.b_at, bias);
      compare(c, result, table->isa);
      if (plan.run != gemm.run || plan.parts > 1) {  // the general way, or another order: the same bits
        const std::vector<T> kept(result, result + c.c_size);
        const T* again = run(c, plan, gemm.run, a + c.a_at, b + c.b_at, bias);
        CHECK(std::memcmp(again, kept.data(), c.c_size * sizeof(T)) == 0);
      }
      if (c.s.accumulate) check_accumulate(c, gemm, std::vector<T>(result, result + c.c_size), a + c.a_at, b + c.b_at);
      if (!c.bias && c.s.activation == Activation::kNone) check_hook(c, gemm, a + c.a_at, b + c.b_at);
    }
  }

  /// C += alpha·A·B has the bits of C + (alpha·A·B).
  void check_accumulate(Case c, const GemmFunctions& gemm, const std::vector<T>& got, const T* a, const T* b) {
    c.s.accumulate = false;
    const GemmPlan plan = gemm.plan(c.s);
    const T* product = run(c, plan, plan.run, a, b, nullptr);
    const ptrdiff_t batch = c.s.batch_rank ? c.s.batch_dims[0] : 1;
    size_t wrong = 0;
    for (ptrdiff_t q = 0; q < batch; q++) {
      for (ptrdiff_t i = 0; i < c.s.m; i++) {
        for (ptrdiff_t j = 0; j < c.s.n; j++) {
          const auto at = static_cast<size_t>(q * c.s.c_batch[0] + i * c.s.c_row + j);
          const T want = before_[kCanaries + at] + product[at];
          wrong += want != got[at];
        }
      }
    }
    if (wrong) FAIL(wrong << " sums differ: " << c.s.m << "x" << c.s.n << "x" << c.s.k);
  }

  /// What the hook is given has the bits of a C without gaps, each element once.
  void check_hook(Case c, const GemmFunctions& gemm, const T* a, const T* b) {
    c.s.accumulate = false;
    c.s.c_row = c.s.n;
    c.s.c_batch[0] = c.s.m * c.s.n;
    const ptrdiff_t batch = c.s.batch_rank ? c.s.batch_dims[0] : 1;
    c.c_size = static_cast<size_t>(c.s.m * c.s.n * batch);
    const GemmPlan without = gemm.plan(c.s);
    const T* result = run(c, without, without.run, a, b, nullptr);
    const std::vector<T> want(result, result + c.c_size);
    c.s.hooked = true;
    c.s.c_row = c.s.c_batch[0] = -7;  // ignored
    const GemmPlan with = gemm.plan(c.s);
    for (const kernels::GemmRun how : {with.run, gemm.run}) {
      const std::vector<int> none(c.c_size, 0);
      taken_ = {std::vector<T>(c.c_size), none, c.s.m * batch, c.s.n};
      run(c, with, how, a, b, nullptr);
      CHECK(std::all_of(taken_.times.begin(), taken_.times.end(), [](int n) { return n == 1; }));
      if (std::memcmp(taken_.values.data(), want.data(), c.c_size * sizeof(T)) != 0) {
        FAIL("the hook is given other sums: " << c.s.m << "x" << c.s.n << "x" << c.s.k << " batch " << batch);
      }
      if (how == gemm.run) break;
    }
  }

  T* run(const Case& c, const GemmPlan& plan, kernels::GemmRun how, const T* a, const T* b, const T* bias) {
    T* to = c_.template last<T>(c.c_size + kCanaries) + kCanaries;
    std::copy_n(before_.begin(), c.c_size + kCanaries, to - kCanaries);
    char* workspace = workspace_.template last<char>(plan.workspace_bytes);
    std::memset(workspace, 0xFF, plan.workspace_bytes);  // NaN: nothing is there yet
    const bool hooked = plan.shape.hooked;
    const GemmPointers pointers{hooked ? nullptr : to,    a,       b,        c.bias ? bias : nullptr, c.alpha,
                                hooked ? &take : nullptr, &taken_, workspace};
    run_phase(plan, pointers, how, plan.parts);
    run_phase(plan, pointers, plan.finish, plan.finish_parts);
    return to;
  }

  std::mt19937& random() { return random_; }

 private:
  void run_phase(const GemmPlan& plan, const GemmPointers& pointers, kernels::GemmRun how, size_t parts) {
    std::vector<size_t> order(parts);
    std::iota(order.begin(), order.end(), size_t{0});
    std::shuffle(order.begin(), order.end(), random_);
    char* scratch = scratch_.template last<char>(plan.scratch_bytes);
    for (size_t part : order) {
      std::memset(scratch, 0xFF, plan.scratch_bytes);  // NaN: nothing may be taken from an earlier part
      how(plan, pointers, part, scratch);
    }
  }

  /// What a hook was given.
  struct Taken {
    std::vector<T> values;
    std::vector<int> times;
    ptrdiff_t m = 0, n = 0;
  };
  static void take(void* context, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1, void* block,
                   ptrdiff_t block_row) noexcept {
    auto& taken = *static_cast<Taken*>(context);
    auto* from = static_cast<T*>(block);
    if (i0 < 0 || i1 > taken.m || j0 < 0 || j1 > taken.n) return;  // an element is missing then
    for (ptrdiff_t i = i0; i < i1; i++) {
      for (ptrdiff_t j = j0; j < j1; j++) {
        T& x = from[(i - i0) * block_row + j - j0];
        taken.values[static_cast<size_t>(i * taken.n + j)] = x;
        taken.times[static_cast<size_t>(i * taken.n + j)]++;
        x = std::numeric_limits<T>::quiet_NaN();  // the block is the hook's
      }
    }
  }
  Taken taken_;

  static constexpr size_t kBytes = 4 << 20;
  static constexpr size_t kCanaries = 64;

  /// Sanitizers and emulators make these products take minutes, so scripts/native-tests.mjs has them try every n-th
  /// there (n a prime that no pattern of the loops below shares).
  const unsigned stride_ = every_nth();
  unsigned calls_ = 0;

  /// Uniform in [-1, 1), from the high bits of a linear congruential generator: there is much to fill.
  void fill(T* p, size_t count) {
    for (size_t i = 0; i < count; i++) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      p[i] = static_cast<T>(static_cast<int32_t>(state_ >> 32)) / T(2147483648.0);
    }
  }

  void reference(const Case& c, const T* a, const T* b, const T* bias) {
    const GemmShape& s = c.s;
    const ptrdiff_t batch = s.batch_rank ? s.batch_dims[0] : 1;
    const auto mn = static_cast<size_t>(s.m * s.n);
    want_.assign(mn * static_cast<size_t>(batch), 0);
    size_.assign(want_.size(), 0);
    for (ptrdiff_t q = 0; q < batch; q++) {
      Wide<T>* want = want_.data() + static_cast<size_t>(q) * mn;
      Wide<T>* size = size_.data() + static_cast<size_t>(q) * mn;
      for (ptrdiff_t i = 0; i < s.m; i++) {
        for (ptrdiff_t p = 0; p < s.k; p++) {
          const Wide<T> x = a[q * s.a_batch[0] + i * s.a_row + p * s.a_col];
          for (ptrdiff_t j = 0; j < s.n; j++) {
            const Wide<T> term = x * b[q * s.b_batch[0] + p * s.b_row + j * s.b_col];
            want[i * s.n + j] += term;
            size[i * s.n + j] += std::fabs(term);
          }
        }
        for (ptrdiff_t j = 0; j < s.n; j++) {
          Wide<T>& x = want[i * s.n + j];
          Wide<T>& y = size[i * s.n + j];
          x *= c.alpha;
          y *= std::fabs(c.alpha);
          const T old = before_[kCanaries + static_cast<size_t>(q * s.c_batch[0] + i * s.c_row + j)];
          if (s.accumulate) x += old, y += std::fabs(old);
          if (c.bias) x += bias[j], y += std::fabs(bias[j]);
          if (s.activation == Activation::kRelu) x = std::max<Wide<T>>(x, 0);
          if (s.activation == Activation::kSigmoid) x = 1 / (1 + std::exp(-x));
          if (s.activation == Activation::kTanh) x = std::tanh(x);
        }
      }
    }
  }

  void compare(const Case& c, const T* result, const char* isa) {
    const GemmShape& s = c.s;
    const ptrdiff_t batch = s.batch_rank ? s.batch_dims[0] : 1;
    // k roundings of partial sums, alpha, bias and the old C; an activation (slope at most 1) adds 4 ulp of its own.
    const Wide<T> eps = std::numeric_limits<T>::epsilon();
    const Wide<T> bound = static_cast<Wide<T>>(s.k + 3) * eps;
    std::vector<bool> written(c.c_size, false);
    size_t index = 0;
    for (ptrdiff_t q = 0; q < batch; q++) {
      for (ptrdiff_t i = 0; i < s.m; i++) {
        for (ptrdiff_t j = 0; j < s.n; j++, index++) {
          const auto at = static_cast<size_t>(q * s.c_batch[0] + i * s.c_row + j);
          written[at] = true;
          const Wide<T> error = std::fabs(static_cast<Wide<T>>(result[at]) - want_[index]);
          const Wide<T> limit =
              bound * size_[index] + (s.activation == Activation::kNone ? 0 : 4 * eps * std::fabs(want_[index]));
          if (!(error <= limit)) {
            FAIL(std::string(isa) << (sizeof(T) == 4 ? " f32 " : " f64 ") << s.m << "x" << s.n << "x" << s.k << " a "
                                  << s.a_row << "," << s.a_col << " b " << s.b_row << "," << s.b_col << " batch "
                                  << batch << " at " << q << "," << i << "," << j << ": " << double(result[at])
                                  << ", not " << double(want_[index]) << ", error " << double(error) << " > "
                                  << double(limit));
          }
        }
      }
    }
    bool intact = std::memcmp(result - kCanaries, before_.data(), kCanaries * sizeof(T)) == 0;
    for (size_t i = 0; i < c.c_size; i++) intact = intact && (written[i] || result[i] == before_[kCanaries + i]);
    if (!intact) FAIL(std::string(isa) << " wrote beside C: " << s.m << "x" << s.n << "x" << s.k);
  }

  Guarded a_, b_, c_, bias_, scratch_, workspace_;
  std::mt19937 random_{1};
  uint64_t state_ = 1;
  std::vector<T> before_;
  std::vector<Wide<T>> want_, size_;
};

/// The ways to finish that the instruction has.
void vary(Case& c, unsigned way) {
  switch (way % 8) {
    case 1:
      c.bias = true;
      break;
    case 2:
      c.s.accumulate = true, c.alpha = -0.25;
      break;
    case 3:
      c.bias = true, c.s.activation = Activation::kRelu;
      break;
    case 4:
      c.bias = true, c.s.activation = Activation::kSigmoid, c.alpha = 0.5;
      break;
    case 5:
      c.s.activation = Activation::kTanh;
      break;
    case 6:
      c.s.accumulate = true;
      break;
    case 7:
      c.alpha = 3;
      break;
    default:
      break;
  }
}

/// All parts, in order, of both phases.
void run_all(const GemmPlan& plan, GemmPointers pointers) {
  void* scratch = std::aligned_alloc(64, plan.scratch_bytes + 64);
  void* workspace = std::aligned_alloc(64, plan.workspace_bytes + 64);
  pointers.workspace = workspace;
  for (size_t part = 0; part < plan.parts; part++) plan.run(plan, pointers, part, scratch);
  for (size_t part = 0; part < plan.finish_parts; part++) plan.finish(plan, pointers, part, scratch);
  std::free(scratch);
  std::free(workspace);
}

int between(std::mt19937& random, int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }

}  // namespace

TEST_CASE_TEMPLATE("every size from 1 to 40, in every layout", T, float, double) {
  Products<T> products;
  unsigned count = 0;
  for (ptrdiff_t m = 1; m <= 40; m++) {
    for (ptrdiff_t n = 1; n <= 40; n++) {
      // The x87 reference of double is slow: of its triples every third, so that each pair of sizes still occurs.
      const ptrdiff_t step = sizeof(T) == 4 ? 1 : 3;
      for (ptrdiff_t k = 1 + (m + n) % step; k <= 40; k += step, count++) {
        Case c = make_case(m, n, k, static_cast<int>(count % 5), static_cast<int>(count / 5 % 5), count % 3);
        vary(c, count / 7);
        products.check(c);
      }
    }
  }
}

TEST_CASE_TEMPLATE("sizes around the tiles' edges up to 130", T, float, double) {
  Products<T> products;
  const ptrdiff_t sizes[] = {1, 3, 13, 14, 15, 16, 28, 29, 31, 32, 33, 63, 64, 65, 97, 100, 112, 127, 128, 129, 130};
  unsigned count = 0;
  for (ptrdiff_t m : sizes) {
    for (ptrdiff_t n : sizes) {
      for (ptrdiff_t k : {1, 7, 64, 100, 130}) {
        Case c = make_case(m, n, k, static_cast<int>(count % 4), static_cast<int>(count / 4 % 4), count % 2);
        vary(c, count / 3);
        products.check(c);
        count++;
      }
    }
  }
}

TEST_CASE_TEMPLATE("random shapes, strides, batches and finishes", T, float, double) {
  Products<T> products;
  std::mt19937& r = products.random();
  for (int round = 0; round < 600; round++) {
    const int big = round % 4 == 0 ? 300 : 70;
    const ptrdiff_t batch = round % 3 == 0 ? between(r, 2, 5) : 1;
    const ptrdiff_t m = between(r, 1, big), n = between(r, 1, big), k = between(r, 0, round % 8 == 0 ? 700 : 90);
    Case c = make_case(m, n, k, between(r, 0, 7), between(r, 0, 7), between(r, 0, 4), batch, between(r, 0, 2) == 0,
                       between(r, 0, 1) == 0);
    if (c.a_size > 400000 || c.b_size > 400000 || c.c_size > 400000) continue;
    vary(c, static_cast<unsigned>(between(r, 0, 7)));
    products.check(c);
  }
}

TEST_CASE_TEMPLATE("rows, columns and other thin products with long sums", T, float, double) {
  Products<T> products;
  unsigned count = 0;
  for (ptrdiff_t thin = 1; thin <= 9; thin++) {
    for (ptrdiff_t wide : {1, 10, 64, 300}) {
      for (ptrdiff_t k : {255, 257, 600}) {
        for (int kinds = 0; kinds < 16; kinds++, count++) {
          Case c = count % 2 ? make_case(thin, wide, k, kinds % 4, kinds / 4)
                             : make_case(wide, thin, k, kinds % 4, kinds / 4);
          vary(c, count / 16);
          products.check(c);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("shapes of real networks: several parts, ragged last vectors", T, float, double) {
  Products<T> products;
  for (unsigned way : {0u, 2u, 4u}) {
    for (const auto& [m, n, k, a, b] : std::vector<std::array<int, 5>>{{64, 100, 1000, 0, 0},
                                                                       {1000, 100, 64, 1, 0},
                                                                       {64, 10, 100, 0, 0},
                                                                       {100, 10, 64, 1, 0},
                                                                       {64, 100, 10, 0, 1},
                                                                       {128, 512, 784, 0, 0},
                                                                       {784, 512, 128, 1, 0},
                                                                       {128, 784, 512, 0, 1},
                                                                       {1, 512, 784, 0, 0},
                                                                       {1, 512, 784, 0, 1},
                                                                       {40, 70, 2100, 0, 0},
                                                                       {9, 40, 1500, 0, 3},
                                                                       {250, 333, 515, 4, 4}}) {
      Case c = make_case(m, n, k, a, b);
      vary(c, way);
      products.check(c);
    }
  }
}

TEST_CASE("a sum of nothing is 0: C becomes act(bias), or stays") {
  Products<float> products;
  for (unsigned way = 0; way < 8; way++) {
    Case c = make_case(5, 19, 0, 0, 0, 2);
    vary(c, way);
    if (way == 7) c.alpha = std::numeric_limits<double>::infinity();
    if (way == 7) {
      const kernels::KernelTable& table = *kernels::available_tables().back();
      float out[5 * 21];
      std::fill(std::begin(out), std::end(out), 1.0f);
      const GemmPlan plan = table.gemm.f32.plan(c.s);
      std::vector<char> scratch(plan.scratch_bytes + 64);
      plan.run(plan, {out, out, out, nullptr, c.alpha}, 0, scratch.data());
      CHECK(out[0] == 0);
      CHECK(out[4 * 21 + 18] == 0);
      CHECK(out[19] == 1);
    } else {
      products.check(c);
    }
  }
}

TEST_CASE("an empty C has no parts") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CHECK(table->gemm.f32.plan(make_case(0, 5, 3, 0, 0).s).parts == 0);
    CHECK(table->gemm.f32.plan(make_case(5, 0, 3, 0, 0).s).parts == 0);
  }
}

TEST_CASE_TEMPLATE("NaN and infinity spread as IEEE says, through zeros too", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  std::mt19937 random(3);
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    const GemmFunctions& gemm = functions<T>(*table);
    for (const auto& [m, n, k] :
         std::vector<std::array<int, 3>>{{1, 1, 1}, {1, 40, 20}, {5, 3, 50}, {20, 35, 33}, {70, 70, 300}}) {
      for (int layout = 0; layout < 4; layout++) {
        Case c = make_case(m, n, k, layout % 2, layout / 2);
        std::vector<T> a(c.a_size, 0), b(c.b_size, 1), out(c.c_size, 7);
        const ptrdiff_t i = between(random, 0, m - 1), p = between(random, 0, k - 1), j = between(random, 0, n - 1);
        T& x = a[static_cast<size_t>(c.a_at + i * c.s.a_row + p * c.s.a_col)];
        T& y = b[static_cast<size_t>(c.b_at + p * c.s.b_row + j * c.s.b_col)];
        const GemmPlan plan = gemm.plan(c.s);
        const auto run = [&] { run_all(plan, {out.data(), a.data() + c.a_at, b.data() + c.b_at}); };
        x = inf;
        run();
        bool right = true;
        for (ptrdiff_t q = 0; q < m * n; q++) right = right && out[static_cast<size_t>(q)] == (q / n == i ? inf : 0);
        CHECK(right);
        x = 0;
        y = nan;  // 0 · NaN is NaN
        run();
        right = true;
        for (ptrdiff_t q = 0; q < m * n; q++) {
          const T got = out[static_cast<size_t>(q)];
          right = right && (q % n == j ? std::isnan(got) : got == 0);
        }
        CHECK(right);
      }
    }
  }
}

TEST_CASE("relu keeps NaN") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    Case c = make_case(1, 3, 1, 0, 0);
    c.s.activation = Activation::kRelu;
    const float a[] = {1}, b[] = {-2, std::numeric_limits<float>::quiet_NaN(), 3};
    float out[3];
    const GemmPlan plan = table->gemm.f32.plan(c.s);
    std::vector<char> scratch(plan.scratch_bytes + 64);
    plan.run(plan, {out, a, b, nullptr, 1.0}, 0, scratch.data());
    CHECK(out[0] == 0);
    CHECK(std::isnan(out[1]));
    CHECK(out[2] == 3);
  }
}

TEST_CASE("parts: one below some 36 µs of work, at most 16, cut where weights stay with their threads") {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    const GemmFunctions& gemm = table->gemm.f32;
    CHECK(gemm.plan(make_case(4, 16, 2, 0, 0).s).parts == 1);
    CHECK(gemm.plan(make_case(16, 16, 16, 0, 0).s).parts == 1);
    const size_t most = gemm.plan(make_case(2048, 2048, 2048, 0, 0).s).parts;
    CHECK(most == 16);
    CHECK(gemm.plan(make_case(512, 512, 512, 0, 0).s).parts >= 2);
    // A weight's rows are k of its product with a small batch, n of the gradient that goes on, m of its own gradient.
    const GemmPlan forward = gemm.plan(make_case(64, 100, 1000, 0, 0).s);
    CHECK(forward.grid_k == 2);
    CHECK(forward.finish_parts >= 2);
    CHECK(forward.partial_bytes >= 64 * 100 * 4 + 128 * 1024);
    CHECK(gemm.plan(make_case(64, 1000, 100, 0, 1).s).grid_n >= 2);
    const GemmPlan own = gemm.plan(make_case(1000, 100, 64, 1, 0).s);
    CHECK(own.grid_m >= 2);
    CHECK(own.finish_parts == 0);
    CHECK(own.workspace_bytes == 0);
  }
}
