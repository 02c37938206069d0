// A million small steps without a dispose: resident memory and live buffers must stay where they are.
// `npm run soak`, or `-- --steps 100000`. Ends with 1 if they grow.
import { parseArgs } from 'node:util';
import { matmul, parameter, randn, square, stats, sum, tensor } from 'gradsmith';
import { Adam } from 'gradsmith/optim';

const { values } = parseArgs({ options: { steps: { type: 'string', default: '1000000' } } });
const steps = Number(values.steps);
const REPORTS = 10;
const LIMIT_MB = 32; // V8's own heap breathes by some MB

const w = parameter(randn([8, 4], { seed: 1 }));
const adam = new Adam([w], { learningRate: 1e-3 });
const run = async (n) => {
  for (let t = 0; t < n; t++) {
    const x = tensor([[t % 7, 1, 2, 3, 4, 5, 6, 7]]); // fresh data, as a service would have
    const loss = sum(square(matmul(x, w)));
    loss.backward();
    await adam.step();
    if (t % 1000 === 0) await loss.item();
  }
};

const rss = () => Math.round(process.memoryUsage().rss / 2 ** 20);
await run(Math.min(steps / REPORTS, 50_000));
const before = { rss: rss(), buffers: stats().liveBuffers };
console.log(`after warm-up: ${before.rss} MB resident, ${before.buffers} live buffers`);
for (let i = 1; i <= REPORTS; i++) {
  await run(steps / REPORTS);
  console.log(`${(steps / REPORTS) * i} steps: ${rss()} MB resident, ${stats().liveBuffers} live buffers`);
}
const grown = rss() - before.rss;
const buffers = stats().liveBuffers - before.buffers;
if (grown > LIMIT_MB || buffers > 0) {
  console.error(`grew by ${grown} MB and ${buffers} buffers`);
  process.exit(1);
}
