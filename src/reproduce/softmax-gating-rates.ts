import { type Features, toFeatures } from '../mixture/glm/features.ts';
import { type GateTransform, transformRow } from '../mixture/glm/gate-transform.ts';
import { GatedMixture } from '../mixture/glm/gated-mixture.ts';
import { fitModel } from '../mixture/glm/iterations.ts';
import { logLogSlope } from '../mixture/glm/log-log-slope.ts';
import type { NewtonOptions } from '../mixture/glm/multinomial-regression.ts';
import { type GatedAtom, voronoiLoss } from '../mixture/glm/voronoi-loss.ts';
import { Rng } from '../random.ts';
import { deviation, mean } from '../statistics.ts';
import type { Figure, Part, Reproduction, ReproductionContext } from './reproduction.ts';

/** How much of the experiment is done. */
export interface RatesScale {
  /** n, the sample sizes. */
  readonly sizes: readonly number[];
  /** For exactly specified fits, which are fast, and over-specified ones. */
  readonly replications: { readonly exact: number; readonly over: number };
  readonly maxIterations: number;
}

const WHOLE: RatesScale = {
  sizes: [3e4, 6e4, 1e5, 2e5, 4e5, 8e5, 1.6e6, 3.2e6],
  replications: { exact: 100, over: 40 },
  maxIterations: 4000,
};
const QUICK: RatesScale = {
  sizes: [1e5, 3e5, 1e6],
  replications: { exact: 80, over: 8 },
  maxIterations: 400,
};

const CLASSES = 3;
/** Inputs: this many equally spaced points, so that samples are counts and cost does not grow with n. */
const POINTS = 61;
const REACH = 3;
/** Far below what the sampling of the data decides: about n⁻¹ of the loss. */
const TOLERANCE = 1e-11;
/** An M-step goes on from where the last one ended, and Newton's method doubles the digits with every step. */
const M_STEP: NewtonOptions = { maxSteps: 2, tolerance: 1e-12, maxConjugateSteps: 0 };
/** The start lies near the truth, as in the published protocol of the Gaussian case (arXiv 2305.03288). */
const START_DEVIATION = 0.05;

type Regime = 'all slopes present' | 'one expert without slopes';

/**
 * The two true experts, chosen by the trace of the inverse Fisher information: with most others the rate shows only at
 * sample sizes out of reach. In the second regime the second one answers alike whatever the input.
 */
function trueAtoms(regime: Regime): readonly GatedAtom[] {
  const flat = regime === 'one expert without slopes';
  return [
    {
      gateIntercept: -0.2,
      gateSlope: [4.5],
      classes: [
        { intercept: 3.2, slope: [-2.4] },
        { intercept: -3.6, slope: [1.6] },
      ],
    },
    {
      gateIntercept: 0,
      gateSlope: [0],
      classes: [
        { intercept: -0.2, slope: [flat ? 0 : 0.5] },
        { intercept: 1.6, slope: [flat ? 0 : 3.2] },
      ],
    },
  ];
}

/** Lays atoms out as the parameters of a model: the last atom's gate must be zero. */
function toTheta(atoms: readonly GatedAtom[]): Float64Array {
  const gate = atoms.slice(0, -1).flatMap(({ gateIntercept, gateSlope }) => [...gateSlope, gateIntercept]);
  const experts = atoms.flatMap(({ classes }) =>
    classes.flatMap(({ intercept, slope }) => [...slope, intercept]),
  );
  return Float64Array.of(...gate, ...experts);
}

function fromTheta(theta: Float64Array, components: number): readonly GatedAtom[] {
  const free = CLASSES - 1;
  return Array.from({ length: components }, (_, c) => ({
    gateSlope: [c < components - 1 ? (theta[2 * c] as number) : 0],
    gateIntercept: c < components - 1 ? (theta[2 * c + 1] as number) : 0,
    classes: Array.from({ length: free }, (__, s) => {
      const at = 2 * (components - 1) + 2 * (c * free + s);
      return { slope: [theta[at] as number], intercept: theta[at + 1] as number };
    }),
  }));
}

