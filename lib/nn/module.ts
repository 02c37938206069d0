import type { DType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { assignState, type StateDict, snapshot, snapshotSync } from '../runtime/state-dict.js';
import type { Shape } from '../shape.js';
import { type AnyTensor, type Parameter, Tensor } from '../tensor.js';

/**
 * A part of a network: parameters, other modules, and a `forward` from inputs to outputs. Whatever a subclass keeps in its
 * fields is found there: a parameter as `weight`, a module's as `hidden.weight`, those of an array of modules as
 * `layers.0.weight`; the names are PyTorch's.
 *
 * @example
 * class Residual extends Module {
 *   linear = new Linear(64, 64);
 *   forward(x: Tensor<[number, 64]>) { return add(x, relu(this.linear.forward(x))); }
 * }
 */
export abstract class Module {
  /** Is it being trained? Dropout and the like behave differently otherwise; see `train()` and `eval()`. */
  training = true;

  abstract forward(...inputs: never[]): unknown;

  /** The modules it is made of, by the name they have in parameter names. */
  *children(): IterableIterator<[string, Module]> {
    for (const [name, field] of Object.entries(this)) {
      if (field instanceof Module) yield [name, field];
      if (!Array.isArray(field)) continue;
      for (const [i, item] of field.entries()) if (item instanceof Module) yield [`${name}.${i}`, item];
    }
  }

  /** It and every module inside it, outermost first. */
  *modules(): IterableIterator<Module> {
    const seen = new Set<Module>();
    const stack: Module[] = [this];
    while (stack.length > 0) {
      const module = stack.pop()!;
      if (seen.has(module)) continue;
      seen.add(module);
      yield module;
      stack.push(...Array.from(module.children(), ([, child]) => child).reverse());
    }
  }

  /** What optimizers train, each once, with its name. */
  *namedParameters(): IterableIterator<[string, Parameter<Shape, DType>]> {
    const seen = new Set<AnyTensor>();
    for (const [name, t] of this.namedState()) {
      if (!t.needsGrad || seen.has(t)) continue;
      seen.add(t);
      yield [name, t as Parameter<Shape, DType>];
    }
  }

  /** What optimizers train. */
  parameters(): Parameter<Shape, DType>[] {
    return Array.from(this.namedParameters(), ([, parameter]) => parameter);
  }

  /** Sets training mode, here and inside; false is `eval()`. */
  train(on = true): this {
    for (const module of this.modules()) module.training = on;
    return this;
  }

  /** Leaves training mode: dropout passes everything on. */
  eval(): this {
    return this.train(false);
  }

  /** A copy of every parameter and state, by name. Does not change when training goes on. */
  stateDict(): Promise<StateDict> {
    return snapshot([...this.namedState()]);
  }

  /** `stateDict()` that blocks the event loop. */
  stateDictSync(): StateDict {
    return snapshotSync([...this.namedState()]);
  }

  /**
   * Overwrites parameters and state by those of the same names: all of them, unless `strict` is false.
   * Nothing is changed unless everything fits.
   * @throws ERR_VALUE for missing or unknown names, ERR_SHAPE and ERR_DTYPE where a tensor does not fit.
   */
  loadStateDict(dict: StateDict, { strict = true }: { strict?: boolean } = {}): void {
    assignState(`${this.constructor.name}.loadStateDict`, [...this.namedState()], dict, strict);
  }

  /** Parameters and other mutable tensors, every name of each (a shared parameter has two). */
  private *namedState(): IterableIterator<[string, AnyTensor]> {
    const walk = function* (
      module: Module,
      prefix: string,
      above: readonly Module[],
    ): IterableIterator<[string, AnyTensor]> {
      if (above.includes(module))
        throw new GradsmithError('ERR_VALUE', `Module: ${prefix.slice(0, -1)} contains itself`);
      for (const [name, field] of Object.entries(module)) {
        if (field instanceof Tensor && (field as AnyTensor).mutable) yield [prefix + name, field as AnyTensor];
      }
      for (const [name, child] of module.children()) yield* walk(child, `${prefix}${name}.`, [...above, module]);
    };
    yield* walk(this, '', []);
  }
}
