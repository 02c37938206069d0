// Runs the fuzzers of test/native (*_fuzz.cc: random and mutated plans against verifier and runner) under ASan and UBSan.
//   npm run fuzz                        until interrupted, with a new seed each time
//   npm run fuzz -- --rounds 20000 --seed 1     once
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildTests, cacheFolder, programs, sanitizerRun, sanitizeSettings } from './native-tests.mjs';

const sanitizers = 'address,undefined';
const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });

const fuzzers = programs('_fuzz');
if (fuzzers.length === 0) throw new Error('test/native has no *_fuzz.cc');
const folder = buildTests(cacheFolder(sanitizers), sanitizeSettings(sanitizers), fuzzers);
const { env } = sanitizerRun(sanitizers);

function fuzz(rounds, seed) {
  for (const name of fuzzers) {
    console.log(`${name} ${rounds} ${seed}`);
    const { status } = spawnSync(`${folder}/test/native/${name}`, [String(rounds), String(seed)], {
      stdio: 'inherit',
      env,
    });
    if (status === 0) continue;
    console.error(`${name} failed; repeat it with: npm run fuzz -- --rounds ${rounds} --seed ${seed}`);
    process.exit(1);
  }
}

if (values.rounds) fuzz(Number(values.rounds), Number(values.seed ?? 1));
else for (let seed = Number(values.seed ?? Date.now() % 1_000_000_000); ; seed++) fuzz(100_000, seed);
