// Decides once whether a plan is safe to run. After that the runner checks nothing.
#pragma once
#include "plan/decoder.h"

namespace gradsmith::plan {

/// Throws PlanError unless windows look at inputs that have their rows, and, for every instruction: each operand lies
/// inside its buffer and has its dtype; only state, outputs and the arena are written; written views are dense; no
/// written view shares elements with another operand (except exactly, where the row allows it); nothing is read from an
/// output before it is written; and the row's own rules hold. The message reads `plan: instruction 3 (matmul): what is
/// wrong`.
void verify(const DecodedPlan& plan);

}  // namespace gradsmith::plan
