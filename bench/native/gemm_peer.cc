// Matrix products of another library, which is loaded by its path, so that none is needed to build this:
//   gemm_peer openblas|dnnl LIBRARY THREADS
// Obeys standard input, see measured.h, and `shape M N K NN|TN|NT`, which comes first. float32, C = A·B, row-major; the
// kind says which operand lies transposed.
#include <dlfcn.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>

#include "measured.h"

namespace {

using gradsmith::bench::filling;
using gradsmith::bench::kProbes;
using gradsmith::bench::probe;

struct Shape {
  int64_t m = 0, n = 0, k = 0;
  bool a_transposed = false, b_transposed = false;
  int64_t lda() const { return a_transposed ? m : k; }
  int64_t ldb() const { return b_transposed ? k : n; }
};

using Product = std::function<void(const Shape&, const float* a, const float* b, float* c)>;

template <class F>
F* find(void* library, const char* name) {
  return reinterpret_cast<F*>(dlsym(library, name));
}

/// CBLAS with integers of type I: row-major 101, as it lies 111, transposed 112.
template <class I>
Product cblas(void* symbol) {
  using Sgemm = void(int, int, int, I, I, I, float, const float*, I, const float*, I, float, float*, I);
  auto* sgemm = reinterpret_cast<Sgemm*>(symbol);
  return [sgemm](const Shape& s, const float* a, const float* b, float* c) {
    sgemm(101, s.a_transposed ? 112 : 111, s.b_transposed ? 112 : 111, static_cast<I>(s.m), static_cast<I>(s.n),
          static_cast<I>(s.k), 1, a, static_cast<I>(s.lda()), b, static_cast<I>(s.ldb()), 0, c, static_cast<I>(s.n));
  };
}

/// NumPy's own build has a prefix, and a suffix for 64-bit integers.
Product openblas(void* library, int threads, std::string& about) {
  for (const char* prefix : {"", "scipy_"}) {
    for (const char* suffix : {"", "64_"}) {
      const auto name = [&](const char* base) { return std::string(prefix) + base + suffix; };
      void* sgemm = dlsym(library, name("cblas_sgemm").c_str());
      if (sgemm == nullptr) continue;
      if (auto* set = find<void(int)>(library, name("openblas_set_num_threads").c_str())) set(threads);
      if (auto* core = find<char*()>(library, name("openblas_get_corename").c_str())) about = core();
      return *suffix ? cblas<int64_t>(sgemm) : cblas<int>(sgemm);
    }
  }
  throw std::runtime_error("no cblas_sgemm in this library");
}

Product dnnl(void* library, std::string& about) {
  using Sgemm = int(char, char, int64_t, int64_t, int64_t, float, const float*, int64_t, const float*, int64_t, float,
                    float*, int64_t);
  struct Version {
    int major, minor, patch;
  };
  auto* sgemm = find<Sgemm>(library, "dnnl_sgemm");
  if (sgemm == nullptr) throw std::runtime_error("no dnnl_sgemm in this library");
  if (auto* version = find<const Version*()>(library, "dnnl_version")) {
    const Version* v = version();
    about = std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }
  return [sgemm](const Shape& s, const float* a, const float* b, float* c) {
    sgemm(s.a_transposed ? 'T' : 'N', s.b_transposed ? 'T' : 'N', s.m, s.n, s.k, 1, a, s.lda(), b, s.ldb(), 0, c, s.n);
  };
}

using Floats = std::unique_ptr<float, void (*)(void*)>;
Floats filled(int64_t count) {
  const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + 63) / 64 * 64;
  Floats p(static_cast<float*>(std::aligned_alloc(64, bytes)), std::free);
  for (int64_t i = 0; i < count; ++i) p.get()[i] = filling(i);
  return p;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) throw std::runtime_error("gemm_peer openblas|dnnl LIBRARY THREADS");
  void* library = dlopen(argv[2], RTLD_NOW);
  if (library == nullptr) throw std::runtime_error(dlerror());
  std::string about;
  const bool blas = std::string(argv[1]) == "openblas";
  const Product product = blas ? openblas(library, std::atoi(argv[3]), about) : dnnl(library, about);

  Shape shape;
  Floats a(nullptr, std::free), b(nullptr, std::free), c(nullptr, std::free);
  const auto steps = [&](int64_t n) {
    for (int64_t i = 0; i < n; ++i) product(shape, a.get(), b.get(), c.get());
  };
  const auto check = [&] {
    steps(1);
    std::vector<double> found;
    for (int64_t i = 0; i < kProbes; ++i) found.push_back(c.get()[probe(i, shape.m * shape.n)]);
    return found;
  };
  const auto other = [&](const std::string& verb, std::istream& words) {
    std::string kind;
    words >> shape.m >> shape.n >> shape.k >> kind;
    if (verb != "shape" || kind.size() != 2) throw std::runtime_error("not understood: " + verb);
    shape.a_transposed = kind[0] == 'T', shape.b_transposed = kind[1] == 'T';
    a = filled(shape.m * shape.k), b = filled(shape.k * shape.n), c = filled(shape.m * shape.n);
    std::cout << "{\"shape\": true}" << std::endl;
  };
  gradsmith::bench::serve("{\"version\": \"" + about + "\"}", check, steps, other);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << "\n";
  return 1;
}
