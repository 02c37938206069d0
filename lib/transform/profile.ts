import { writeFile } from 'node:fs/promises';
import { GradsmithError } from '../errors.js';
import { startRecording, stopRecording } from '../runtime/timeline.js';

export interface ProfileOptions {
  /** Where to write the trace. Default 'gradsmith-trace.json'. */
  file?: string;
}

let running = false;

/**
 * Runs `f` and writes a trace of the instructions that ran meanwhile, on the JavaScript thread, the executor and the threads of the pool:
 * one event for each instruction and part, in the Trace Event Format that Perfetto and chrome://tracing open. About the first 260,000
 * events are kept. `explain()` then knows how long each instruction took. Resolves with what `f` returned.
 * @throws ERR_VALUE while another profile is running.
 */
export async function profile<R>(
  f: () => R | Promise<R>,
  { file = 'gradsmith-trace.json' }: ProfileOptions = {},
): Promise<R> {
  if (running) throw new GradsmithError('ERR_VALUE', 'profile: another profile is running; await it first');
  running = true;
  try {
    startRecording();
    let result: R;
    let recorded: Awaited<ReturnType<typeof stopRecording>>;
    try {
      result = await f();
    } finally {
      recorded = await stopRecording();
    }
    const { traceEvents, dropped } = recorded;
    const trace = { traceEvents, displayTimeUnit: 'ns', otherData: { dropped } };
    await writeFile(file, JSON.stringify(trace));
    return result;
  } finally {
    running = false;
  }
}
