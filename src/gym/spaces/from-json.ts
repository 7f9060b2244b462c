import { SpaceError } from '../../errors.ts';
import { didYouMean } from '../../nearest-name.ts';
import { Box } from './box.ts';
import { Dict } from './dict.ts';
import { Discrete } from './discrete.ts';
import { MultiBinary } from './multi-binary.ts';
import { MultiDiscrete } from './multi-discrete.ts';
import { Sequence } from './sequence.ts';
import type { Space, SpaceJson } from './space.ts';
import { Text } from './text.ts';
import { Tuple } from './tuple.ts';

const readers: Readonly<Record<string, (json: SpaceJson) => Space<unknown>>> = {
  Box: (json) => Box.fromJSON(json),
  Discrete: (json) => Discrete.fromJSON(json),
  MultiBinary: (json) => MultiBinary.fromJSON(json),
  MultiDiscrete: (json) => MultiDiscrete.fromJSON(json),
  Text: (json) => Text.fromJSON(json),
  Tuple: ({ subspaces }) => {
    if (!Array.isArray(subspaces)) {
      throw new SpaceError({ what: 'A Tuple space has no subspaces', where: 'subspaces' });
    }
    return new Tuple(subspaces.map(spaceFromJSON));
  },
  Sequence: ({ feature_space }) => new Sequence(spaceFromJSON(feature_space)),
  Dict: (json) => {
    const { subspaces } = json;
    if (typeof subspaces !== 'object' || subspaces === null) {
      throw new SpaceError({ what: 'A Dict space has no subspaces', where: 'subspaces' });
    }
    const entries = Object.entries(subspaces).map(([name, inner]) => [name, spaceFromJSON(inner)] as const);
    return new Dict(Object.fromEntries(entries));
  },
};

/**
 * Rebuilds a space from Minari's JSON form, as `space.toJSON()` writes it.
 *
 * @throws SpaceError when the type is unknown or a field is missing or damaged.
 * @example
 * const space = spaceFromJSON({ type: 'Discrete', n: 3, start: 0 });
 */
export function spaceFromJSON(json: unknown): Space<unknown> {
  const type = typeof json === 'object' && json !== null && 'type' in json ? String(json.type) : undefined;
  const read = type !== undefined && Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read === undefined) {
    throw new SpaceError({
      what: 'A space has an unknown type',
      where: 'type',
      found: String(type),
      remedy: didYouMean(String(type), Object.keys(readers)),
    });
  }
  return read(json as SpaceJson);
}
