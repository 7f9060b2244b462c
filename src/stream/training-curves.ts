import type { TrainingCurvesMessage } from './training-wire.ts';

/** Points that a curve keeps; more and every second one is left out, so that it always spans the whole training. */
const MAX_POINTS = 512;
/** Curves that are kept; further names are left out. */
const MAX_CURVES = 64;

interface Points {
  at: number[];
  values: number[];
}

/** Gathers the numbers of a training log as curves, in bounded memory. */
export class TrainingCurves {
  readonly #curves = new Map<string, Map<string, Points>>();
  #count = 0;

  /**
   * Adds a row of the log.
   *
   * @param at - training steps done.
   * @param row - numbers become points, whatever else is in it is left out, and so are numbers that are not finite.
   */
  add(phase: string, at: number, row: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'number' && Number.isFinite(value)) this.#append(phase, name, at, value);
    }
  }

  /** All curves so far, as they are sent. */
  get message(): TrainingCurvesMessage {
    const curves = [...this.#curves].flatMap(([phase, named]) =>
      [...named].map(([name, { at, values }]) => ({ phase, name, at, values })),
    );
    return { curves };
  }

  #append(phase: string, name: string, at: number, value: number): void {
    const named = this.#curves.get(phase) ?? new Map<string, Points>();
    let points = named.get(name);
    if (points === undefined) {
      if (this.#count >= MAX_CURVES) return;
      this.#count++;
      points = { at: [], values: [] };
      named.set(name, points);
      this.#curves.set(phase, named);
    }
    if (points.at.length >= MAX_POINTS) {
      const kept = (_: number, i: number) => i % 2 === 0;
      points.at = points.at.filter(kept);
      points.values = points.values.filter(kept);
    }
    points.at.push(at);
    // what a picture shows of it
    points.values.push(Number(value.toPrecision(7)));
  }
}
