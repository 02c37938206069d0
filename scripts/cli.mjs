#!/usr/bin/env node
// The command `gradsmith`.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildWithGyp, hasCompiler, NO_COMPILER } from './gyp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const usage = `usage: gradsmith <command>

  build    compile the native part on this machine, for platforms without a prebuilt binary
  where    print the path of the native part that is loaded`;

function build() {
  if (!hasCompiler()) return fail(NO_COMPILER);
  if (buildWithGyp(root, { clean: true }) !== 0)
    return fail('gradsmith: the build failed; the messages above say why.');
  where();
}

function where() {
  try {
    console.log(createRequire(import.meta.url)('node-gyp-build').path(root));
  } catch {
    fail(`gradsmith: no native part for ${process.platform}-${process.arch}; "npx gradsmith build" compiles it.`);
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

const commands = { build, where };
const command = process.argv[2];
if (command === undefined || command === 'help' || command === '--help') console.log(usage);
else if (Object.hasOwn(commands, command)) commands[command]();
else fail(`gradsmith: unknown command "${command}"\n${usage}`);
