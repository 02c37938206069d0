// Attributes of ops as one integer: lists of numbers (axes, permutations) are interned, so that a plan's key holds an id.
// What changes from step to step is never an attribute, so the table stays as small as the program.

const lists: (readonly number[])[] = [[]];
const ids = new Map<string, number>([['', 0]]);

/** The id of a list of numbers; equal lists have equal ids. */
export function attrId(list: readonly number[]): number {
  const key = list.join();
  let id = ids.get(key);
  if (id === undefined) {
    id = lists.length;
    lists.push(Object.freeze([...list]));
    ids.set(key, id);
  }
  return id;
}

/** The list behind an id. */
export function attrOf(id: number): readonly number[] {
  return lists[id]!;
}
