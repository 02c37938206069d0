// biome over TypeScript, JavaScript and JSON; clang-format over C++. `--write` repairs what it can.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const write = process.argv.includes('--write');

/** Tracked and new files; those that git ignores are not ours. */
function files(...patterns) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...patterns], {
    cwd: root,
  });
  const deleted = execFileSync('git', ['ls-files', '-z', '--deleted', ...patterns], { cwd: root })
    .toString()
    .split('\0');
  return listed
    .toString()
    .split('\0')
    .filter((path) => path && !deleted.includes(path));
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.code === 'ENOENT' ? 'not installed' : error.message}`);
  return status === 0;
}

const biome = [
  `${root}node_modules/@biomejs/biome/bin/biome`,
  write ? 'check' : 'ci',
  ...(write ? ['--write'] : []),
  '.',
];
const results = [
  run(process.execPath, ...biome, '--error-on-warnings'),
  run('clang-format', ...(write ? ['-i'] : ['--dry-run', '-Werror']), ...files('*.cc', '*.h')),
];
process.exit(results.every(Boolean) ? 0 : 1);
