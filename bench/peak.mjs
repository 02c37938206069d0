import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('native/peak.cc', import.meta.url));
const folder = fileURLToPath(new URL('../.cache/', import.meta.url));

/** GFLOP/s of this machine by instruction set and number of threads, measured now; null without a C++ compiler. */
export function measurePeaks() {
  mkdirSync(folder, { recursive: true });
  const program = `${folder}peak`;
  if (!existsSync(program)) {
    const built = spawnSync(process.env.CXX ?? 'g++', ['-O2', '-std=c++20', '-pthread', source, '-o', program], {
      encoding: 'utf8',
    });
    if (built.status !== 0) return null;
  }
  const { stdout, status } = spawnSync(program, { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : null;
}
