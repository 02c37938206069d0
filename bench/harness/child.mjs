// The measuring side: starts a process that speaks the lines of serve.mjs and asks it things. All processes of a comparison stay
// loaded, and all but the one that is asked are stopped, so that no spinning thread of one disturbs another.
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

const canPin = process.platform === 'linux' && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
const canStop = process.platform !== 'win32';
const children = new Set();
process.once('exit', () => {
  for (const child of children) child.kill();
});
// A stopped process would outlive its parent.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** `command` on one core alone, where the system can do that. */
export function pinned(command) {
  return canPin ? ['taskset', '-c', String(availableParallelism() - 1), ...command] : command;
}

export class Child {
  /** What it said of itself when it was ready. */
  about = null;
  #process;
  #lines = [];
  #waiting = null;
  #errors = '';
  #ended = null;

  /** @param {string[]} command `env` is added to the environment, or replaces it */
  constructor(command, { env = {}, replace = false } = {}) {
    const [program, ...args] = command;
    this.#process = spawn(program, args, { env: replace ? env : { ...process.env, ...env } });
    children.add(this);
    this.#process.stdin.on('error', () => {}); // its end is reported below
    this.#process.stderr.on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return; // libraries print, too
      this.#lines.push(line);
      this.#waiting?.();
    });
    this.#process.on('error', (error) => this.#end(error.message));
    this.#process.on('close', (code, signal) => this.#end(`ended with ${signal ?? code}: ${this.#lastError()}`));
  }

  /** Waits until it has set itself up. @throws what it died of */
  async ready(seconds = 300) {
    this.about = (await this.#answer(seconds)).ready;
    this.#sleep();
    return this;
  }

  /** One question, one answer; it sleeps before and after. */
  async ask(line, seconds = 300) {
    this.#wake();
    this.#process.stdin.write(`${line}\n`);
    try {
      return await this.#answer(seconds);
    } finally {
      this.#sleep();
    }
  }

  kill() {
    children.delete(this);
    if (this.#ended === null) this.#process.kill('SIGKILL');
  }

  async #answer(seconds) {
    const end = Date.now() + 1000 * seconds;
    while (this.#lines.length === 0) {
      if (this.#ended !== null) throw new Error(this.#ended);
      const left = end - Date.now();
      if (left <= 0) {
        this.kill();
        throw new Error(`no answer after ${seconds} s`);
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return JSON.parse(this.#lines.shift());
  }

  #end(why) {
    children.delete(this);
    this.#ended ??= why;
    this.#waiting?.();
  }

  #sleep() {
    if (canStop && this.#ended === null) this.#process.kill('SIGSTOP');
  }

  #wake() {
    if (canStop && this.#ended === null) this.#process.kill('SIGCONT');
  }

  /** The last line that looks like an error, or the last line. */
  #lastError() {
    const lines = this.#errors.split('\n').filter((line) => line.trim() !== '' && !/^(Node\.js v|\s+at )/.test(line));
    const line = lines.findLast((text) => /error/i.test(text)) ?? lines.at(-1) ?? 'it said nothing';
    return line.replace(/ imported from .*/, '');
  }
}
