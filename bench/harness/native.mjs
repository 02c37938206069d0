// The C++ side: builds the programs of bench/native beside the addon, from the same objects, and runs those that only print.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const build = `${root}build`;

/** Builds programs of bench/native; returns their paths by name. @throws why that is not possible */
export function buildPrograms(...names) {
  if (!existsSync(`${build}/CMakeCache.txt`)) throw new Error('the addon was not built by cmake');
  run('cmake', '-S', root, '-B', build, '-DGRADSMITH_BENCH=ON');
  run('cmake', '--build', build, '--parallel', '--target', ...names);
  return Object.fromEntries(names.map((name) => [name, `${build}/${name}`]));
}

/** Silent unless it fails. */
function run(command, ...args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error?.code === 'ENOENT') throw new Error(`${command} is not installed`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}${error?.message ?? ''}`);
}

/** The compiler that made the addon, such as `GNU 12.2.0`. */
export function compiler() {
  const folder = `${build}/CMakeFiles`;
  const found = existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}/CMakeCXXCompiler.cmake`) : [];
  const file = found.find(existsSync);
  if (file === undefined) return 'unknown';
  const text = readFileSync(file, 'utf8');
  const value = (name) => text.match(new RegExp(`set\\(${name} "([^"]*)"\\)`))?.[1] ?? '';
  return `${value('CMAKE_CXX_COMPILER_ID')} ${value('CMAKE_CXX_COMPILER_VERSION')}`.trim();
}
