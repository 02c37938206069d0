import type { Module } from '../nn/index.js';
import { stopGradient } from '../ops/index.js';
import { CompiledFunction } from '../runtime/compiled.js';
import { evaluate, evaluateSync } from '../runtime/evaluate.js';
import { Untraceable } from '../runtime/recording.js';
import { type AnyTensor, COMPUTED } from '../tensor.js';
import { tracesText } from '../transform/explain.js';
import { Fields } from './fields.js';
import { inMode } from './mode.js';

/**
 * A model's forward pass out of training mode, traced once for each shape of the inputs and again when the model's modules have changed. A
 * model whose forward pass reads values is not traced.
 */
export class Predictor {
  private readonly model: Module;
  private traced: { readonly fields: Fields; readonly forward: CompiledFunction } | null = null;
  private untraceable = false;
  /** The one argument of a call that blocks. */
  private readonly argument: [AnyTensor | null] = [null];

  constructor(model: Module) {
    this.model = model;
  }

  /** The output, computed. */
  async call(x: AnyTensor): Promise<AnyTensor> {
    const y = this.untraceable
      ? this.build(x)
      : ((await this.forward()
          .call([detached(x)])
          .catch((error) => this.rebuilt(error, x))) as AnyTensor);
    if (y.kind === COMPUTED) await evaluate(y);
    return y;
  }

  /** The same, blocking the event loop. */
  callSync(x: AnyTensor): AnyTensor {
    if (!this.untraceable) {
      const [outer] = this.argument; // of a model that predicts in its forward pass
      this.argument[0] = detached(x);
      try {
        return this.forward().callSync(this.argument) as AnyTensor;
      } catch (error) {
        if (!(error instanceof Untraceable)) throw error;
        this.untraceable = true;
      } finally {
        this.argument[0] = outer;
      }
    }
    const y = this.build(x);
    evaluateSync(y);
    return y;
  }

  /** Its plans, in words. */
  explanation(): string[] {
    return this.traced === null ? [] : tracesText('predict', this.traced.forward);
  }

  private forward(): CompiledFunction {
    if (this.traced === null || !this.traced.fields.unchanged())
      this.traced = { fields: new Fields(this.model), forward: new CompiledFunction((x) => this.build(x)) };
    return this.traced.forward;
  }

  /** Cut off from its inputs, so that a prediction that is kept does not keep its graph, and a node of its own, which never changes. */
  private build(x: AnyTensor): AnyTensor {
    const model = this.model as unknown as { forward(x: AnyTensor): AnyTensor };
    return stopGradient(inMode(this.model, false, () => model.forward(x)));
  }

  private rebuilt(error: unknown, x: AnyTensor): AnyTensor {
    if (!(error instanceof Untraceable)) throw error;
    this.untraceable = true;
    return this.build(x);
  }
}

function detached(x: AnyTensor): AnyTensor {
  return x.needsGrad ? (stopGradient(x) as AnyTensor) : x;
}
