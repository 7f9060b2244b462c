import type { Rng } from '../random.ts';
import type { Curriculum } from './curriculum.ts';

/** A uniform draw has 32 bits: units with less than half of its resolution can be left out of the tables. */
const negligible = 2 ** -33;

/**
 * Draws training steps for each component from its own curriculum: a unit with probability proportional to
 * p(u|z) times its length, then one of its steps, so that all steps of a unit weigh the same. Experts thereby
 * pay only for the data they selected.
 */
export class CurriculumSampler {
  readonly #unitStarts: Int32Array;
  readonly #units: readonly Int32Array[];
  readonly #cumulative: readonly Float64Array[];

  /** @param unitStarts - first step of each unit, then the number of steps, shape `[U + 1]`. */
  constructor(curriculum: Curriculum, unitStarts: Int32Array) {
    this.#unitStarts = unitStarts;
    const tables = Array.from({ length: curriculum.components }, (_, component) => {
      const mass = curriculum.selection(component).map((p, u) => p * this.#length(u));
      let total = 0;
      for (const m of mass) total += m;
      const kept: number[] = [];
      for (let u = 0; u < mass.length; u++) if ((mass[u] as number) > negligible * total) kept.push(u);
      let sum = 0;
      const cumulative = Float64Array.from(kept, (u) => {
        sum += mass[u] as number;
        return sum;
      });
      return { units: Int32Array.from(kept), cumulative };
    });
    this.#units = tables.map((table) => table.units);
    this.#cumulative = tables.map((table) => table.cumulative);
  }

  #length(unit: number): number {
    return (this.#unitStarts[unit + 1] as number) - (this.#unitStarts[unit] as number);
  }

  /**
   * Draws `steps.length / C` steps for each component.
   *
   * @param steps - filled with step indices in 0 .. N-1, component by component, shape `[C, B]`.
   */
  draw(rng: Rng, steps: Int32Array): void {
    const batch = steps.length / this.#units.length;
    for (let component = 0; component < this.#units.length; component++) {
      const units = this.#units[component] as Int32Array;
      const cumulative = this.#cumulative[component] as Float64Array;
      const last = units.length - 1;
      const total = cumulative[last] as number;
      for (let i = component * batch; i < (component + 1) * batch; i++) {
        const target = rng.uniform(0, total);
        let low = 0;
        let high = last;
        while (low < high) {
          const middle = (low + high) >> 1;
          if ((cumulative[middle] as number) > target) high = middle;
          else low = middle + 1;
        }
        const unit = units[low] as number;
        steps[i] = (this.#unitStarts[unit] as number) + Math.floor(rng.uniform(0, this.#length(unit)));
      }
    }
  }
}
