// Imports run downward only. The floors are read from docs/architecture.md, so that the page and the check cannot differ.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const problems = [];

/** `cli → train → optim, nn   (lib)` gives cli 2, train 1, optim 0, nn 0; the lowest floor is 0. */
function floorsOf(tree) {
  const page = readFileSync(`${root}docs/architecture.md`, 'utf8');
  const line = page.split('\n').find((text) => text.includes('→') && text.trimEnd().endsWith(`(${tree})`));
  if (!line) throw new Error(`docs/architecture.md: no line of floors ends in (${tree})`);
  const floors = line.slice(0, line.lastIndexOf('(')).split('→').reverse();
  return new Map(floors.flatMap((floor, height) => floor.split(',').map((name) => [name.trim(), height])));
}

function filesOf(tree, ...extensions) {
  return readdirSync(`${root}${tree}`, { recursive: true })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => extensions.some((extension) => path.endsWith(extension)));
}

/** lib/graph/op.ts → graph; lib/shape.ts → shape. */
const part = (path) => path.split('/')[0].replace(/\.(ts|js)$/, '');

/** `from` may use what lies on a lower floor, and its own folder; two names on one floor do not know each other. */
function check(tree, floors, path, target) {
  const [from, to] = [part(path), part(target)];
  if (from === to) return;
  if (!floors.has(to)) problems.push(`${tree}/${path}: ${to} stands on no floor of docs/architecture.md`);
  else if (floors.get(to) > floors.get(from)) problems.push(`${tree}/${path}: imports ${target}, upward`);
  else if (floors.get(to) === floors.get(from) && floors.get(from) > 0)
    problems.push(`${tree}/${path}: imports ${target}, its neighbour on the same floor`);
}

function checkLib() {
  const floors = floorsOf('lib');
  for (const path of filesOf('lib', '.ts')) {
    const text = readFileSync(`${root}lib/${path}`, 'utf8');
    const isEntry = path === 'index.ts'; // gathers everything that `gradsmith` exports
    if (!isEntry && !floors.has(part(path))) problems.push(`lib/${path}: stands on no floor of docs/architecture.md`);
    for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g)) {
      const target = relative('.', join(dirname(path), specifier)).replaceAll('\\', '/');
      if (isEntry) continue;
      if (target === 'index.js') problems.push(`lib/${path}: imports the package's own entry`);
      else if (floors.has(part(path))) check('lib', floors, path, target);
    }
    if (path !== 'runtime/native.ts' && /node-gyp-build|gradsmith\.node|process\.dlopen/.test(text))
      problems.push(`lib/${path}: only lib/runtime/native.ts loads the addon`);
  }
}

function checkNative() {
  const floors = floorsOf('native');
  for (const path of filesOf('native', '.cc', '.h')) {
    const text = readFileSync(`${root}native/${path}`, 'utf8');
    if (!floors.has(part(path))) problems.push(`native/${path}: stands on no floor of docs/architecture.md`);
    else
      for (const [, target] of text.matchAll(/^\s*#\s*include\s*"([^"]+\/[^"]+)"/gm))
        check('native', floors, path, target);
    if (part(path) !== 'addon' && /#\s*include\s*[<"](napi|node_api|js_native_api|node)\.h[>"]/.test(text))
      problems.push(`native/${path}: only native/addon includes Node's headers`);
  }
}

checkLib();
checkNative();
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log('every import runs downward');
process.exitCode = problems.length ? 1 : 0;
