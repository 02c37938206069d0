import type { Module } from '../nn/index.js';

/**
 * The fields of a model's modules as they were, but for `training`: layers, parameters (by identity), numbers, flags, and the items of
 * arrays. A prediction that was traced is used again as long as none has been replaced.
 */
export class Fields {
  private readonly objects: object[] = [];
  private readonly names: string[] = [];
  private readonly values: unknown[] = [];

  constructor(model: Module) {
    for (const module of model.modules()) {
      for (const [name, value] of Object.entries(module)) {
        if (name === 'training') continue;
        this.add(module, name, value);
        if (!Array.isArray(value)) continue;
        this.add(value, 'length', value.length);
        for (const [i, item] of value.entries()) this.add(value, String(i), item);
      }
    }
  }

  private add(object: object, name: string, value: unknown): void {
    this.objects.push(object);
    this.names.push(name);
    this.values.push(value);
  }

  unchanged(): boolean {
    const { objects, names, values } = this;
    for (let i = 0; i < objects.length; i++) {
      if (!Object.is((objects[i] as Record<string, unknown>)[names[i]!], values[i])) return false;
    }
    return true;
  }
}
