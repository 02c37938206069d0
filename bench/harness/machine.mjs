// What a figure depends on besides the code: processor, versions, and the limits of the machine, measured now.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { compiler } from './native.mjs';

export function machine() {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    gradsmith: version,
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() || 'unknown',
    compiler: compiler(),
  };
}

/** FMA throughput and bandwidth on these numbers of threads; see bench/native/peak.cc. */
export class Limits {
  constructor(program, threads) {
    this.program = program;
    this.threads = threads;
    this.all = this.#run();
  }

  #run(...options) {
    const { status, stdout, stderr } = spawnSync(this.program, [...options, ...this.threads.map(String)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`peak failed: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** GFLOP/s by level, threads and dtype, as the machine is at this moment; takes some 0.1 s. */
  now() {
    const { fma } = this.#run('--fma');
    const of = (isa, threads, dtype) => fma[`${isa} ${dtype}`]?.[this.threads.indexOf(threads)];
    // A CPU that has no instruction for bfloat16 takes float32's.
    return (isa, threads, dtype = 'float32') => of(isa, threads, dtype) ?? of(isa, threads, 'float32') ?? Number.NaN;
  }

  /** GB/s of the level that holds `bytes`, spread over `threads`, and that level's name. `writes`: does the kernel write as much as a triad? */
  bandwidth(bytes, threads, writes) {
    const { capacity, bandwidth } = this.all;
    const own = bytes / threads;
    const level = own <= capacity.L1 ? 'L1' : own <= capacity.L2 ? 'L2' : bytes <= LARGEST_L3 ? 'L3' : 'DRAM';
    const name = `${writes ? 'triad' : 'read'} ${level}`;
    return { name, gbs: bandwidth[name][this.threads.indexOf(threads)] };
  }
}

/** What one machine's share of a third level is taken to hold. */
const LARGEST_L3 = 16 << 20;
