// What `npm publish` would send, with this machine's binary as its only prebuild.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const shell = process.platform === 'win32'; // npm is a .cmd there

export function npm(cwd, ...args) {
  return execFileSync('npm', [...args, '--loglevel=error'], {
    cwd,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Packs into the empty folder `work` and returns the tarball's path. `rebuild`: make dist/ anew first, as publishing does. */
export function pack(work, { rebuild = true } = {}) {
  const tarball = () => join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '');
  npm(root, 'pack', ...(rebuild ? [] : ['--ignore-scripts']), '--pack-destination', work);
  const stage = join(work, 'package');
  execFileSync('tar', ['-xzf', tarball(), '-C', work]);
  const prebuilds = join(stage, 'prebuilds', `${process.platform}-${process.arch}`);
  rmSync(join(stage, 'prebuilds'), { recursive: true, force: true });
  mkdirSync(prebuilds, { recursive: true });
  const binary = join(prebuilds, 'gradsmith.node');
  copyFileSync(`${root}build/Release/gradsmith.node`, binary);
  spawnSync('strip', [...(process.platform === 'darwin' ? ['-Sx'] : []), binary]); // as prebuildify --strip; without it the file is larger
  rmSync(tarball());
  npm(stage, 'pack', '--ignore-scripts', '--pack-destination', work);
  return tarball();
}
