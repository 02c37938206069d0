// Measures one workload in a process of its own and prints one JSON line a variant: child.mjs WORKLOAD SECONDS
import { stats } from 'gradsmith';

const [workload, seconds] = [process.argv[2], Number(process.argv[3])];
const { setUp, flops, unit } = await import(`./steps/${workload}.mjs`);

const BLOCKS = 9;
for (const [variant, { run, steps: fixed }] of Object.entries(await setUp())) {
  // Warm-up: the compiler of JavaScript settles after some ten thousand small steps.
  const budget = performance.now() + Math.max(300, 400 * seconds);
  let once = 1;
  for (let n = fixed ?? 16; ; n = fixed ?? n * 2) {
    const start = performance.now();
    await run(n);
    once = (performance.now() - start) / n;
    if (performance.now() > budget) break;
  }
  const steps = fixed ?? Math.max(1, Math.round((seconds * 1000) / BLOCKS / once));
  const rates = [];
  let result;
  for (let b = 0; b < BLOCKS; b++) {
    const start = performance.now();
    result = await run(steps);
    rates.push((steps * 1000) / (performance.now() - start));
  }
  rates.sort((a, b) => a - b);
  const { isa, threads } = stats();
  console.log(
    JSON.stringify({
      workload,
      variant,
      unit,
      isa,
      threads,
      low: rates[0],
      median: rates[BLOCKS >> 1],
      high: rates[BLOCKS - 1],
      gflops: (flops * rates[BLOCKS >> 1]) / 1e9,
      rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
      result,
    }),
  );
}
