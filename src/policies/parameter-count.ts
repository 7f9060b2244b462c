import { elementCount } from '../tensor/named-arrays.ts';
import { takePart } from '../training/parts.ts';
import type { SavedPolicy } from './saved-policy.ts';

/** The arrays of a policy that were trained, each once, whatever moments of the training it keeps them at. */
function trainedArrays({ arrays, model }: SavedPolicy) {
  // trained by gradient: last and best, raw and averaged weights are the same numbers at different moments
  const raw = takePart(takePart(takePart(arrays, 'trained'), 'last'), 'raw');
  if (Object.keys(raw).length > 0) return [raw];
  const experts = takePart(arrays, 'experts');
  // the gate of a single expert decides nothing
  const { expertShape } = model as { readonly expertShape?: { readonly networks?: number } };
  return expertShape?.networks === 1 ? [experts] : [experts, takePart(arrays, 'gate')];
}

/**
 * Counts the numbers of a policy that were trained: of all experts and their gate, and of the encoders of CVAE and ACT, which
 * only their training needs.
 */
export function countParameters(saved: SavedPolicy): number {
  return trainedArrays(saved)
    .flatMap((arrays) => Object.values(arrays))
    .reduce((total, { shape }) => total + elementCount(shape), 0);
}
