// Who is measured beside gradsmith, in which of its settings, on which workloads. What a peer cannot do is left out here; what fails
// when it is tried is reported.

/** npm packages, or none: programs in bench/peers/node. */
const NODE = [
  { title: 'JavaScript by hand', file: 'hand', variants: ['-'], workloads: ['w1', 'w5', 'w6'], threads: [1] },
  {
    title: 'tfjs',
    file: 'tfjs',
    npm: '@tensorflow/tfjs',
    variants: ['wasm'],
    workloads: ['w1', 'w2', 'w5', 'w6'],
    threads: [1, 2],
  },
  {
    title: 'tfjs',
    file: 'tfjs',
    npm: '@tensorflow/tfjs',
    variants: ['cpu'],
    workloads: ['w1', 'w2', 'w5', 'w6'],
    threads: [1],
  },
  {
    title: '@jax-js/jax',
    file: 'jaxjs',
    npm: '@jax-js/jax',
    variants: ['jit'],
    workloads: ['w1', 'w2', 'w5', 'w6'],
    threads: [1],
  },
  { title: 'js-pytorch', file: 'js-pytorch', npm: 'js-pytorch', variants: ['-'], workloads: ['w1'], threads: [1] },
  { title: 'brain.js', file: 'brain', npm: 'brain.js', variants: ['-'], workloads: ['w5'], threads: [1] },
  {
    title: '@mni-ml/framework',
    file: 'mni',
    npm: '@mni-ml/framework',
    variants: ['-'],
    workloads: ['w1'],
    threads: [1],
  },
  {
    title: 'onnxruntime-node',
    file: 'onnx',
    npm: 'onnxruntime-node',
    variants: ['-'],
    workloads: ['w6'],
    threads: [1, 2],
  },
];

/** Programs in bench/peers/python, and the module each needs. */
const PYTHON = [
  { title: 'NumPy', module: 'numpy', variants: ['by hand'] },
  { title: 'PyTorch', module: 'torch', variants: ['eager', 'fused', 'compile'] },
  { title: 'PyTorch', module: 'torch', variants: ['by-hand-compile'], workloads: ['w1'] },
  { title: 'JAX', module: 'jax', variants: ['step'] },
  { title: 'JAX', module: 'jax', variants: ['scan'], workloads: ['w1', 'w2', 'w5'] },
  { title: 'TensorFlow', module: 'tensorflow', variants: ['function', 'xla'] },
];
const ALL = ['w1', 'w2', 'w5', 'w6'];

/** Threads gain nothing where a step is all overhead. */
const threadsOf = (workload, most) => (workload === 'w5' ? [1] : [1, most]);

/** @returns {{ title, variant, command, cwd, threads }[]} subjects for a workload; `pythons` maps modules to programs, or to null */
export function peersOf(workload, { pythons, most, here, problem }) {
  const subjects = [];
  for (const { title, file, npm, variants, workloads, threads } of NODE) {
    if (!workloads.includes(workload)) continue;
    for (const variant of variants)
      for (const n of threads.filter((t) => t === 1 || workload !== 'w5').map((t) => (t === 1 ? 1 : most)))
        subjects.push({
          title: variant === '-' ? title : `${title} ${variant}`,
          threads: n,
          npm,
          command: [process.execPath, `${here}node/peer.mjs`, file, variant, workload, problem, String(n)],
        });
  }
  for (const { title, module, variants, workloads = ALL } of PYTHON) {
    if (!workloads.includes(workload)) continue;
    for (const variant of variants) {
      if (workload === 'w6' && variant === 'fused') continue; // a form of the optimizer
      for (const n of threadsOf(workload, most))
        subjects.push({
          title: `${title} ${variant}`,
          threads: n,
          missing: pythons.get(module) ? undefined : `no Python that was named has ${module}`,
          command: [pythons.get(module), `${here}python/${module}_peer.py`, variant, workload, problem, String(n)],
        });
    }
  }
  return subjects.filter((s, i) => subjects.findIndex((t) => t.title === s.title && t.threads === s.threads) === i);
}

/** Settings that help peers: memory that malloc keeps instead of giving it back each step, and no forced OpenBLAS kernels. */
export function peerEnvironment(threads) {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  return {
    ...env,
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    MALLOC_TRIM_THRESHOLD_: '4294967296',
    MALLOC_MMAP_THRESHOLD_: '4294967296',
    MALLOC_TOP_PAD_: '67108864',
  };
}
