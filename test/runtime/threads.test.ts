// Worker threads and process exit. The workers run the compiled package, as an application's would.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const start = (workerData: object): Worker => new Worker(program('train.mjs'), { workerData, execArgv: [] });

describe('several worker threads', () => {
  it('train at once, each with the numbers it would have alone', async () => {
    const results = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const worker = start({ size: 48, steps: 200 });
        const messages: unknown[] = [];
        worker.on('message', (m) => messages.push(m));
        const [code] = await once(worker, 'exit');
        expect(code).toBe(0);
        return messages.at(-1);
      }),
    );
    expect(new Set(results).size).toBe(1);
    expect(typeof results[0]).toBe('number');
  });

  it.each([8, 64, 700])('can be terminated in the middle of a step on %i x %i matrices', async (size) => {
    for (let i = 0; i < 5; i++) {
      const worker = start({ size });
      await once(worker, 'message');
      await worker.terminate();
    }
  });
});

describe('a process', () => {
  it('that exits with work in flight ends at once, with its own code', () => {
    const { status, signal, stderr } = spawnSync(process.execPath, [program('exit.mjs')], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
  });

  it('that has nothing left to do ends by itself', () => {
    const code =
      "import { randn, evaluate, matmul } from 'gradsmith'; const a = randn([300, 300]); await evaluate(matmul(a, a)); console.log('done');";
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 30_000,
      cwd: program(''),
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'done\n' });
  });
});
