import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const lib = fileURLToPath(new URL('./lib/', import.meta.url));

export default defineConfig({
  // Tests and examples import the package by its name and get the sources.
  resolve: {
    alias: [
      { find: /^gradsmith$/, replacement: `${lib}index.ts` },
      { find: /^gradsmith\/(nn|optim|data|train)$/, replacement: `${lib}$1/index.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter.ts'],
    // Tests of memory ask for a collection.
    execArgv: ['--expose-gc'],
    // One core is left idle by default, which is half of a small machine.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
