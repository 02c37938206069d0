// Packs the package with this machine's binary as its prebuild, installs the tarball into an empty project with install
// scripts off, and runs and type-checks README.md's network there, as a user would.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm, pack } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'gradsmith-pack-'));
const shell = process.platform === 'win32'; // npx is a .cmd there

/** What a user downloads for one platform. */
const LARGEST = 5_000_000;

/** The first code block of the README that imports the package. */
function readmeNetwork() {
  const blocks = readFileSync(`${root}README.md`, 'utf8').matchAll(/```[tj]s\n([\s\S]*?)```/g);
  const network = [...blocks].map(([, code]) => code).find((code) => code.includes("from 'gradsmith'"));
  assert(network, 'README.md: no code block imports gradsmith');
  return network;
}

try {
  const network = readmeNetwork();
  const project = join(work, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "smoke", "private": true, "type": "module" }\n');
  const tarball = pack(work);
  const { size } = statSync(tarball);
  assert(size < LARGEST, `the tarball has ${size} bytes; at most ${LARGEST} were wanted`);
  npm(project, 'install', '--ignore-scripts', tarball);
  const installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.deepEqual(installed.sort(), ['gradsmith', 'node-addon-api', 'node-gyp-build']);

  writeFileSync(join(project, 'network.mjs'), network);
  const output = execFileSync(process.execPath, ['network.mjs'], { cwd: project, encoding: 'utf8' });
  const losses = output
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ').at(-1)));
  assert(
    losses.length > 1 && losses.every(Number.isFinite) && losses.at(-1) < losses[0],
    `the loss does not fall:\n${output}`,
  );

  writeFileSync(join(project, 'network.ts'), network);
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  const types = ['--typeRoots', `${root}node_modules/@types`];
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, ...strict, ...types, 'network.ts'], {
    cwd: project,
    stdio: 'inherit',
  });

  const where = execFileSync('npx', ['--no-install', 'gradsmith', 'where'], { cwd: project, shell, encoding: 'utf8' });
  assert.match(where, /prebuilds/);
  console.log(`the packed network (${(size / 1e6).toFixed(2)} MB) runs: loss ${losses[0]} → ${losses.at(-1)}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
