// Derived from every op's entry: the kernel computes what a plain float64 reference and the entry's own composition say, whatever way
// the plan takes. Run again for each ISA level (GRADSMITH_ISA), unfused (GRADSMITH_FUSE=0), eager (GRADSMITH_EAGER=1) and on one thread.

import { describe, expect, it } from 'vitest';
import { BOOL, FLOAT32, FLOAT64, isFloat, nameOf, UINT8 } from '../../lib/dtype.js';
import { planCache } from '../../lib/graph/cache.js';
import { apply, type Op, type SampleCase } from '../../lib/graph/op.js';
import { setEager } from '../../lib/index.js';
import { casesOf, generator, inputType, numbersFor, opsUnderTest, tensorOf, typesOf } from './cases.js';
import { REFERENCES } from './reference.js';

const describeCase = (c: SampleCase): string => c.inputs.map((s) => `[${s.shape.join(', ')}]`).join(' ');

/** Units in the last place of a dtype, at 1. */
const EPSILON: Record<number, number> = { [FLOAT32]: 2 ** -24, [FLOAT64]: 2 ** -53 };

function run(op: Op, testCase: SampleCase, type: number, numbers: Float64Array[]): Float64Array {
  const inputs = numbers.map((data, i) => tensorOf(data, testCase.inputs[i]!.shape, inputType(op, testCase, i, type)));
  return Float64Array.from(apply(op, inputs, testCase.attr ?? 0).dataSync() as ArrayLike<number>);
}

function expected(op: Op, testCase: SampleCase, type: number, numbers: Float64Array[]) {
  const reference = REFERENCES[op.name];
  if (reference === undefined) throw new Error(`${op.name} has no entry in test/derived/reference.ts`);
  const inputs = numbers.map((data, i) => ({ data, dims: testCase.inputs[i]!.shape }));
  const nodes = numbers.map((data, i) => tensorOf(data, testCase.inputs[i]!.shape, inputType(op, testCase, i, type)));
  const out = apply(op, nodes, testCase.attr ?? 0);
  return { values: reference(inputs, out.extent.dims, testCase.attr ?? 0), type: out.type };
}

/** What a dtype makes of a number: integers truncate and wrap. */
function asType(v: number, type: number): number {
  if (isFloat(type)) return v;
  if (type === BOOL) return Number(v !== 0);
  return type === UINT8 ? Math.trunc(v) & 255 : Math.trunc(v) | 0;
}

/** Largest allowed difference from the reference. */
function tolerance(op: Op, type: number, value: number, numbers: Float64Array[]): number {
  if (!isFloat(type)) return 0;
  const eps = EPSILON[type]!;
  if (op.samples?.relative !== undefined) {
    const largest = numbers.reduce((m, data) => data.reduce((a, v) => Math.max(a, Math.abs(v)), m), 1);
    return op.samples.relative * (type === FLOAT64 ? 2 ** -29 : 1) * largest * largest * 8;
  }
  // ulp counts whole last places, 2 eps each; the reference itself may be off by as much as Math.exp is. Denormal results count from the smallest normal.
  const ulps = (op.samples?.ulp ?? 1) + (type === FLOAT64 ? 2 : 0);
  return ulps * 2 * eps * Math.max(Math.abs(value), 2 ** -126);
}

for (const op of opsUnderTest()) {
  describe(op.name, () => {
    for (const type of typesOf(op)) {
      for (const [index, testCase] of casesOf(op).entries()) {
        const next = generator(index * 7 + type + 1);
        const numbers = testCase.inputs.map((_, i) => numbersFor(op, testCase, i, type, next));
        const title = `${nameOf(type)} ${describeCase(testCase)}`;

        it(`${title}: equals the reference`, () => {
          const want = expected(op, testCase, type, numbers);
          const got = run(op, testCase, type, numbers);
          expect(got.length).toBe(want.values.length);
          got.forEach((v, i) => {
            const w = asType(want.values[i]!, want.type);
            if (Number.isNaN(w)) return expect(v).toBeNaN();
            if (!Number.isFinite(w)) return expect(v).toBe(w);
            expect(Math.abs(v - w), `element ${i}: got ${v}, expected ${w}`).toBeLessThanOrEqual(
              tolerance(op, want.type, w, numbers),
            );
          });
        });

        it(`${title}: unfused and eager give the same bits`, () => {
          const lazy = run(op, testCase, type, numbers);
          const { fused } = planCache;
          planCache.fused = !fused;
          try {
            expect(run(op, testCase, type, numbers)).toEqual(lazy);
          } finally {
            planCache.fused = fused;
          }
          setEager(true);
          try {
            expect(run(op, testCase, type, numbers)).toEqual(lazy);
          } finally {
            setEager(process.env.GRADSMITH_EAGER === '1');
          }
        });

        if (op.equals !== undefined && isFloat(type)) {
          it(`${title}: the kernel equals the composition`, () => {
            const inputs = () =>
              numbers.map((data, i) => tensorOf(data, testCase.inputs[i]!.shape, inputType(op, testCase, i, type)));
            const kernel = run(op, testCase, type, numbers);
            const composed = op.equals!(inputs(), testCase.attr ?? 0).dataSync() as ArrayLike<number>;
            expect(composed.length).toBe(kernel.length);
            kernel.forEach((v, i) => {
              if (Number.isNaN(v)) return expect(composed[i]).toBeNaN();
              // A composition rounds at every op: a few more last places, and absolute ones where terms cancel.
              expect(Math.abs(v - composed[i]!)).toBeLessThanOrEqual(
                16 * EPSILON[type]! * Math.max(1, Math.abs(v)) + tolerance(op, type, v, numbers),
              );
            });
          });
        }
      }
    }

    for (const type of [FLOAT32, FLOAT64].filter((t) => op.samples?.extreme !== undefined && typesOf(op).includes(t))) {
      it(`${nameOf(type)}: the extremes give what the definition says, and no NaN`, () => {
        const extreme = Float64Array.from(op.samples!.extreme!);
        const [testCase] = casesOf(op).filter((c) => c.inputs[0]!.shape.length > 0 && !c.inputs[0]!.shape.includes(0));
        const next = generator(99);
        const numbers = testCase!.inputs.map((_, i) => numbersFor(op, testCase!, i, type, next));
        numbers[0] = numbers[0]!.map((_, i) => extreme[i % extreme.length]!);
        const want = expected(op, testCase!, type, numbers);
        run(op, testCase!, type, numbers).forEach((v, i) => {
          expect(v).not.toBeNaN();
          expect(
            Math.abs(v - want.values[i]!),
            `element ${i}: got ${v}, expected ${want.values[i]}`,
          ).toBeLessThanOrEqual(tolerance(op, type, want.values[i]!, numbers) + 2 ** -126);
        });
      });
    }
  });
}
