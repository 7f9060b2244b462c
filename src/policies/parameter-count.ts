import { elementCount } from '../tensor/named-arrays.ts';
import { takePart } from '../training/parts.ts';
import type { SavedPolicy } from './saved-policy.ts';

/** The arrays of a policy that were trained and act, each once. */
function actingArrays({ arrays, model }: SavedPolicy) {
  // trained by gradient: last and best, raw and averaged weights are the same numbers at different moments
  const raw = takePart(takePart(takePart(arrays, 'trained'), 'last'), 'raw');
  if (Object.keys(raw).length > 0) return raw;
  // the gate of a single expert decides nothing
  const { expertShape } = model as { readonly expertShape?: { readonly networks?: number } };
  return expertShape?.networks === 1 ? takePart(arrays, 'experts') : arrays;
}

/** Counts the numbers of a policy that were trained and act, those of all experts together. */
export function countParameters(saved: SavedPolicy): number {
  return Object.values(actingArrays(saved)).reduce((total, { shape }) => total + elementCount(shape), 0);
}
