// The C++ tests through cmake and ctest, without Node in the process; closes with `N passed, N failed, N skipped` cases.
//   node scripts/native-tests.mjs [--sanitize address,undefined | --sanitize thread | --arm64] [--only REGEX]
// Without a mode the tests are built in build/, beside the addon and from the same objects; a mode has a folder under .cache/.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { has } from './gyp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const jobs = String(availableParallelism());

/** Configures `folder` and builds `targets` of it (all by default); returns the folder. */
export function buildTests(folder, settings, targets = []) {
  const generator = existsSync(`${folder}/CMakeCache.txt`) || !has('ninja') ? [] : ['-G', 'Ninja'];
  run('cmake', '-S', root, '-B', folder, ...generator, '-DGRADSMITH_TESTS=ON', ...settings);
  run('cmake', '--build', folder, '--parallel', jobs, ...(targets.length ? ['--target', ...targets] : []));
  return folder;
}

/** The programs of a folder, by default the tests', whose names end in `_test` or `_fuzz` and match `only`. */
export function programs(ending, only = '', folder = 'test/native') {
  return readdirSync(root + folder)
    .filter((file) => file.endsWith(`${ending}.cc`))
    .map((file) => file.slice(0, -'.cc'.length))
    .filter((name) => new RegExp(only).test(name));
}

export const cacheFolder = (mode) => `${root}.cache/${mode.replaceAll(',', '-')}`;

export const sanitizeSettings = (sanitizers) => [
  `-DGRADSMITH_SANITIZE=${sanitizers}`,
  '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
];

/** What sanitizers need to know at run time. ThreadSanitizer of g++ 12 wants addresses that are not randomized. */
export function sanitizerRun(sanitizers) {
  const env = {
    ...process.env,
    ASAN_OPTIONS: 'detect_leaks=1:allocator_may_return_null=1:strict_string_checks=1:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
  };
  const prefix = sanitizers === 'thread' && has('setarch') ? ['setarch', '-R'] : [];
  return { env, prefix };
}

/** Silent unless it fails: cmake and ninja say much on their standard output, errors included. */
function run(command, ...args) {
  const { status, error, stdout } = spawnSync(command, args, {
    cwd: root,
    stdio: ['inherit', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  if (status === 0) return;
  console.error(error ? `${command}: ${error.message}` : stdout.toString());
  process.exit(1);
}

/** Debian's cross compiler and emulator, for NEON. doctest lies beside the host's headers, which must stay out of sight. */
function arm64Settings() {
  const include = `${root}.cache/arm64-include`;
  mkdirSync(include, { recursive: true });
  if (!existsSync(`${include}/doctest`)) symlinkSync('/usr/include/doctest', `${include}/doctest`);
  return [
    '-DCMAKE_SYSTEM_NAME=Linux',
    '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
    '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
    '-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64;-L;/usr/aarch64-linux-gnu',
    `-DDOCTEST_INCLUDE_DIR=${include}`,
  ];
}

/** Sums doctest's closing lines; a program that ended without one counts as a failure. */
function countCases(report) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  if (!existsSync(report)) return { ...count, failed: 1 }; // ctest itself was stopped
  for (const program of readFileSync(report, 'utf8').split('<testcase ').slice(1)) {
    const cases = program.match(/test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped/);
    const [passed, failed, skipped] = cases ? cases.slice(1).map(Number) : [0, 0, 0];
    count.passed += passed;
    count.skipped += skipped;
    count.failed += program.includes('status="fail"') ? Math.max(failed, 1) : failed;
  }
  return count;
}

function main() {
  const { values } = parseArgs({
    options: { sanitize: { type: 'string' }, arm64: { type: 'boolean' }, only: { type: 'string' } },
  });
  const { sanitize, arm64, only } = values;
  if (arm64 && !(has('aarch64-linux-gnu-g++') && has('qemu-aarch64'))) {
    console.log('not run: g++-aarch64-linux-gnu and qemu-user are not installed\n0 passed, 0 failed, 1 skipped');
    return;
  }
  const mode = arm64 ? 'arm64' : sanitize;
  const settings = arm64 ? arm64Settings() : sanitize ? sanitizeSettings(sanitize) : ['-DGRADSMITH_BENCH=ON'];
  const targets = [...programs('_test', only), ...(mode || only ? [] : programs('', '', 'bench/native'))]; // that benchmarks still build is tested, too;
  const folder = buildTests(mode ? cacheFolder(mode) : `${root}build`, settings, targets);
  const { env, prefix } = sanitizerRun(sanitize);
  if (mode) env.GRADSMITH_TEST_STRIDE = arm64 ? '29' : '7'; // slow modes: the largest sweeps take every n-th case
  if (arm64) env.GRADSMITH_SWEEP ??= '32771'; // every n-th float32: the emulator computes what is exact in software, too
  const report = `${folder}/report.xml`;
  rmSync(report, { force: true });
  const sizes = ['--test-output-size-passed', '1000000', '--test-output-size-failed', '1000000'];
  const [command, ...args] = [
    ...prefix,
    'ctest',
    '--test-dir',
    folder,
    '--output-on-failure',
    '--output-junit',
    report,
  ];
  const filter = only ? ['-R', only] : [];
  const { status } = spawnSync(command, [...args, ...sizes, ...filter, '--no-tests=error', '-j', jobs], {
    stdio: 'inherit',
    env,
  });
  const { passed, failed, skipped } = countCases(report);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = status === 0 && failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
