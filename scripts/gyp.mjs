// Drives node-gyp for `npx gradsmith build` and for machines without cmake. Part of the published package.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

export const NO_COMPILER =
  'gradsmith needs a C++20 compiler to build its native part: install g++ 12, clang 15 or Visual Studio 2022 (or newer) and try again.';

/** Whether `command` can be started at all. */
export function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** True on Windows too, where only node-gyp knows how to find Visual Studio. */
export function hasCompiler() {
  if (process.platform === 'win32') return true;
  return [process.env.CXX?.split(' ')[0], 'c++', 'g++', 'clang++'].some((name) => name && has(name));
}

/** npm names its own node-gyp to the scripts it runs; outside of npm, look where npm lies. */
function nodeGyp() {
  const named = process.env.npm_config_node_gyp;
  if (named && existsSync(named)) return named;
  const inside = 'node_modules/npm/node_modules/node-gyp/bin/node-gyp.js';
  const prefix = dirname(process.execPath);
  const roots = [join(prefix, '../lib'), prefix, ...(process.platform === 'win32' ? [] : npmRoot())];
  const found = roots.map((root) => join(root, inside)).find(existsSync);
  if (!found)
    throw new Error('node-gyp was not found: install npm, or set npm_config_node_gyp to the path of node-gyp.js.');
  return found;
}

function npmRoot() {
  try {
    return [dirname(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim())];
  } catch {
    return [];
  }
}

/** Headers that lie next to this Node save a download. */
function headers() {
  const prefix = join(dirname(process.execPath), '..');
  return !process.env.npm_config_nodedir && existsSync(join(prefix, 'include/node/node.h'))
    ? ['--nodedir', prefix]
    : [];
}

/** Builds build/Release/gradsmith.node under `root`; `clean` starts from nothing. Returns node-gyp's exit code. */
export function buildWithGyp(root, { clean = false } = {}) {
  const steps = [...(clean ? ['clean'] : []), 'configure', 'build'];
  const args = [nodeGyp(), ...steps, '--loglevel=error', '--jobs', String(availableParallelism()), ...headers()];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
