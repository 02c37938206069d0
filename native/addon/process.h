// What concerns the whole process, not one environment.
#pragma once

namespace gradsmith::addon {

/// Before the first environment's exports: keeps the addon loaded for good (its pool threads outlive the environments),
/// and applies GRADSMITH_THREADS, GRADSMITH_ISA and GRADSMITH_DENORMALS, once. Throws std::runtime_error for a setting
/// that makes no sense.
void prepare_process();

}  // namespace gradsmith::addon
