// Runs before `npm test`, `npm run demo` and `npm run bench`, so that each works on a fresh clone and after each edit:
// the dependencies, the addon and dist/, each made only when it is missing or out of date.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build.mjs';
import { buildTypes } from './build-types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Two commands at once must not build into the same folder: the second waits here. */
async function takeLock() {
  const lock = `${root}.cache/bootstrap.lock`;
  mkdirSync(`${root}.cache`, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      process.once('exit', () => rmSync(lock, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!alive(lock)) rmSync(lock, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** False when the process that wrote its number there was killed. */
function alive(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || process.pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function installDependencies() {
  const installed = statSync(`${root}node_modules/.package-lock.json`, { throwIfNoEntry: false });
  if (installed && installed.mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs) return;
  console.log('installing dependencies …');
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm && existsSync(npm) ? [process.execPath, npm] : ['npm'];
  const { status } = spawnSync(command, [...args, 'ci', '--include=dev', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

await takeLock();
installDependencies();
if (!existsSync(`${root}build/Release/gradsmith.node`)) console.log('building the native part (once) …');
buildNative();
await buildTypes();
