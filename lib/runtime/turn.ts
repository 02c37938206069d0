// A loop of steps that run inline consists of microtasks only and would starve timers and sockets. Whoever resolves a promise for an
// inline run asks here: whenever the event loop has not had a turn for a few milliseconds, the promise goes through one.

const LONGEST_MS = 4;
/** The clock is read every so many calls. */
const PERIOD = 16;

let calls = 0;
let lastTurn = performance.now();
const resolved = Promise.resolve();

/** Resolved at once, or after a turn of the event loop where one is due. */
export function turn(): Promise<void> {
  return turnIsDue() ? aTurn() : resolved;
}

/** Asked once for each run. */
export function turnIsDue(): boolean {
  return ++calls % PERIOD === 0 && performance.now() - lastTurn >= LONGEST_MS;
}

/** A turn of the event loop. */
export function aTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      lastTurn = performance.now();
      resolve();
    });
  });
}
