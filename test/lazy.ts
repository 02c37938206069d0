import { afterAll, beforeAll } from 'vitest';
import { setEager } from '../lib/index.js';

/** For suites about laziness itself (when an error appears, what is computed when): they mean the lazy mode in every run of the suite. */
export function lazily(): void {
  beforeAll(() => setEager(false));
  afterAll(() => setEager(process.env.GRADSMITH_EAGER === '1'));
}
