// What each op must compute, written as plainly as possible in float64. Tests compare the kernels with it.

export interface Array64 {
  readonly data: Float64Array;
  readonly dims: readonly number[];
}

type Reference = (inputs: Array64[], outDims: readonly number[], attr: number) => Float64Array;

const unary =
  (f: (x: number) => number): Reference =>
  ([x]) =>
    x!.data.map(f);

/** Element `index` of the output, as an offset into an operand that is broadcast to it. */
function broadcastOffset(dims: readonly number[], outDims: readonly number[], index: number): number {
  let offset = 0;
  let step = 1;
  let rest = index;
  for (let i = outDims.length - 1; i >= 0; i--) {
    const at = rest % outDims[i]!;
    rest = Math.floor(rest / outDims[i]!);
    const k = i - outDims.length + dims.length;
    if (k < 0) continue;
    if (dims[k] !== 1) offset += at * step;
    step *= dims[k]!;
  }
  return offset;
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

const nary =
  (f: (...args: number[]) => number): Reference =>
  (inputs, outDims) =>
    Float64Array.from({ length: sizeOf(outDims) }, (_, i) =>
      f(...inputs.map((x) => x.data[broadcastOffset(x.dims, outDims, i)]!)),
    );

const bool = (f: (a: number, b: number) => boolean): Reference => nary((a, b) => (f(a!, b!) ? 1 : 0));

/** Splits an index into coordinates. */
function coordinates(dims: readonly number[], index: number): number[] {
  const out = new Array<number>(dims.length);
  for (let i = dims.length - 1; i >= 0; i--) {
    out[i] = index % dims[i]!;
    index = Math.floor(index / dims[i]!);
  }
  return out;
}

function offsetOf(dims: readonly number[], at: readonly number[]): number {
  return dims.reduce((offset, d, i) => offset * d + at[i]!, 0);
}

/** Reduction over the axes in the low bits of the attribute, as lib/ops/reduce.ts packs them. */
const reduction =
  (f: (values: number[]) => number): Reference =>
  ([x], _outDims, attr) => {
    const kept = x!.dims.map((d, i) => ((attr >> i) & 1 ? 1 : d));
    const groups: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
    x!.data.forEach((v, i) => {
      const at = coordinates(x!.dims, i).map((c, k) => ((attr >> k) & 1 ? 0 : c));
      groups[offsetOf(kept, at)]!.push(v);
    });
    return Float64Array.from(groups, f);
  };

function rows({ data, dims }: Array64, f: (row: Float64Array) => Float64Array): Float64Array {
  const c = dims[dims.length - 1]!;
  const out = new Float64Array(data.length);
  for (let r = 0; r < data.length; r += c) out.set(f(data.subarray(r, r + c)), r);
  return out;
}

function standardizedRow(row: Float64Array, eps: number): Float64Array {
  const mean = row.reduce((s, v) => s + v, 0) / row.length;
  const scale = 1 / Math.sqrt(row.reduce((s, v) => s + (v - mean) ** 2, 0) / row.length + eps);
  return row.map((v) => (v - mean) * scale);
}

function logSoftmaxRow(row: Float64Array): Float64Array {
  const top = Math.max(...row);
  const total = Math.log(row.reduce((s, v) => s + Math.exp(v - top), 0));
  return row.map((v) => v - top - total);
}

/**
 * Abramowitz and Stegun: the series 7.1.6 (all terms positive, nothing cancels) for small x; the continued fraction 7.1.14 for large x,
 * where erf is one minus little.
 */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 3) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
    return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
  }
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The share of the standard normal distribution below x, without cancellation: half of erfc(-x/√2). */
function belowNormal(x: number): number {
  const a = Math.abs(x) / Math.SQRT2;
  if (a < 0.5) return (1 + erf(x / Math.SQRT2)) / 2;
  let fraction = 0;
  for (let k = 2000; k > 0; k--) fraction = k / 2 / (a + fraction);
  const tail = Math.exp((-x * x) / 2) / (Math.sqrt(Math.PI) * (a + fraction)) / 2;
  return x < 0 ? tail : 1 - tail;
}

function matmul([a, b]: Array64[], outDims: readonly number[]): Float64Array {
  const [m, n] = outDims.slice(-2) as [number, number];
  const k = a!.dims[a!.dims.length - 1]!;
  const batch = outDims.slice(0, -2);
  const out = new Float64Array(sizeOf(outDims));
  for (let g = 0; g < sizeOf(batch); g++) {
    const oa = broadcastOffset(a!.dims.slice(0, -2), batch, g) * m * k;
    const ob = broadcastOffset(b!.dims.slice(0, -2), batch, g) * k * n;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let s = 0;
        for (let p = 0; p < k; p++) s += a!.data[oa + i * k + p]! * b!.data[ob + p * n + j]!;
        out[(g * m + i) * n + j] = s;
      }
    }
  }
  return out;
}

