// Matrix products against a reference of higher precision, on every ISA level of this CPU: what the tests of products
// share.
#pragma once
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
#include <type_traits>
#include <vector>

#include "every_nth.h"
#include "gemm_precisions.h"
#include "guarded.h"
#include "kernels/kernel_table.h"

namespace gradsmith::test {

using kernels::GemmPlan;
using kernels::GemmPointers;
using kernels::GemmShape;

/// float is checked in double, double in long double.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;

/// A product and where its operands lie. Element (i, j) of A is a[a_at + i·a_row + j·a_col + …].
struct Case {
  GemmShape s{};
  ptrdiff_t a_at = 0, b_at = 0;
  size_t a_size = 0, b_size = 0, c_size = 0;
  double alpha = 1;
};

/// Gives a matrix of rows x columns (one of `batch`) strides of one of five kinds, and says how many elements it spans.
inline size_t lay_out(int kind, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t batch, bool share_batch, ptrdiff_t& row,
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

inline Case make_case(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int a_kind, int b_kind, ptrdiff_t c_gap = 0,
                      ptrdiff_t batch = 1, bool share_a = false, bool share_b = false) {
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

/// Holds the memory of one product after another. P: float, double, Bf16 or RoundedBf16.
template <class P>
class Products {
  using T = ElementOf<P>;

 public:
  Products() : a_(kBytes), b_(kBytes), copy_(kBytes), c_(kBytes), scratch_(kBytes), workspace_(kBytes) {}

  /// Runs `c` on every ISA level and compares; the message names the first element that is wrong.
  void check(Case c) {
    if (calls_++ % stride_ != 0 || levels_.empty()) return;
    T* a = a_.template last<T>(c.a_size);
    T* b = b_.template last<T>(c.b_size);
    fill(a, c.a_size);
    fill(b, c.b_size);
    before_.resize(c.c_size + kCanaries);
    fill(before_.data(), before_.size());
    reference(c, rounded(a, c.a_size, rounded_a_) + c.a_at, rounded(b, c.b_size, rounded_b_) + c.b_at);
    for (const kernels::KernelTable* table : levels_) {
      const GemmFunctions& gemm = functions<P>(*table);
      const GemmPlan plan = gemm.plan(c.s);
      const T* result = run(c, plan, plan.run, a + c.a_at, b + c.b_at);
      compare(c, result, table->isa);
      if (plan.run != gemm.run || plan.parts > 1) {  // the general way, or another order: the same bits
        const std::vector<T> kept(result, result + c.c_size);
        const T* again = run(c, plan, gemm.run, a + c.a_at, b + c.b_at);
        CHECK(std::memcmp(again, kept.data(), c.c_size * sizeof(T)) == 0);
      }
      if (plan.copied_row > 0) {  // B in bfloat16 already: the same bits
        const std::vector<T> kept(result, result + c.c_size);
        const T* again = run(c, plan, plan.run, a + c.a_at, nullptr, copy_of(b, c.b_size, table->gemm) + c.b_at);
        CHECK(std::memcmp(again, kept.data(), c.c_size * sizeof(T)) == 0);
        with_copy_++;
      }
      if (c.s.accumulate) check_accumulate(c, gemm, std::vector<T>(result, result + c.c_size), a + c.a_at, b + c.b_at);
      check_hook(c, gemm, a + c.a_at, b + c.b_at, nullptr);
      if (plan.copied_row > 0) {
        check_hook(c, gemm, a + c.a_at, b + c.b_at, copy_of(b, c.b_size, table->gemm) + c.b_at);
      }
    }
  }

  /// Products that were also tried with a rounded copy of B.
  size_t with_copy() const { return with_copy_; }

  /// C += alpha·A·B has the bits of C + (alpha·A·B).
  void check_accumulate(Case c, const GemmFunctions& gemm, const std::vector<T>& got, const T* a, const T* b) {
    c.s.accumulate = false;
    const GemmPlan plan = gemm.plan(c.s);
    const T* product = run(c, plan, plan.run, a, b);
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

  /// What the hook is given has the bits of a C without gaps, each element once; with a copy of B, too, if given.
  void check_hook(Case c, const GemmFunctions& gemm, const T* a, const T* b, const uint16_t* b_copy) {
    c.s.accumulate = false;
    c.s.c_row = c.s.n;
    c.s.c_batch[0] = c.s.m * c.s.n;
    const ptrdiff_t batch = c.s.batch_rank ? c.s.batch_dims[0] : 1;
    c.c_size = static_cast<size_t>(c.s.m * c.s.n * batch);
    const GemmPlan without = gemm.plan(c.s);
    const T* result = run(c, without, without.run, a, b);
    const std::vector<T> want(result, result + c.c_size);
    c.s.hooked = true;
    c.s.c_row = c.s.c_batch[0] = -7;  // ignored
    const GemmPlan with = gemm.plan(c.s);
    if (b_copy != nullptr && with.copied_row == 0) return;  // a column of C without gaps is taken for a row
    for (const kernels::GemmRun how : {with.run, gemm.run}) {
      const std::vector<int> none(c.c_size, 0);
      taken_ = {std::vector<T>(c.c_size), none, c.s.m * batch, c.s.n};
      run(c, with, how, a, b_copy == nullptr ? b : nullptr, b_copy);
      CHECK(std::all_of(taken_.times.begin(), taken_.times.end(), [](int n) { return n == 1; }));
      if (std::memcmp(taken_.values.data(), want.data(), c.c_size * sizeof(T)) != 0) {
        FAIL("the hook is given other sums: " << c.s.m << "x" << c.s.n << "x" << c.s.k << " batch " << batch);
      }
      if (how == gemm.run) break;
    }
  }

  T* run(const Case& c, const GemmPlan& plan, kernels::GemmRun how, const T* a, const T* b,
         const uint16_t* b_copy = nullptr) {
    T* to = c_.template last<T>(c.c_size + kCanaries) + kCanaries;
    std::copy_n(before_.begin(), c.c_size + kCanaries, to - kCanaries);
    char* workspace = workspace_.template last<char>(plan.workspace_bytes);
    std::memset(workspace, 0xFF, plan.workspace_bytes);  // NaN: nothing is there yet
    const bool hooked = plan.shape.hooked;
    GemmPointers pointers{hooked ? nullptr : to, a, b, c.alpha, hooked ? &take : nullptr, &taken_, b_copy, workspace};
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

  const uint16_t* copy_of(const T* b, size_t size, const kernels::GemmKernels& gemm) {
    if constexpr (kRounds<P>) {
      uint16_t* copy = copy_.template last<uint16_t>(size);
      gemm.round(b, size, copy);
      return copy;
    }
    return nullptr;
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

  static constexpr size_t kBytes = 16 << 20;
  static constexpr size_t kCanaries = 64;

  /// n is a prime that no pattern of the tests' loops shares.
  const unsigned stride_ = every_nth();
  const std::vector<const kernels::KernelTable*> levels_ = levels<P>();
  unsigned calls_ = 0;
  size_t with_copy_ = 0;

  /// Uniform in [-1, 1), from the high bits of a linear congruential generator: there is much to fill.
  void fill(T* p, size_t count) {
    for (size_t i = 0; i < count; i++) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      p[i] = static_cast<T>(static_cast<int32_t>(state_ >> 32)) / T(2147483648.0);
    }
  }

  /// The operand as the product is to see it.
  static const T* rounded(const T* x, size_t size, std::vector<T>& copy) {
    if constexpr (kRounds<P>) {
      copy.resize(size);
      std::transform(x, x + size, copy.begin(), nearest_bf16);
      return copy.data();
    }
    return x;
  }

  void reference(const Case& c, const T* a, const T* b) {
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
        }
      }
    }
  }

  void compare(const Case& c, const T* result, const char* isa) {
    const GemmShape& s = c.s;
    const ptrdiff_t batch = s.batch_rank ? s.batch_dims[0] : 1;
    // k roundings of partial sums, of alpha and the old C.
    const Wide<T> eps = std::numeric_limits<T>::epsilon();
    const Wide<T> bound = static_cast<Wide<T>>(s.k + 2) * eps;
    std::vector<bool> written(c.c_size, false);
    size_t index = 0;
    for (ptrdiff_t q = 0; q < batch; q++) {
      for (ptrdiff_t i = 0; i < s.m; i++) {
        for (ptrdiff_t j = 0; j < s.n; j++, index++) {
          const auto at = static_cast<size_t>(q * s.c_batch[0] + i * s.c_row + j);
          written[at] = true;
          const Wide<T> error = std::fabs(static_cast<Wide<T>>(result[at]) - want_[index]);
          const Wide<T> limit = bound * size_[index];
          if (!(error <= limit)) {
            FAIL(std::string(isa) << (kRounds<P>       ? " bf16 "
                                      : sizeof(T) == 4 ? " f32 "
                                                       : " f64 ")
                                  << s.m << "x" << s.n << "x" << s.k << " a " << s.a_row << "," << s.a_col << " b "
                                  << s.b_row << "," << s.b_col << " batch " << batch << " at " << q << "," << i << ","
                                  << j << ": " << double(result[at]) << ", not " << double(want_[index]) << ", error "
                                  << double(error) << " > " << double(limit));
          }
        }
      }
    }
    bool intact = std::memcmp(result - kCanaries, before_.data(), kCanaries * sizeof(T)) == 0;
    for (size_t i = 0; i < c.c_size; i++) intact = intact && (written[i] || result[i] == before_[kCanaries + i]);
    if (!intact) FAIL(std::string(isa) << " wrote beside C: " << s.m << "x" << s.n << "x" << s.k);
  }

  Guarded a_, b_, copy_, c_, scratch_, workspace_;
  std::mt19937 random_{1};
  uint64_t state_ = 1;
  std::vector<T> before_, rounded_a_, rounded_b_;
  std::vector<Wide<T>> want_, size_;
};

/// What becomes of finished sums: four ways.
inline void vary(Case& c, unsigned way) {
  const double alphas[] = {1, -0.25, 1, 3};
  c.alpha = alphas[way % 4];
  c.s.accumulate = way % 4 == 1 || way % 4 == 2;
}

/// All parts, in order, of both phases.
inline void run_all(const GemmPlan& plan, GemmPointers pointers) {
  void* scratch = std::aligned_alloc(64, plan.scratch_bytes + 64);
  void* workspace = std::aligned_alloc(64, plan.workspace_bytes + 64);
  pointers.workspace = workspace;
  for (size_t part = 0; part < plan.parts; part++) plan.run(plan, pointers, part, scratch);
  for (size_t part = 0; part < plan.finish_parts; part++) plan.finish(plan, pointers, part, scratch);
  std::free(scratch);
  std::free(workspace);
}

inline int between(std::mt19937& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

}  // namespace gradsmith::test
