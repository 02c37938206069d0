// brain.js trains sample by sample: a "step" here is a pass over the four points, four updates. Its losses cannot agree.
import brain from 'brain.js';

export async function setUp({ workload, problem }) {
  if (workload !== 'w5') throw new Error('not written for this peer');
  const { x, y } = problem.arrays;
  const net = new brain.NeuralNetwork({
    hiddenLayers: [16],
    activation: 'sigmoid',
    learningRate: problem.learningRate,
  });
  const points = [0, 1, 2, 3].map((i) => ({ input: [x.data[2 * i], x.data[2 * i + 1]], output: [y.data[i]] }));
  const steps = async (count) => net.train(points, { iterations: count, errorThresh: 1e-12 }).error;
  return { about: { name: 'brain.js', version: '1.6.1' }, steps, check: async () => [await steps(problem.checkSteps)] };
}
