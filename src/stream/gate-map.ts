import type { TrainingData } from '../data/training-data.ts';
import type { PlanarPosition } from './planar-paths.ts';
import type { GateGrid, GateMapMessage } from './training-wire.ts';

/** Cells along the longer side. */
const CELLS = 48;
/** How far from the middle of a cell a demonstration counts, in cells. */
const REACH = 1.6;
/** Side of a cell where all demonstrations stay in one place, metres. */
const LEAST_CELL = 1e-3;

/** Demonstrated steps near a cell. */
interface Cell {
  /** Index of the nearest step. */
  nearest: number;
  distance: number;
  /** How many of the steps near it each demonstration has. */
  readonly steps: Map<number, number>;
}

/**
 * Knows for a grid of positions which expert is preferred there, where demonstrations come near: elsewhere there is nothing to
 * say what the rest of the observation would be.
 */
export class GateMap {
  readonly grid: GateGrid;
  readonly #cells: readonly (Cell | undefined)[];
  readonly #data: TrainingData;
  readonly #position: PlanarPosition;

  constructor(data: TrainingData, position: PlanarPosition) {
    this.#data = data;
    this.#position = position;
    const { episodeStarts, observations, observationSize } = data;
    const steps = observations.length / observationSize;
    const at = (step: number, column: number) => observations[step * observationSize + column] as number;
    let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let step = 0; step < steps; step++) {
      const [x, y] = [at(step, position.x), at(step, position.y)];
      [minX, minY, maxX, maxY] = [Math.min(minX, x), Math.min(minY, y), Math.max(maxX, x), Math.max(maxY, y)];
    }
    const side = Math.max(LEAST_CELL, Math.max(maxX - minX, maxY - minY) / (CELLS - 2));
    // a cell more on every side: the outermost demonstrations lie in the middle of something
    const columns = Math.ceil((maxX - minX) / side) + 2;
    const rows = Math.ceil((maxY - minY) / side) + 2;
    const [left, low] = [(minX + maxX - columns * side) / 2, (minY + maxY - rows * side) / 2];
    this.grid = { columns, rows, bounds: [left, low, left + columns * side, low + rows * side] };
    const cells = new Array<Cell | undefined>(columns * rows).fill(undefined);
    let episode = 0;
    for (let step = 0; step < steps; step++) {
      while (step >= (episodeStarts[episode + 1] as number)) episode++;
      // in cells, from the middle of the first one
      const x = (at(step, position.x) - left) / side - 0.5;
      const y = (at(step, position.y) - low) / side - 0.5;
      for (let row = Math.max(0, Math.ceil(y - REACH)); row <= Math.min(rows - 1, y + REACH); row++) {
        for (
          let column = Math.max(0, Math.ceil(x - REACH));
          column <= Math.min(columns - 1, x + REACH);
          column++
        ) {
          const distance = Math.hypot(x - column, y - row);
          if (distance > REACH) continue;
          const index = row * columns + column;
          const cell = cells[index] ?? { nearest: step, distance, steps: new Map<number, number>() };
          cells[index] = cell;
          if (distance < cell.distance) Object.assign(cell, { nearest: step, distance });
          cell.steps.set(episode, (cell.steps.get(episode) ?? 0) + 1);
        }
      }
    }
    this.#cells = cells;
  }

  /**
   * Observations in the middle of every cell that has demonstrations near it: that of the nearest demonstrated step, moved
   * there.
   *
   * @returns shape `[N, Do]`.
   */
  observations(): Float32Array {
    const { observations, observationSize } = this.#data;
    const { along, x, y } = this.#position;
    const { bounds, columns, rows } = this.grid;
    const near = this.#cells.flatMap((cell, index) => (cell === undefined ? [] : [{ cell, index }]));
    const asked = new Float32Array(near.length * observationSize);
    for (const [row, { cell, index }] of near.entries()) {
      const from = cell.nearest * observationSize;
      const target = asked.subarray(row * observationSize, (row + 1) * observationSize);
      target.set(observations.subarray(from, from + observationSize));
      const centre = [
        bounds[0] + ((bounds[2] - bounds[0]) * ((index % columns) + 0.5)) / columns,
        bounds[1] + ((bounds[3] - bounds[1]) * (Math.floor(index / columns) + 0.5)) / rows,
      ] as const;
      const moved = [centre[0] - (target[x] as number), centre[1] - (target[y] as number)] as const;
      for (const [atX, atY] of [[x, y] as const, ...along]) {
        target[atX] = (target[atX] as number) + moved[0];
        target[atY] = (target[atY] as number) + moved[1];
      }
    }
    return asked;
  }

  /**
   * Draws what a gate answers to {@link observations}.
   *
   * @param probabilities - shape `[N, C]`.
   * @returns null when it answers the same everywhere: it has not been fitted.
   */
  ofGate(probabilities: Float32Array, components: number): GateMapMessage | null {
    const isConstant = probabilities.every((value, i) => value === probabilities[i % components]);
    if (isConstant && components > 1) return null;
    let row = 0;
    return this.#draw('gate', components, (_, sums) => {
      sums.set(probabilities.subarray(row * components, (row + 1) * components));
      row++;
    });
  }

  /**
   * Draws who is responsible for the demonstrations near every cell.
   *
   * @param responsibilities - p(z|e), shape `[E, C]`.
   */
  ofDemonstrations(responsibilities: Float32Array, components: number): GateMapMessage {
    return this.#draw('demonstrations', components, ({ steps }, sums) => {
      for (const [episode, count] of steps) {
        for (let z = 0; z < components; z++) {
          sums[z] = (sums[z] as number) + count * (responsibilities[episode * components + z] as number);
        }
      }
    });
  }

  #draw(
    source: GateMapMessage['source'],
    components: number,
    sumUp: (cell: Cell, sums: Float64Array) => void,
  ): GateMapMessage {
    const experts = new Uint16Array(this.#cells.length);
    const shares = new Uint8Array(this.#cells.length);
    const sums = new Float64Array(components);
    for (const [index, cell] of this.#cells.entries()) {
      if (cell === undefined) continue;
      sums.fill(0);
      sumUp(cell, sums);
      const best = sums.reduce((top, value, z) => (value > (sums[top] as number) ? z : top), 0);
      const total = sums.reduce((sum, value) => sum + value, 0);
      // only demonstrations that are held out come by
      if (total === 0) continue;
      experts[index] = best;
      shares[index] = Math.max(1, Math.round((255 * (sums[best] as number)) / total));
    }
    return { source, experts: encodeWords(experts), shares: Buffer.from(shares).toString('base64') };
  }
}

/** Writes numbers from 0 to 65535 as little-endian u16 in base64. */
export function encodeWords(values: ArrayLike<number>): string {
  const bytes = Buffer.alloc(2 * values.length);
  for (let i = 0; i < values.length; i++) bytes.writeUInt16LE(values[i] as number, 2 * i);
  return bytes.toString('base64');
}
