#include "base/cores.h"

#include <algorithm>
#include <thread>

#ifdef __linux__
#include <sched.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#endif

namespace gradsmith {
namespace {

#ifdef __linux__

size_t affinity_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails only on machines with more than 1024 cores, where the quota and hardware_concurrency still count.
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::thread::hardware_concurrency();
  return static_cast<size_t>(CPU_COUNT(&set));
}

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

/// Version 2: `cpu.max` holds "max 100000" or "quota period", in microseconds.
std::optional<double> quota_v2(const std::string& folder) {
  const auto line = first_line(folder + "/cpu.max");
  if (!line) return std::nullopt;
  std::istringstream words(*line);
  double quota = 0;
  double period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> quota_v1(const std::string& folder) {
  const auto quota = first_line(folder + "/cpu.cfs_quota_us");
  const auto period = first_line(folder + "/cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  const double q = std::strtod(quota->c_str(), nullptr);
  const double p = std::strtod(period->c_str(), nullptr);
  if (q <= 0 || p <= 0) return std::nullopt;  // -1: no limit
  return q / p;
}

/// The smallest quota of a cgroup and its parents: any of them binds.
template <class Read>
double smallest_quota(const std::string& root, std::string group, double smallest, Read read) {
  for (;;) {
    if (const auto quota = read(root + group)) smallest = std::min(smallest, *quota);
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return smallest;
    group.resize(slash);
  }
}

/// Each line of /proc/self/cgroup is `id:controllers:path`; version 2 has no controllers.
double cgroup_cores(double unlimited) {
  double cores = unlimited;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      cores = smallest_quota("/sys/fs/cgroup", group, cores, quota_v2);
    } else if (controllers.find(",cpu,") != std::string::npos) {
      cores = smallest_quota("/sys/fs/cgroup/cpu", group, cores, quota_v1);
    }
  }
  return cores;
}

#else

size_t affinity_cores() { return std::thread::hardware_concurrency(); }
double cgroup_cores(double unlimited) { return unlimited; }

#endif

}  // namespace

size_t available_cores() {
  const size_t cores = std::max<size_t>(affinity_cores(), 1);
  return std::max<size_t>(static_cast<size_t>(cgroup_cores(static_cast<double>(cores))), 1);
}

}  // namespace gradsmith