const arg =
  (better: (a: number, b: number) => boolean): Reference =>
  ([x], outDims, attr) => {
    const axis = attr & 7;
    const kept = x!.dims.map((d, i) => (i === axis ? 1 : d));
    const best = new Map<number, [number, number]>();
    x!.data.forEach((v, i) => {
      const at = coordinates(x!.dims, i);
      const c = at[axis]!;
      at[axis] = 0;
      const o = offsetOf(kept, at);
      const known = best.get(o);
      if (known === undefined || better(v, known[0])) best.set(o, [v, c]);
    });
    return Float64Array.from({ length: sizeOf(outDims) }, (_, o) => best.get(o)![1]);
  };

export const REFERENCES: Readonly<Record<string, Reference>> = {
  copy: unary((x) => x),
  stopGradient: unary((x) => x),
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  square: unary((x) => x * x),
  reciprocal: unary((x) => 1 / x),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  tanh: unary(Math.tanh),
  relu: unary((x) => Math.max(x, 0)),
  erf: unary(erf),
  gelu: unary((x) => x * belowNormal(x)),
  geluSlope: unary((x) => belowNormal(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  logicalNot: unary((x) => (x ? 0 : 1)),
  cast: unary((x) => x),
  add: nary((a, b) => a! + b!),
  sub: nary((a, b) => a! - b!),
  mul: nary((a, b) => a! * b!),
  div: nary((a, b) => a! / b!),
  maximum: nary((a, b) => Math.max(a!, b!)),
  minimum: nary((a, b) => Math.min(a!, b!)),
  where: nary((c, a, b) => (c ? a! : b!)),
  equal: bool((a, b) => a === b),
  notEqual: bool((a, b) => a !== b),
  less: bool((a, b) => a < b),
  lessEqual: bool((a, b) => a <= b),
  greater: bool((a, b) => a > b),
  greaterEqual: bool((a, b) => a >= b),
  logicalAnd: bool((a, b) => a !== 0 && b !== 0),
  logicalOr: bool((a, b) => a !== 0 || b !== 0),
  reshape: ([x]) => x!.data,
  broadcastTo: ([x], outDims) =>
    Float64Array.from({ length: sizeOf(outDims) }, (_, i) => x!.data[broadcastOffset(x!.dims, outDims, i)]!),
  transpose: ([x], outDims, attr) => {
    const order = outDims.map((_, i) => (attr >> (3 * i)) & 7); // packed by lib/ops/shape.ts
    return Float64Array.from({ length: sizeOf(outDims) }, (_, i) => {
      const at = new Array<number>(outDims.length);
      coordinates(outDims, i).forEach((c, k) => {
        at[order[k]!] = c;
      });
      return x!.data[offsetOf(x!.dims, at)]!;
    });
  },
  matmul: (inputs, outDims) => matmul(inputs, outDims),
  sum: reduction((v) => v.reduce((a, b) => a + b, 0)),
  mean: reduction((v) => v.reduce((a, b) => a + b, 0) / v.length),
  max: reduction((v) => v.reduce((a, b) => Math.max(a, b), -Infinity)),
  min: reduction((v) => v.reduce((a, b) => Math.min(a, b), Infinity)),
  argmax: arg((a, b) => a > b),
  argmin: arg((a, b) => a < b),
  standardize: ([x, eps]) => rows(x!, (row) => standardizedRow(row, eps!.data[0]!)),
  layerNorm: ([x, eps, gamma, beta]) =>
    rows(x!, (row) =>
      standardizedRow(row, eps!.data[0]!).map((v, i) => v * (gamma?.data[i] ?? 1) + (beta?.data[i] ?? 0)),
    ),
  softmax: ([x]) => rows(x!, (row) => logSoftmaxRow(row).map(Math.exp)),
  logSoftmax: ([x]) => rows(x!, logSoftmaxRow),
  crossEntropy: ([logits, labels]) =>
    Float64Array.from(labels!.data, (label, i) => {
      const c = logits!.dims[1]!;
      return -logSoftmaxRow(logits!.data.subarray(i * c, i * c + c))[label]!;
    }),
  crossEntropyGrad: ([logits, labels, dloss]) => {
    const c = logits!.dims[1]!;
    const out = rows(logits!, (row) => logSoftmaxRow(row).map(Math.exp));
    labels!.data.forEach((label, i) => {
      out[i * c + label]! -= 1;
    });
    return out.map((v, i) => v * dloss!.data[Math.floor(i / c)]!);
  },
  gather: ([table, indices], outDims) => {
    const row = sizeOf(table!.dims.slice(1));
    const out = new Float64Array(sizeOf(outDims));
    indices!.data.forEach((r, i) => out.set(table!.data.subarray(r * row, r * row + row), i * row));
    return out;
  },
  scatterAdd: ([indices, x], outDims) => {
    const row = sizeOf(outDims.slice(1));
    const out = new Float64Array(sizeOf(outDims));
    indices!.data.forEach((r, i) => {
      for (let k = 0; k < row; k++) out[r * row + k]! += x!.data[i * row + k]!;
    });
    return out;
  },
};
