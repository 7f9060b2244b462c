import { ConfigError } from '../../errors.ts';

/** One component of a softmax-gated multinomial logistic mixture. */
export interface GatedAtom {
  /** β0, the constant of the gate's logit. */
  readonly gateIntercept: number;
  /** β1, shape `[G]`. */
  readonly gateSlope: readonly number[];
  /** (a_s, b_s) of every class but the last, whose logit is zero: the constant, and the slope of shape `[K]`. */
  readonly classes: readonly { readonly intercept: number; readonly slope: readonly number[] }[];
}

/** How far the expert of a fitted atom lies from that of a true one. */
interface Distances {
  readonly squared: number;
  readonly plain: number;
}

function expertDistance(atom: GatedAtom, truth: GatedAtom): Distances {
  let squared = 0;
  let plain = 0;
  atom.classes.forEach(({ intercept, slope }, s) => {
    const other = truth.classes[s] as GatedAtom['classes'][number];
    const constant = Math.abs(intercept - other.intercept);
    const slopes = Math.hypot(...slope.map((b, d) => b - (other.slope[d] as number)));
    plain += constant + slopes;
    squared += constant * constant + slopes * slopes;
  });
  return { squared, plain };
}

/** Evaluates D1 for one translation of the fitted gate: its slopes moved by t1, its masses multiplied by e^t2. */
function lossAt(
  fitted: readonly GatedAtom[],
  truth: readonly GatedAtom[],
  experts: readonly (readonly Distances[])[],
  translation: readonly number[],
): { loss: number; cells: readonly number[] } {
  const t2 = translation.at(-1) as number;
  const gateDistance = (i: number, j: number) =>
    Math.hypot(
      ...(fitted[i] as GatedAtom).gateSlope.map(
        (v, d) => v + (translation[d] as number) - ((truth[j] as GatedAtom).gateSlope[d] as number),
      ),
    );
  const distanceOf = (i: number, j: number) => (experts[i] as readonly Distances[])[j] as Distances;
  const cells = fitted.map((_, i) => {
    let nearest = 0;
    let least = Infinity;
    truth.forEach((_, j) => {
      const distance = gateDistance(i, j) ** 2 + distanceOf(i, j).squared;
      if (distance < least) {
        least = distance;
        nearest = j;
      }
    });
    return nearest;
  });
  let loss = 0;
  truth.forEach(({ gateIntercept }, j) => {
    const members = cells.flatMap((cell, i) => (cell === j ? [i] : []));
    let mass = 0;
    for (const i of members) {
      const weight = Math.exp((fitted[i] as GatedAtom).gateIntercept + t2);
      const gate = gateDistance(i, j);
      const { plain, squared } = distanceOf(i, j);
      loss += weight * (members.length > 1 ? gate * gate + squared : gate + plain);
      mass += weight;
    }
    loss += Math.abs(mass - Math.exp(gateIntercept));
  });
  return { loss, cells };
}

/**
 * Computes the Voronoi loss D1 between a fitted mixture and the true one (arXiv 2310.14188): every fitted atom belongs to
 * the true atom nearest to it in (β1, a, b). True atoms with one fitted atom are charged by distance, those with several
 * by squared distance, and each by the difference of its mass e^β0. The gate's translation, which the model does not
 * determine, is chosen to make the loss least: from the translations that bring one fitted slope onto a true one, by
 * pattern search.
 *
 * For a fit with as many atoms as the truth it shrinks like n^-1/2; with more, parameters in shared cells may shrink like
 * n^-1/4 and D1 still like n^-1/2.
 *
 * @returns the loss, and for each fitted atom the true one whose cell it is in.
 * @throws ConfigError when there are no atoms, or they differ in their sizes.
 */
export function voronoiLoss(
  fitted: readonly GatedAtom[],
  truth: readonly GatedAtom[],
): { readonly loss: number; readonly cells: readonly number[] } {
  const size = (atom: GatedAtom | undefined) =>
    [atom?.gateSlope.length, ...(atom?.classes.map(({ slope }) => slope.length) ?? [])].join(' ');
  const sizes = new Set([...fitted, ...truth].map(size));
  if (fitted.length === 0 || truth.length === 0 || sizes.size !== 1) {
    throw new ConfigError({
      what: 'Mixtures can only be compared when both have atoms of the same sizes',
      found: [...sizes].join(' and ') || 'none',
    });
  }
  const experts = fitted.map((atom) => truth.map((other) => expertDistance(atom, other)));
  const total = (atoms: readonly GatedAtom[]) =>
    Math.log(atoms.reduce((sum, { gateIntercept }) => sum + Math.exp(gateIntercept), 0));
  const mass = total(truth) - total(fitted);
  let best: ReturnType<typeof lossAt> = { loss: Infinity, cells: [] };
  for (const atom of fitted) {
    for (const other of truth) {
      const slopes = atom.gateSlope.map((v, d) => (other.gateSlope[d] as number) - v);
      for (const t2 of [mass, other.gateIntercept - atom.gateIntercept]) {
        const reached = searchPattern((at) => lossAt(fitted, truth, experts, at), [...slopes, t2]);
        if (reached.loss < best.loss) best = reached;
      }
    }
  }
  return best;
}

/** Minimizes by steps along the axes, halved where none helps. */
function searchPattern<T extends { readonly loss: number }>(
  evaluate: (at: readonly number[]) => T,
  start: readonly number[],
): T {
  let at = [...start];
  let best = evaluate(at);
  for (let step = 0.25; step > 1e-9; ) {
    let moved = false;
    for (let d = 0; d < at.length; d++) {
      for (const sign of [1, -1]) {
        const tried = at.with(d, (at[d] as number) + sign * step);
        const value = evaluate(tried);
        if (value.loss >= best.loss - 1e-15) continue;
        at = tried;
        best = value;
        moved = true;
      }
    }
    if (!moved) step /= 2;
  }
  return best;
}
