// lib → dist by plain tsc, when a source is newer than the last success. `--clean` starts from nothing (before packing).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.built`;

function newestSource() {
  const sources = readdirSync(`${root}lib`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory()) // a folder's time tells of removed files
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => root + name);
  return Math.max(...[...sources, ...settings, `${root}lib`].map((path) => statSync(path).mtimeMs));
}

export function buildTypes({ clean = false } = {}) {
  if (clean) rmSync(`${root}dist`, { recursive: true, force: true });
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return;
  const tsc = [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'];
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildTypes({ clean: process.argv.includes('--clean') });
