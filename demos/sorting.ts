import { isSorted, sortingOrders } from '../envs/sorting/judge.ts';
import { sorts } from '../envs/sorting/layout.ts';
import * as mechanics from '../envs/table/mechanics.ts';
import { BlockPusher, type Seen } from './block-pusher.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import { drawIdleSteps, drawPushStyle } from './push-style.ts';
import { seeBlocks } from './see-blocks.ts';
import { SteadyPilot } from './steady-pusher.ts';
import type { Point } from './way-around.ts';

/** Places within a box, relative to its centre, in the order in which they are filled, by blocks of a colour. */
const places: readonly (readonly Point[])[] = [
  [{ x: 0, y: 0 }],
  [
    { x: -0.045, y: 0.015 },
    { x: 0.045, y: 0.015 },
  ],
  [
    { x: -0.048, y: 0.04 },
    { x: 0.048, y: 0.04 },
    { x: 0, y: -0.042 },
  ],
];

interface Job {
  readonly block: number;
  readonly aim: Point;
}

class SortingPilot implements Pilot {
  readonly #pusher: BlockPusher;
  readonly #order: string;
  readonly #perSort: number;
  readonly #aims: readonly Point[][];
  readonly #done = new Set<number>();
  #job: Job | null = null;
  #idle: number;

  constructor(perSort: number, { mode, rng, trunk }: DemonstrationRequest) {
    this.#pusher = new BlockPusher(mechanics, drawPushStyle(rng));
    this.#idle = drawIdleSteps(rng, trunk);
    this.#perSort = perSort;
    this.#order = sortingOrders(perSort)[mode] ?? '';
    this.#aims = sorts.map(({ center }) =>
      (places[perSort - 1] ?? []).map(({ x, y }) => ({
        x: center.x + x + rng.normal(0, 0.004),
        y: center.y + y + rng.normal(0, 0.004),
      })),
    );
  }

  act(observation: Float32Array): Float32Array {
    const seen = seeBlocks(observation);
    if (this.#idle-- > 0) return this.#pusher.rest(seen);
    for (;;) {
      this.#job ??= this.#nextJob(seen);
      if (this.#job === null) return this.#pusher.rest(seen);
      const { aim, block } = this.#job;
      if (!this.#pusher.isThere(seen.blocks[block] as Point, aim)) return this.#pusher.push(seen, block, aim);
      this.#done.add(block);
      this.#job = null;
      this.#pusher.letGo();
    }
  }

  /** The easiest block of the colour that is next, to a place that is free; then whatever has slipped out of its box. */
  #nextJob(seen: Seen): Job | null {
    const letter = this.#order[this.#done.size];
    const sort = letter === 'r' ? 0 : 1;
    const isOf = (block: number) => Math.floor(block / this.#perSort) === sort;
    const free = (this.#aims[sort] ?? []).filter((aim) =>
      [...this.#done].every((block) => distance(seen.blocks[block] as Point, aim) > 0.05),
    );
    const back = free.slice(0, Math.max(1, free.length - 1));
    let best: Job | null = null;
    let bestEffort = Infinity;
    for (let block = 0; block < seen.blocks.length; block++) {
      if (letter === undefined || !isOf(block) || this.#done.has(block)) continue;
      for (const aim of back) {
        const effort = this.#pusher.effort(seen, block, aim);
        if (effort < bestEffort) [best, bestEffort] = [{ block, aim }, effort];
      }
    }
    return best ?? this.#repair(seen);
  }

  #repair(seen: Seen): Job | null {
    for (const [block, at] of seen.blocks.entries()) {
      const sort = Math.floor(block / this.#perSort);
      if (isSorted(at, sorts[sort as 0 | 1])) continue;
      const [aim] = [...(this.#aims[sort] ?? [])].sort((a, b) => distance(a, at) - distance(b, at));
      if (aim !== undefined) return { block, aim };
    }
    return null;
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** One block of each colour: no choices, no crowd, so that no memory is needed. */
function pilotOfTwo(request: DemonstrationRequest): Pilot {
  const order = [...(sortingOrders(1)[request.mode] ?? '')];
  const jobs = order.map((letter) => {
    const block = letter === 'r' ? 0 : 1;
    return { block, aim: sorts[block].center };
  });
  return new SteadyPilot(mechanics, jobs, request);
}

/**
 * Demonstrates Sorting: the colours in the order asked for, of each the block that is easiest to get; with one of each,
 * in the manner of {@link SteadyPilot}.
 */
export function sortingDemonstrator(perSort: 1 | 2 | 3): Demonstrator {
  return {
    envId: `Sorting${2 * perSort}-v0`,
    name: 'block-sorter',
    envKwargs: {},
    begin: (request) => (perSort === 1 ? pilotOfTwo(request) : new SortingPilot(perSort, request)),
  };
}
