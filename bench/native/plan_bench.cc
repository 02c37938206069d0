// Runs a plan that bench/harness/capture.mjs wrote, without Node.
//   plan_bench FILE THREADS          obeys standard input, see measured.h
//   plan_bench FILE THREADS STEPS    runs so many steps and ends: what callgrind counts
//   plan_bench FILE THREADS STEPS each    for each instruction: nanoseconds when run alone, and by how many a step is
//                                         shorter without it; instructions that split are run part by part
// The file: number of scalars (int32), one row of them (float64), the words of the plan (int32).
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/memory_pool.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "measured.h"
#include "plan/runner.h"

namespace {

using namespace gradsmith;

struct PlanFile {
  std::vector<double> scalars;
  std::vector<int32_t> words;
};

PlanFile read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  int32_t scalars = 0;
  const size_t head = sizeof scalars;
  if (bytes.size() < head) throw std::runtime_error(std::string(path) + " is not there");
  std::memcpy(&scalars, bytes.data(), head);
  PlanFile file;
  file.scalars.resize(static_cast<size_t>(scalars));
  const size_t row = file.scalars.size() * sizeof(double);
  file.words.resize((bytes.size() - head - row) / sizeof(int32_t));
  std::memcpy(file.scalars.data(), bytes.data() + head, row);
  std::memcpy(file.words.data(), bytes.data() + head + row, file.words.size() * sizeof(int32_t));
  return file;
}

/// A plan over filled buffers. Integers are 0 … 6: labels and indices of any table that is large enough.
class Filled {
 public:
  explicit Filled(const PlanFile& file) : plan_(file.words, kernels::kernel_table()), bases_(plan_.base_count()) {
    if (file.scalars.size() != plan_.scalars()) throw std::runtime_error("the file has not the scalars of its plan");
    for (size_t i = 0; i < plan_.buffers().size(); ++i) {
      const plan::BufferSpec& spec = plan_.buffers()[i];
      bases_[i] = blocks_.emplace_back(std::max<size_t>(spec.bytes(), 1)).data();
      if (spec.kind == plan::BufferKind::kOutput) continue;
      for (int64_t k = 0; k < spec.elements; ++k) fill(bases_[i], spec.dtype, k);
    }
    for (int64_t i = 0; i < kRows; ++i) scalars_.insert(scalars_.end(), file.scalars.begin(), file.scalars.end());
    values_.resize(plan_.values() * kRows);
  }

  void steps(int64_t n) {
    for (; n > 0; n -= kRows) {
      plan::RunControl control;
      const plan::RunResult result =
          run(plan_, {bases_.data(), scalars_.data(), values_.data(), std::min(n, kRows)}, control);
      if (result.fault.code != plan::Fault::kNone) throw std::runtime_error("the plan reports a fault");
    }
  }

  /// Elements of the first float32 output.
  std::vector<double> probes() {
    steps(1);
    std::vector<double> found;
    for (size_t i = 0; i < plan_.buffers().size() && found.empty(); ++i) {
      const plan::BufferSpec& spec = plan_.buffers()[i];
      if (spec.kind != plan::BufferKind::kOutput || spec.dtype != DType::kFloat32) continue;
      for (int64_t k = 0; k < bench::kProbes; ++k) {
        found.push_back(static_cast<const float*>(bases_[i])[bench::probe(k, spec.elements)]);
      }
    }
    return found;
  }

  void each(int64_t n) {
    steps(1);
    bases_[plan_.arena_base()] = plan_.arena();
    bases_[plan_.workspace_base()] = plan_.workspace();
    bases_[plan_.scalars_base()] = scalars_.data();
    plan::Fault fault;
    if (!plan_.bind_windows(bases_.data(), scalars_.data(), fault))
      throw std::runtime_error("the plan reports a fault");
    const size_t count = plan_.instructions().size();
    const double step = best_ns(n, [&](size_t) { return true; });
    std::cout << "a step takes " << step << " ns\n";
    for (size_t i = 0; i < count; ++i) {
      const double alone = best_ns(n, [&](size_t k) { return k == i; });
      const double without = best_ns(n, [&](size_t k) { return k != i; });
      std::cout << i << ": alone " << alone << " ns, in a step " << step - without << " ns\n";
    }
  }

 private:
  static constexpr int64_t kRows = 4096;  // steps in one run

  /// The fastest of some turns of n steps that consist of the instructions that `wanted` names.
  template <class Wanted>
  double best_ns(int64_t n, Wanted wanted) {
    std::vector<const plan::Prepared*> list;
    for (size_t i = 0; i < plan_.instructions().size(); ++i) {
      if (wanted(i)) list.push_back(plan_.instructions()[i].get());
    }
    void* const scratch = thread_scratch(plan_.scratch_bytes());
    double best = 1e300;
    for (int turn = 0; turn < 7; ++turn) {
      const auto start = std::chrono::steady_clock::now();
      for (int64_t step = 0; step < n; ++step) {
        for (const plan::Prepared* instruction : list) {
          plan::Fault fault;
          for (size_t part = 0; part < instruction->parts; ++part)
            instruction->run(bases_.data(), part, scratch, fault);
          for (size_t part = 0; part < instruction->finish_parts; ++part)
            instruction->finish(bases_.data(), part, scratch);
        }
      }
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count() / static_cast<double>(n));
    }
    return best;
  }

  static void fill(void* base, DType dtype, int64_t k) {
    switch (dtype) {
      case DType::kFloat32:
        static_cast<float*>(base)[k] = bench::filling(k);
        break;
      case DType::kFloat64:
        static_cast<double*>(base)[k] = static_cast<double>(bench::filling(k));
        break;
      case DType::kInt32:
        static_cast<int32_t*>(base)[k] = static_cast<int32_t>(k % 7);
        break;
      default:
        static_cast<uint8_t*>(base)[k] = static_cast<uint8_t>(k & 1);
    }
  }

  plan::Plan plan_;
  std::vector<Block> blocks_;
  std::vector<void*> bases_;
  std::vector<double> scalars_, values_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "plan_bench FILE THREADS [STEPS [each]]\n";
    return 2;
  }
  const int threads = std::atoi(argv[2]);
  ThreadPool::instance().set_threads(static_cast<size_t>(std::clamp(threads, 1, 256)));
  Filled plan(read(argv[1]));
  if (argc > 4) {
    plan.each(std::atoll(argv[3]));
    return 0;
  }
  if (argc > 3) {
    plan.steps(std::atoll(argv[3]));
    return 0;
  }
  std::ostringstream about;
  about << "{\"name\": \"gradsmith\", \"isa\": \"" << kernels::kernel_table().isa << "\", \"threads\": " << threads
        << "}";
  bench::serve(
      about.str(), [&] { return plan.probes(); }, [&](int64_t n) { plan.steps(n); },
      [](const std::string&, std::istream&) {});
  return 0;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << "\n";
  return 1;
}
