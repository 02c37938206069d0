// lib → dist, when a source is newer than the last success: declarations by tsc, code by scripts/bundle.mjs. `--clean` starts
// from nothing (before packing).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.built`;

function newestSource() {
  const sources = readdirSync(`${root}lib`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory()) // a folder's time tells of removed files
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => root + name);
  return Math.max(...[...sources, ...settings, `${root}lib`].map((path) => statSync(path).mtimeMs));
}

export async function buildTypes({ clean = false } = {}) {
  if (!clean && existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return;
  rmSync(`${root}dist`, { recursive: true, force: true });
  const tsc = [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'];
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  await bundle(root);
  writeFileSync(stamp, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildTypes({ clean: process.argv.includes('--clean') });
