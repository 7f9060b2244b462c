import { SampledResponse } from '../../src/physics/second-order.ts';
import { d3ilControl } from '../table/control.ts';
import * as layout from './layout.ts';

/** The height of the rod's tip above the table, metres, which follows its command as the arm does sideways. */
export class RodHeight {
  commanded: number = layout.rodStart.z;
  z: number = layout.rodStart.z;
  velocity = 0;
  readonly #response = new SampledResponse(layout.responseZ, d3ilControl);

  /** Sets the commanded height of the control step that begins; kept in single precision, as it is observed. */
  command(z: number): void {
    const next = Math.fround(z);
    this.velocity = Math.fround(this.velocity + this.#response.kick * (next - this.commanded));
    this.commanded = next;
  }

  /** Advances one sub-step. @param floor - the rod stands on this: it comes no lower. */
  step(floor: number): void {
    this.velocity = Math.fround(this.#response.nextVelocity(this.velocity, this.commanded - this.z));
    this.z = Math.fround(this.z + this.#response.subStepSeconds * this.velocity);
    if (this.z >= floor) return;
    this.z = floor;
    this.velocity = 0;
  }
}