/** The grid of inputs, once for every class, as gate and experts see it. */
function designOf(transform: GateTransform): { gate: Features; experts: Features; labels: Int32Array } {
  const x: number[][] = [];
  for (let i = 0; i < POINTS; i++) {
    for (let s = 0; s < CLASSES; s++) x.push([-REACH + (2 * REACH * i) / (POINTS - 1)]);
  }
  return {
    gate: toFeatures(x, { intercept: true, transform: transformRow(transform) }),
    experts: toFeatures(x, { intercept: true }),
    labels: Int32Array.from(x, (_, at) => at % CLASSES),
  };
}

/** Draws n labels at inputs that are uniform over the grid, as counts of (input, label), shape `[points · classes]`. */
function drawCounts(probabilities: Float64Array, n: number, rng: Rng): Float64Array {
  const counts = new Float64Array(POINTS * CLASSES);
  for (let i = 0; i < n; i++) {
    const point = rng.integer(POINTS);
    let rest = rng.uniform();
    let label = 0;
    // the rows of a point repeat its probabilities
    const at = point * CLASSES * CLASSES;
    while (label < CLASSES - 1 && rest >= (probabilities[at + label] as number)) {
      rest -= probabilities[at + label] as number;
      label++;
    }
    const cell = point * CLASSES + label;
    counts[cell] = (counts[cell] as number) + 1;
  }
  return counts;
}

/** A fit: its Voronoi loss D1, and whether the tolerance was met. */
interface Fit {
  readonly loss: number;
  readonly converged: boolean;
}

/** Fits counts from near the truth. */
function fitOnce(
  regime: Regime,
  transform: GateTransform,
  extra: number,
  n: number,
  maxIterations: number,
  rng: Rng,
): Fit {
  const truth = trueAtoms(regime);
  const { experts, gate, labels } = designOf(transform);
  const outcomes = { kind: 'logistic', labels, classes: CLASSES } as const;
  const generator = new GatedMixture(gate, experts, outcomes, { components: truth.length });
  const weights = drawCounts(generator.labelProbabilities(toTheta(truth)), n, rng.fork('data'));
  // a further atom begins as a copy of the first, which shares its mass
  const share = Math.log(1 + extra);
  const first = truth[0] as GatedAtom;
  const split = { ...first, gateIntercept: first.gateIntercept - share };
  const atoms = [...Array.from({ length: extra + 1 }, () => split), ...truth.slice(1)];
  const startRng = rng.fork('start');
  const start = toTheta(atoms).map((v) => v + startRng.normal(0, START_DEVIATION));
  const model = new GatedMixture(gate, experts, outcomes, {
    components: atoms.length,
    weights,
    newton: M_STEP,
  });
  const { converged, theta } = fitModel(model, start, 'squarem', { maxIterations, tolerance: TOLERANCE });
  return { loss: voronoiLoss(fromTheta(theta, atoms.length), truth).loss, converged };
}

const gates = [
  { name: 'standard gate', transform: 'identity' },
  { name: 'tanh gate', transform: 'tanh' },
] as const;
const regimes: readonly Regime[] = ['all slopes present', 'one expert without slopes'];

