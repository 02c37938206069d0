// One npm peer on one workload: peer.mjs PEER VARIANT WORKLOAD PROBLEM THREADS; obeys standard input as ../../harness/serve.mjs says.
import { readProblem } from '../../harness/problem.mjs';
import { serve } from '../../harness/serve.mjs';

const [peer, variant, workload, path, threads] = process.argv.slice(2);
const { setUp } = await import(`./${peer}.mjs`);
await serve(await setUp({ variant, workload, problem: readProblem(path), threads: Number(threads) }));
