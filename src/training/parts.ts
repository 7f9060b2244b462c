import type { NamedArrays, StoredArray } from '../tensor/named-arrays.ts';

/** Joins groups of arrays into one, each name prefixed by its group: `gate` and `layers.0.bias` give `gate/layers.0.bias`. */
export function joinParts(parts: Readonly<Record<string, NamedArrays>>): NamedArrays {
  const joined: Record<string, StoredArray> = {};
  for (const [part, arrays] of Object.entries(parts)) {
    for (const [name, array] of Object.entries(arrays)) joined[`${part}/${name}`] = array;
  }
  return joined;
}

/** Takes one group out of what {@link joinParts} joined; empty when there is none. */
export function takePart(arrays: NamedArrays, part: string): NamedArrays {
  const prefix = `${part}/`;
  const taken: Record<string, StoredArray> = {};
  for (const [name, array] of Object.entries(arrays)) {
    if (name.startsWith(prefix)) taken[name.slice(prefix.length)] = array;
  }
  return taken;
}
