#pragma once
#include <stdexcept>

namespace gradsmith::plan {

/// A plan that does not fit the format or the instruction table; becomes a JavaScript error.
struct PlanError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gradsmith::plan
