import type { TrainingData } from '../data/training-data.ts';
import { encodeFloats } from './floats.ts';
import type { TrainingDemonstrationsMessage } from './training-wire.ts';

/** Demonstrations that are drawn at most. */
const MAX_DRAWN = 2048;
/** Points of all paths together, and of one path, at most. */
const MAX_POINTS = 49_152;
const MAX_PATH_POINTS = 64;

/** Names that what moves itself is observed under, in the order in which they are preferred to be drawn. */
const ownPositions = ['measured', 'pusher', 'commanded'];
/** What is observed of where things are to go, which is no position of anything that moves. */
const goalNames = /target|goal/;

/** A position in the plane as part of an observation: columns of x and y. */
export interface PlanarPosition {
  /** What is where, e.g. `measured`. */
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Columns of x and y that move along: of the command where the measured position is drawn, and the reverse. */
  readonly along: readonly (readonly [number, number])[];
}

/**
 * Finds the position to draw in an observation, by the names of its columns: `…_x` followed by `…_y`.
 *
 * @returns that of what is moved where there is one, else the first of anything; null where there is none.
 */
export function planarPosition(names: readonly string[]): PlanarPosition | null {
  const found = names.flatMap((name, x) => {
    const base = /^(?:(.+)_)?x$/.exec(name);
    const y = names.indexOf(name.replace(/x$/, 'y'));
    return base === null || y < 0 ? [] : [{ name: base[1] ?? '', x, y }];
  });
  const preferred = ownPositions.map((own) => found.find(({ name }) => name === own)).find((one) => one);
  const chosen = preferred ?? found.find(({ name }) => !goalNames.test(name));
  if (chosen === undefined) return null;
  const others = found.filter(({ name }) => ownPositions.includes(name) && name !== chosen.name);
  const along = preferred === undefined ? [] : others.map(({ x, y }) => [x, y] as const);
  return { ...chosen, along };
}

/** Thins out the paths of demonstrations to what can be drawn. */
export function drawDemonstrations(
  data: TrainingData,
  position: PlanarPosition | null,
): TrainingDemonstrationsMessage {
  const { episodeStarts, modes, observations, observationSize } = data;
  const episodes = modes.length;
  const count = position === null ? 0 : Math.min(episodes, MAX_DRAWN);
  const drawn = Array.from({ length: count }, (_, i) => Math.floor((i * episodes) / count));
  const most = Math.max(2, Math.min(MAX_PATH_POINTS, Math.floor(MAX_POINTS / Math.max(1, count))));
  const pathStarts = [0];
  const points: number[] = [];
  for (const episode of drawn) {
    const first = episodeStarts[episode] as number;
    const length = (episodeStarts[episode + 1] as number) - first;
    const kept = Math.min(length, most);
    for (let i = 0; i < kept; i++) {
      const step = first + (kept > 1 ? Math.round((i * (length - 1)) / (kept - 1)) : 0);
      const row = step * observationSize;
      points.push(
        observations[row + (position as PlanarPosition).x] as number,
        observations[row + (position as PlanarPosition).y] as number,
      );
    }
    pathStarts.push(points.length / 2);
  }
  return {
    episodes,
    position: position?.name ?? null,
    drawn,
    modes: drawn.map((episode) => modes[episode] as number),
    pathStarts,
    points: encodeFloats([Float32Array.from(points)]),
  };
}
