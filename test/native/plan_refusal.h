// What is wrong with a plan, as its verifier says it.
#pragma once
#include <string>

#include "kernels/kernel_table.h"
#include "plan/plan.h"
#include "plan/plan_error.h"
#include "plan_builder.h"

namespace gradsmith::plan {

/// Empty where nothing is.
inline std::string refusal_of(const PlanBuilder& plan) {
  try {
    Plan(plan.words(), kernels::kernel_table());
  } catch (const PlanError& error) {
    return error.what();
  }
  return "";
}

}  // namespace gradsmith::plan
