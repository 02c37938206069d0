// npm run bench:peers -- [--filter w1,gemm] [--python PATH[,PATH]] [--threads 1,2] [--rounds 5] [--seconds 0.25] [--json FILE]
// The same work in the peers, in rounds with ours so that drift of the machine cancels: the ratio of speeds and its spread. A peer's
// results must agree with ours, else no ratio is printed; one that cannot be had or run is listed with its error. npm peers are
// installed under bench/peers; Python peers run in the first of the named Pythons that has them.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from './harness/machine.mjs';
import { digits } from './harness/numbers.mjs';
import { folder } from './harness/problem.mjs';
import { writeJson } from './harness/report.mjs';
import { compareProducts } from './peers/products.mjs';
import { compareWorkload } from './peers/workload.mjs';

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: availableParallelism() > 1 ? `1,${availableParallelism()}` : '1' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.25' },
    peers: { type: 'string', default: '' },
    json: { type: 'string', default: `${folder}peers.json` },
  },
});

const here = fileURLToPath(new URL('peers/', import.meta.url));
const words = options.filter.toLowerCase().split(',');
const wanted = (name) => words.some((word) => name.includes(word.trim()));
const names = options.peers.toLowerCase().split(',');

/** Which of the Pythons has which module. */
function findPythons(paths) {
  const found = new Map();
  for (const path of paths) {
    const code = 'import importlib.util as u, sys; print(" ".join(m for m in sys.argv[1:] if u.find_spec(m)))';
    const { stdout } = spawnSync(path, ['-c', code, 'numpy', 'torch', 'jax', 'tensorflow'], { encoding: 'utf8' });
    for (const module of (stdout ?? '').trim().split(' ')) if (!found.has(module)) found.set(module, path);
  }
  return found;
}

mkdirSync(folder, { recursive: true });
const settings = {
  here,
  pythons: findPythons(options.python.split(',').filter(Boolean)),
  threads: options.threads.split(',').map(Number),
  rounds: Number(options.rounds),
  seconds: Number(options.seconds),
  peers: (title) => names.some((name) => title.toLowerCase().includes(name)),
};
const machineHere = machine();
console.log(
  `${machineHere.cpu}, ${machineHere.cores} cores; Node ${machineHere.node}; gradsmith ${machineHere.commit}`,
);
console.log(`rounds of ${digits(1000 * settings.seconds)} ms, ${settings.rounds} of them; one thread means one core`);

const results = {};
for (const workload of ['w1', 'w2', 'w5', 'w6']) {
  if (wanted(workload)) results[workload] = await compareWorkload(workload, settings);
}
if (wanted('gemm')) results.gemm = await compareProducts(settings);
writeJson(options.json, {
  format: 1,
  date: new Date().toISOString(),
  machine: machineHere,
  settings: options,
  results,
});
console.log(`\nwritten: ${options.json}`);