/** Measures the rates at a scale. */
export async function measureRates(
  scale: RatesScale,
  { seed, units }: Pick<ReproductionContext, 'seed' | 'units'>,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const extra of [0, 1]) {
    const replications = extra === 0 ? scale.replications.exact : scale.replications.over;
    const figures: Figure[] = [];
    const series = [];
    for (const regime of regimes) {
      for (const { name, transform } of gates) {
        const fits: Fit[][] = [];
        for (const n of scale.sizes) {
          const key = `${extra === 0 ? 'exact' : 'over'}/${regime}/${transform}/${n}`;
          fits.push(
            await units.do(key, async () => {
              const row: Fit[] = [];
              for (let r = 0; r < replications; r++) {
                const rng = Rng.fromSeed(seed).fork('softmax-gating-rates').fork(key).fork(r);
                row.push(fitOnce(regime, transform, extra, n, scale.maxIterations, rng));
                await units.breathe();
              }
              return row;
            }),
          );
        }
        const losses = fits.map((row) => row.map(({ loss }) => loss));
        const met = fits.flat().map(({ converged }) => (converged ? 1 : 0) as number);
        const rate = logLogSlope(
          scale.sizes,
          losses,
          Rng.fromSeed(seed).fork('bootstrap').fork(extra).fork(regime).fork(name),
        );
        const judged = extra === 0 && regime === 'all slopes present';
        figures.push({
          name: `slope of log D1 over log n, ${regime}, ${name}`,
          mean: rate.slope,
          spread: (rate.high - rate.low) / 2,
          spreadIs: 'interval',
          count: replications,
          ...(judged ? { target: '−0.5 ± 0.08', holds: Math.abs(rate.slope + 0.5) <= 0.08 } : {}),
          published: { value: theory(regime, transform), mark: 'unverified', source: 'the theory’s order' },
        });
        figures.push({
          name: `D1 at n = ${scale.sizes.at(-1)}, ${regime}, ${name}`,
          mean: mean(losses.at(-1) as number[]),
          spread: deviation(losses.at(-1) as number[]),
          count: replications,
        });
        figures.push({
          name: `share of fits that met the tolerance, ${regime}, ${name}`,
          mean: mean(met),
          spread: null,
          count: met.length,
        });
        series.push({
          name: `${regime === 'all slopes present' ? 'slopes' : 'no slopes'}, ${name}`,
          x: scale.sizes,
          y: losses.map(mean),
        });
      }
    }
    parts.push({
      title: extra === 0 ? 'As many components as the truth' : 'One component more than the truth',
      protocol: [
        `Two true experts, ${CLASSES} classes; inputs uniform on ${POINTS} equally spaced points of [−${REACH}, ${REACH}]; the same parameters for both gates.`,
        `Sample sizes ${scale.sizes.join(', ')}; ${replications} replications each.`,
        `Maximum likelihood by SQUAREM over EM with M-steps of two damped Newton steps, at most ${scale.maxIterations} cycles, until the loss changes by less than ${TOLERANCE} of itself, from the truth with normal noise of deviation ${START_DEVIATION}${extra === 0 ? '' : '; the added component begins as a copy of the first, which shares its mass'}.`,
        'Loss: Voronoi loss D1, least over the gate’s translation. Slope: least squares on logarithms of the means; 95 % interval by 1000 bootstrap samples of the replications.',
        `Seed ${seed}; every replication has a stream of its own.`,
      ],
      figures,
      charts: [
        {
          file: extra === 0 ? 'rates-exact' : 'rates-over',
          title: extra === 0 ? 'Exactly specified' : 'Over-specified',
          xLabel: 'n',
          yLabel: 'mean Voronoi loss D1',
          logX: true,
          logY: true,
          series,
        },
      ],
      notes: [
        'The paper has no experiments; what stands beside the slopes is the order of its bounds. They are bounds on the worst case over parameters near such a truth: one truth can do better.',
        'An expert without slopes lets two copies of it with equal gates mix to one constant answer, whatever the gate sees: over-specified, the likelihood is flat there.',
      ],
    });
  }
  return parts;
}

/** The order that the theory gives for D1. */
function theory(regime: Regime, transform: 'identity' | 'tanh'): string {
  if (regime === 'all slopes present' || transform !== 'identity') return '−1/2, up to logarithms';
  return 'slower than any power';
}

/** Convergence rates of maximum likelihood with the standard and with a modified gate. */
export const softmaxGatingRates: Reproduction = {
  name: 'softmax-gating-rates',
  summary:
    'Convergence rates of softmax-gated multinomial logistic mixtures, with and without a transform of the gate',
  paper:
    'Nguyen, Akbarian, Nguyen and Ho, A General Theory for Softmax Gating Multinomial Logistic Mixture of Experts (arXiv 2310.14188, ICML 2024)',
  duration: '--quick about a minute; the whole about an hour on one core',
  run: (context) => measureRates(context.quick ? QUICK : WHOLE, context),
};
