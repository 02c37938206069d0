// Selection of the kernel table. The tables themselves are built in isa/*.cc, one object file per ISA level.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "kernels/isa/tables.h"
#include "kernels/kernel_table.h"

namespace gradsmith::kernels {
namespace {

std::vector<const KernelTable*> find_available() {
  std::vector<const KernelTable*> tables = {&scalar_table()};
  [[maybe_unused]] const CpuFeatures cpu = cpu_features();
#if defined(__x86_64__)
  if (cpu.avx2_fma) tables.push_back(&avx2_table());
#if !defined(GRADSMITH_NO_AVX512)  // see CMakeLists.txt: builds with sanitizers leave out what the CPU has not
  if (cpu.avx512) tables.push_back(&avx512_table());
#endif
#elif defined(__aarch64__)
  if (cpu.neon) tables.push_back(&neon_table());
#endif
  return tables;
}

const KernelTable& choose() {
  const std::span<const KernelTable* const> tables = available_tables();
  const char* forced = std::getenv("GRADSMITH_ISA");
  if (forced == nullptr || *forced == '\0') return *tables.back();
  std::string names;
  for (const KernelTable* table : tables) {
    if (std::string_view(table->isa) == forced) return *table;
    names += names.empty() ? table->isa : std::string(", ") + table->isa;
  }
  throw std::runtime_error("GRADSMITH_ISA=" + std::string(forced) + ": not a level of this CPU, which has " + names);
}

}  // namespace

std::span<const KernelTable* const> available_tables() {
  static const std::vector<const KernelTable*> tables = find_available();
  return tables;
}

const KernelTable& kernel_table() {
  static const KernelTable& table = choose();
  return table;
}

}  // namespace gradsmith::kernels
