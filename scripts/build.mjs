// Builds build/Release/gradsmith.node: with cmake where it is installed, else with node-gyp (`--gyp` asks for that).
// Incremental; a failure ends the process with a message.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildWithGyp, has, hasCompiler, NO_COMPILER } from './gyp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The first build goes through cmake-js, which knows where Node's headers are; later ones need only cmake. */
function buildWithCmake() {
  const cache = `${root}build/CMakeCache.txt`;
  const configured =
    existsSync(cache) && readFileSync(cache, 'utf8').includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${root.slice(0, -1)}\n`);
  if (!configured) rmSync(`${root}build`, { recursive: true, force: true });
  const env = { CMAKE_BUILD_PARALLEL_LEVEL: String(availableParallelism()), ...process.env };
  if (!configured) {
    const cmakeJs = [`${root}node_modules/cmake-js/bin/cmake-js`, 'build', '--log-level', 'warn'];
    return spawnSync(process.execPath, cmakeJs, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
  }
  const build = ['--build', 'build', '--config', 'Release', '--target', 'addon'];
  const { status, stdout } = spawnSync('cmake', build, { cwd: root, env, stdio: ['inherit', 'pipe', 'inherit'] });
  if (status !== 0) process.stdout.write(stdout); // compilers' messages come through here; "nothing to do" is not news
  return status ?? 1;
}

export function buildNative({ gyp = false } = {}) {
  if (!hasCompiler()) {
    console.error(NO_COMPILER);
    process.exit(1);
  }
  const status = gyp || !has('cmake') ? buildWithGyp(root, { clean: gyp }) : buildWithCmake();
  if (status !== 0) process.exit(status);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildNative({ gyp: process.argv.includes('--gyp') });
