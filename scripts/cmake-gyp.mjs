#!/usr/bin/env node
// Lets prebuildify build with cmake-js: it calls `<this> rebuild --target=… --arch=ARCH --release …` as if it were node-gyp.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const arch = process.argv.find((arg) => arg.startsWith('--arch='))?.slice('--arch='.length) ?? process.arch;
const cmakeJs = fileURLToPath(new URL('../node_modules/cmake-js/bin/cmake-js', import.meta.url));
process.exit(spawnSync(process.execPath, [cmakeJs, 'rebuild', '-a', arch], { stdio: 'inherit' }).status ?? 1);
