// One variant of one workload in a process of its own: step.mjs WORKLOAD VARIANT PROBLEM; see harness/serve.mjs for what it obeys.
import { readFileSync } from 'node:fs';
import { stats } from 'gradsmith';
import { readProblem } from './harness/problem.mjs';
import { serve } from './harness/serve.mjs';

const [workload, variant, problem] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { variants } = await import(`./steps/${workload}.mjs`);
const { isa, threads } = stats();
const about = { name: 'gradsmith', version, isa, threads };
await serve({ about, ...variants[variant](readProblem(problem)) });
