/** One dimension of a collapsed iteration: its size, and how far each operand moves along it, in elements. */
export interface Dimension {
  readonly size: number;
  readonly steps: readonly number[];
}

/** The steps of an operand of this shape inside a broadcast output, outermost first. */
function stepsIn(shape: readonly number[], output: readonly number[]): number[] {
  const steps = new Array<number>(output.length).fill(0);
  let step = 1;
  for (let d = output.length - 1, s = shape.length - 1; s >= 0; d--, s--) {
    const size = shape[s] as number;
    steps[d] = size === 1 ? 0 : step;
    step *= size;
  }
  return steps;
}

/**
 * Merges neighbouring dimensions along which every operand moves as along one.
 *
 * @param sizes - outermost first; dimensions of size 1 are dropped.
 * @param steps - per operand, the step of each dimension.
 * @returns dimensions, innermost first; at least one.
 */
export function collapse(sizes: readonly number[], steps: readonly (readonly number[])[]): Dimension[] {
  const dimensions: { size: number; steps: number[] }[] = [];
  for (let d = sizes.length - 1; d >= 0; d--) {
    const size = sizes[d] as number;
    if (size === 1) continue;
    const own = steps.map((operand) => operand[d] as number);
    const inner = dimensions.at(-1);
    if (inner?.steps.every((step, i) => own[i] === step * inner.size)) inner.size *= size;
    else dimensions.push({ size, steps: own });
  }
  return dimensions.length > 0 ? dimensions : [{ size: 1, steps: steps.map(() => 1) }];
}

/** Collapses a broadcast of several operands to one output shape. */
export function collapseBroadcast(
  output: readonly number[],
  ...shapes: readonly (readonly number[])[]
): Dimension[] {
  return collapse(
    output,
    shapes.map((shape) => stepsIn(shape, output)),
  );
}
