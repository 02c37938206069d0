import { cast, crossEntropy, evaluate, gather, gradients, tensor } from 'gradsmith';

const H = 1e-5; // the differences are wrong by about H² of the function's bend and 1e-16 / H of its rounding
const SAMPLES = 12; // elements of each parameter
const LIMIT = 1e-6; // relative error from which a gradient counts as wrong

/**
 * Compares the gradient of the loss with (f(w + h) - f(w - h)) / 2h for some elements of every parameter, and prints the worst relative
 * error of each. Throws when one is too large.
 */
export async function checkGradients(model, dataset) {
  const rows = tensor([0, 1, 2, 3, 4, 5, 6, 7], { dtype: 'int32' });
  const [images, labels] = dataset.columns.map((column) => gather(column, rows));
  const x = cast(images, 'float64');
  const loss = () => crossEntropy(model.forward(x), labels);

  const named = [...model.namedParameters()];
  const grads = gradients(
    loss(),
    named.map(([, p]) => p),
  );
  await evaluate(...grads); // now: below, the parameters change
  for (const [k, [name, p]] of named.entries()) {
    const [values, analytic] = [await p.data(), await grads[k].data()];
    const lossWith = (i, value) => {
      const moved = tensor(values.with(i, value), { shape: p.shape });
      model.loadStateDict({ [name]: moved }, { strict: false });
      return loss().item();
    };
    let worst = 0;
    for (const i of sample(analytic)) {
      const numeric = ((await lossWith(i, values[i] + H)) - (await lossWith(i, values[i] - H))) / (2 * H);
      await lossWith(i, values[i]);
      worst = Math.max(worst, Math.abs(numeric - analytic[i]) / (Math.abs(numeric) + Math.abs(analytic[i])));
    }
    console.log(
      `  ${name.padEnd(9)} [${p.shape.join(', ')}]`.padEnd(24),
      `worst relative error ${worst.toExponential(1)}`,
    );
    if (!(worst < LIMIT)) throw new Error(`the gradient of ${name} is wrong`);
  }
}

/** Some elements, spread evenly over those whose gradient is large enough for the differences to resolve it. */
function sample(gradient) {
  const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  const candidates = [...gradient.keys()].filter((i) => Math.abs(gradient[i]) > 0.1 * largest);
  const count = Math.min(SAMPLES, candidates.length);
  return Array.from({ length: count }, (_, s) => candidates[Math.floor((s * candidates.length) / count)]);
}
