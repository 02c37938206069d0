// The measured side of a benchmark in C++: obeys standard input as bench/harness/serve.mjs says.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace gradsmith::bench {

/// What every buffer is filled with: some 1000 values in (-0.5, 0.5), the same for all who compare results.
inline float filling(int64_t i) { return static_cast<float>((i * 7919) % 1009 - 504) / 1009.0f; }

/// Where results are compared: this many elements, spread over all of them.
inline constexpr int64_t kProbes = 16;
inline int64_t probe(int64_t i, int64_t elements) { return (i * elements) / kProbes; }

/// `check()` gives some of the results of one step; `steps(n)` does n steps; `other(verb, words)` obeys what else there
/// is.
template <class Check, class Steps, class Other>
void serve(const std::string& about, Check check, Steps steps, Other other) {
  using Clock = std::chrono::steady_clock;
  std::cout << "{\"ready\": " << about << "}" << std::endl;
  int64_t n = 1;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "quit") break;
    if (verb != "check" && verb != "run") {
      other(verb, words);
      n = 1;
    }
    if (verb == "check") {
      std::cout << "{\"numbers\": [";
      const char* comma = "";
      for (const double x : check()) {
        std::cout << comma << (std::isfinite(x) ? x : 1e300);
        comma = ", ";
      }
      std::cout << "]}" << std::endl;
    }
    if (verb == "run") {
      double wanted = 0.1;
      words >> wanted;
      const auto start = Clock::now();
      int64_t count = 0;
      for (double past = 0; past < wanted;) {
        steps(n);
        count += n;
        const double before = past;
        past = std::chrono::duration<double>(Clock::now() - start).count();
        // Looks at the clock eight times a run.
        const double rate = static_cast<double>(n) / std::max(past - before, 1e-9);
        const double next = std::min(rate * wanted / 8, rate * (wanted - past));
        if (next >= 1)
          n = static_cast<int64_t>(next);
        else if (past < wanted)
          n = 1;
      }
      std::cout << "{\"count\": " << count
                << ", \"seconds\": " << std::chrono::duration<double>(Clock::now() - start).count() << "}" << std::endl;
    }
  }
}

}  // namespace gradsmith::bench
