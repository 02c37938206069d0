// onnxruntime-node: inference only.
import ort from 'onnxruntime-node';
import { mlpModel } from './onnx-model.mjs';

export async function setUp({ workload, problem, threads }) {
  if (workload !== 'w6') throw new Error('it does not train');
  const { x } = problem.arrays;
  const session = await ort.InferenceSession.create(mlpModel(problem.arrays), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const call = async () => (await session.run({ x: new ort.Tensor('float32', x.data, [1, 784]) })).y.data;
  const about = { name: 'onnxruntime-node', version: ort.env.versions.node };
  return { about, call, check: async () => Array.from(await call()) };
}
