// Plans as files: what gradsmith hands to its native half for a piece of a program, so that programs without Node can run it
// (bench/native/plan_bench.cc).
//   capture.mjs CATALOGUE FOLDER [NAME…]   writes FOLDER/NAME.plan for the entries of a module's `catalogue`, or those named
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The very object that the package loads later, and where every plan and run passes.
const native = createRequire(import.meta.url)('node-gyp-build')(fileURLToPath(new URL('../..', import.meta.url)));

const made = [];
const byId = new Map();
const { createPlan, runSync, enqueue, bindShared } = native;
let shared;

native.createPlan = (words) => {
  const plan = createPlan(words);
  const entry = { words: words.slice(), scalars: null };
  made.push(entry);
  byId.set(plan.id, entry);
  return plan;
};
native.bindShared = (handles, scalars, values) => {
  shared = scalars;
  return bindShared(handles, scalars, values);
};
native.runSync = (plan, arrays, steps, rows, values) => {
  note(plan, rows);
  return runSync(plan, arrays, steps, rows, values);
};
native.enqueue = (plan, job, arrays, steps, rows, ...rest) => {
  note(plan, rows);
  return enqueue(plan, job, arrays, steps, rows, ...rest);
};

/** The first row of scalars that a plan is run with. */
function note(plan, rows) {
  const entry = byId.get(plan);
  const count = entry.words[3];
  entry.scalars ??= Float64Array.from((rows ?? shared ?? []).slice(0, count));
}

/** The last plan that `program` has run. */
export async function capture(program) {
  made.length = 0;
  await program();
  const plan = made.findLast(({ scalars }) => scalars !== null);
  if (plan === undefined) throw new Error('no plan was run');
  return plan;
}

export function write(path, { words, scalars }) {
  writeFileSync(path, Buffer.concat([Buffer.from(Int32Array.of(scalars.length).buffer), bytes(scalars), bytes(words)]));
}

const bytes = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [module, folder, ...names] = process.argv.slice(2);
  const { catalogue } = await import(pathToFileURL(module).href);
  mkdirSync(folder, { recursive: true });
  for (const { name, program } of catalogue) {
    if (names.length > 0 && !names.includes(name)) continue;
    write(`${folder}/${fileName(name)}.plan`, await capture(program));
  }
}

export function fileName(name) {
  return name.replaceAll(/[^\w.-]+/g, '_');
}
