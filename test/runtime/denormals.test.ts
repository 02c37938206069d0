// Denormals, the numbers below the smallest normal one: 0 for arithmetic, unless GRADSMITH_DENORMALS says otherwise.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mul, type Tensor, tensor } from '../../lib/index.js';

const [tiny, denormal] = [1e-30, 1e-40];

describe('denormals', () => {
  const small = (values: number[]): Tensor => tensor(values, { dtype: 'float32' });

  it('are 0 as results and as operands, and pass unchanged where nothing is computed', async () => {
    expect(await mul(small([tiny, denormal, 1]), small([1e-10, 1e10, 1e-10])).array()).toEqual([
      0,
      0,
      Math.fround(1e-10),
    ]);
    expect(await small([denormal]).array()).toEqual([Math.fround(denormal)]);
    expect(await mul(tensor([1e-200], { dtype: 'float64' }), 1e-110).array()).toEqual([0]);
  });

  it("are what they were for JavaScript's own arithmetic after a call that ran on its thread", () => {
    expect(mul(small([tiny]), small([1e-10])).arraySync()).toEqual([0]);
    const numbers = new Float64Array([2 ** -1060, 0.5]);
    expect((numbers[0] ?? 0) * (numbers[1] ?? 0)).toBe(2 ** -1061);
  });

  const run = (setting: string): { stdout: string; stderr: string; status: number | null } =>
    spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { mul, tensor } from 'gradsmith';
         const product = mul(tensor([${tiny}, ${denormal}], { dtype: 'float32' }), tensor([1e-10, 1e10], { dtype: 'float32' }));
         console.log(JSON.stringify(await product.array()));`,
      ],
      {
        encoding: 'utf8',
        env: { ...process.env, GRADSMITH_DENORMALS: setting },
        cwd: fileURLToPath(new URL('.', import.meta.url)),
      },
    );

  it('are kept where GRADSMITH_DENORMALS=keep', () => {
    const [result, operand] = JSON.parse(run('keep').stdout);
    expect(result).toBe(Math.fround(Math.fround(tiny) * Math.fround(1e-10)));
    expect(operand).toBe(Math.fround(Math.fround(denormal) * Math.fround(1e10)));
    expect(JSON.parse(run('zero').stdout)).toEqual([0, 0]);
  });

  it('have no other setting', () => {
    const { status, stderr } = run('no');
    expect(status).not.toBe(0);
    expect(stderr).toContain('GRADSMITH_DENORMALS=no: must be zero or keep');
  });
});
