// The measured side of a benchmark, in JavaScript: a process that sets itself up, says so, and then obeys its standard input, a line at
// a time, with a line of JSON for each. Programs in other languages speak the same lines.
//
//   ← {"ready": {…}}             what it is: name, version, isa, threads
//   → check                      asked at most once, first
//   ← {"numbers": […]}           what it computes from the problem's start: the loss after the problem's steps, or the outputs
//   → run SECONDS
//   ← {"count", "seconds", "rssMb"}, and for a latency {"p50", "p99", "p999"} in microseconds
//   → quit
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} Measured
 * @property {object} about
 * @property {() => Promise<number[]>} check
 * @property {(count: number) => Promise<unknown>} [steps] does so many steps, and returns when they are done
 * @property {number} [chunk] steps come in multiples of this
 * @property {() => unknown} [call] one call, whose latency is measured; may return a promise
 */

/** @param {Measured} measured */
export async function serve(measured) {
  say({ ready: measured.about });
  const run = measured.call ? latency(measured.call) : throughput(measured.steps, measured.chunk ?? 1);
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, argument] = line.trim().split(' ');
    if (verb === 'quit') break;
    if (verb === 'check') say({ numbers: await measured.check() });
    if (verb === 'run') say({ ...(await run(Number(argument))), rssMb: peakMemory() });
  }
  process.exit(0);
}

/** Most memory that this process had, in MB. What `getrusage` says on Linux includes the process that started it. */
function peakMemory() {
  if (process.platform !== 'linux') return Math.round(process.resourceUsage().maxRSS / 1024);
  return Math.round(Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+) kB/)[1]) / 1024);
}

function say(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** Looks at the clock eight times a run, or after each chunk if that is rarer. */
function throughput(steps, chunk) {
  let n = chunk;
  return async (seconds) => {
    const start = performance.now();
    const end = start + 1000 * seconds;
    for (let count = 0, now = start; ; ) {
      await steps(n);
      count += n;
      const before = now;
      now = performance.now();
      if (now >= end) return { count, seconds: (now - start) / 1000 };
      const rate = n / (now - before);
      const next = Math.min((rate * 1000 * seconds) / 8, rate * (end - now));
      n = Math.max(chunk, Math.ceil(next / chunk) * chunk);
    }
  };
}

function latency(call) {
  const times = new Float64Array(1 << 20);
  return async (seconds) => {
    const start = performance.now();
    const end = start + 1000 * seconds;
    let count = 0;
    for (let now = start; now < end && count < times.length; count++) {
      const result = call();
      if (result instanceof Promise) await result;
      const then = performance.now();
      times[count] = 1000 * (then - now);
      now = then;
    }
    const sorted = times.slice(0, count).sort();
    const at = (share) => sorted[Math.min(count - 1, Math.floor(share * count))];
    return { count, seconds: (performance.now() - start) / 1000, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
  };
}
