import { CheckpointError } from '../errors.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import type { LoopConfig } from './gradient-config.ts';
import { joinParts, takePart } from './parts.ts';

/** Weights at one moment of a training: as they were, and their moving average where one was kept. */
export interface Snapshot {
  readonly raw: NamedArrays;
  readonly ema?: NamedArrays;
}

/** Takes the weights that are judged and act out of a snapshot: their average, where one was kept. */
export function averagedWeights({ ema, raw }: Snapshot): NamedArrays {
  return ema ?? raw;
}

/** Joins snapshots into one set of arrays: `last/ema/…`, `last/raw/…`, `best/…`. */
export function joinSnapshots(last: Snapshot, best: Snapshot | undefined): NamedArrays {
  const part = ({ raw, ema }: Snapshot) => joinParts({ raw, ...(ema === undefined ? {} : { ema }) });
  return joinParts({ last: part(last), ...(best === undefined ? {} : { best: part(best) }) });
}

/**
 * Takes the weights to act with out of what {@link joinSnapshots} joined.
 *
 * @throws CheckpointError when there are none: the best are asked for of a training that held no episodes out.
 */
export function chooseWeights(
  arrays: NamedArrays,
  { checkpoint, ema, weights }: Pick<LoopConfig, 'checkpoint' | 'ema' | 'weights'>,
): NamedArrays {
  const snapshot = takePart(arrays, checkpoint);
  const chosen = takePart(snapshot, ema === null ? 'raw' : weights);
  if (Object.keys(chosen).length > 0) return chosen;
  throw new CheckpointError({
    what: `The policy has no weights of the ${checkpoint} checkpoint`,
    ...(checkpoint === 'best' && {
      expected: 'a training that held episodes out (validation above 0)',
      remedy: 'act with checkpoint=last',
    }),
  });
}
