import { cast, crossEntropy, gather, gradients, tensor } from 'gradsmith';

const H = 1e-5; // error of the differences: O(h²) from above, rounding / h from below
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
  for (const [k, [name, p]] of named.entries()) {
    const [values, analytic] = [await p.data(), await grads[k].data()];
    // The loss with element i set to a value.
    const lossAt = (i, value) => {
      const moved = values.with(i, value);
      model.loadStateDict({ [name]: tensor(moved, { shape: p.shape, dtype: 'float64' }) }, { strict: false });
      return loss().item();
    };
    let worst = 0;
    for (let s = 0; s < SAMPLES; s++) {
      const i = Math.floor((s * values.length) / SAMPLES);
      const numeric = ((await lossAt(i, values[i] + H)) - (await lossAt(i, values[i] - H))) / (2 * H);
      await lossAt(i, values[i]);
      const error = Math.abs(numeric - analytic[i]) / Math.max(1e-8, Math.abs(numeric) + Math.abs(analytic[i]));
      if (Math.abs(numeric - analytic[i]) > 1e-10) worst = Math.max(worst, error);
    }
    console.log(
      `  ${name.padEnd(9)} [${p.shape.join(', ')}]`.padEnd(26),
      `worst relative error ${worst.toExponential(1)}`,
    );
    if (worst > LIMIT) throw new Error(`the gradient of ${name} is wrong`);
  }
}
