import type { Module } from '../nn/index.js';

/** Runs `f` with the model in training mode or out of it, and puts every module's mode back. Modes matter only while graphs are built. */
export function inMode<R>(model: Module, training: boolean, f: () => R): R {
  const before = Array.from(model.modules(), (m) => [m, m.training] as const);
  model.train(training);
  try {
    return f();
  } finally {
    for (const [m, was] of before) m.training = was;
  }
}
