import type { Rng } from '../random.ts';
import { exactExp } from '../tensor/exact-math.ts';
import type { ChunkBox, IbcConfig } from './ibc-config.ts';

/** Energies of n chunks, or what it costs to move them. */
export interface EnergyFunction {
  /** @param chunks - shape `[n, D]`, borrowed. @param energies - shape `[n]`, overwritten. */
  energy(chunks: Float32Array, energies: Float32Array): void;
  /** @param chunks - shape `[n, D]`, borrowed. @param gradients - ∂E/∂a, shape `[n, D]`, overwritten. */
  gradient(chunks: Float32Array, gradients: Float32Array): void;
}

/** Share of the chunks that every round draws anew from the whole range, so that no weight grows without bound. */
const anew = 0.1;

/**
 * Looks for a chunk of low energy without derivatives (Florence et al. 2021): chunks drawn uniformly; every
 * round draws them again by e^{−E} and adds noise, half as much each time; energies are evaluated once more at the end.
 *
 * That finds a minimum (`minimum`). Its chunks are no draws from e^{−E}, though: every round weighs by the energy once
 * more. To `draw`, each weight is divided by the density that its chunk was drawn from, a mixture of normal densities
 * around those of the round before (Cappé et al. 2004, population Monte Carlo), and chunks outside the range weigh 0.
 *
 * @param target - shape `[D]`, overwritten.
 */
export function searchWithoutDerivatives(
  { energy }: Pick<EnergyFunction, 'energy'>,
  box: ChunkBox,
  { choose, rounds, samples, searchNoise }: Pick<IbcConfig, 'choose' | 'rounds' | 'samples' | 'searchNoise'>,
  stream: Rng,
  target: Float32Array,
): void {
  const { half } = box;
  const size = half.length;
  let chunks = new Float32Array(samples * size);
  for (let i = 0; i < samples; i++) placeAnywhere(chunks, i, box, stream);
  const energies = new Float32Array(samples);
  energy(chunks, energies);
  const weights = boltzmannWeights(energies);
  for (let round = 0; round < rounds; round++) {
    const before = chunks;
    const scale = searchNoise * 2 ** -round;
    const children = new Int32Array(samples);
    const spread = Math.floor(anew * samples);
    chunks = new Float32Array(samples * size);
    for (let i = 0; i < samples; i++) {
      if (i < spread) {
        placeAnywhere(chunks, i, box, stream);
        continue;
      }
      const parent = stream.categorical(weights);
      children[parent] = (children[parent] as number) + 1;
      for (let d = 0; d < size; d++) {
        const noise = stream.normal(0, scale * (half[d] as number));
        chunks[i * size + d] = (before[parent * size + d] as number) + noise;
      }
    }
    if (choose === 'minimum') keepInside(chunks, box);
    energy(chunks, energies);
    weights.set(boltzmannWeights(energies));
    if (choose === 'draw') divideByDensity(weights, chunks, { box, before, children, scale });
  }
  const chosen = choose === 'minimum' ? indexOfLeast(energies) : stream.categorical(weights);
  target.set(chunks.subarray(chosen * size, (chosen + 1) * size));
}

/** Step sizes at the first and at the last step, in halves of the range. */
const [firstStep, lastStep] = [0.1, 1e-5];
/** Furthest that one step goes, in halves of the range. */
const furthestStep = 0.1;

/**
 * Looks for a chunk of low energy along its gradient (Florence et al. 2021; `ibc/agents/mcmc.py` of
 * `google-research/ibc`): from chunks drawn uniformly, a ← a − η_i(½∇E + ξ), ξ ~ N(0, I), in halves of the range, each
 * step within 0.1 and the range, η falling as a square.
 * The noise is as small as the step, so that every chunk ends at a minimum of its neighbourhood; of those one is chosen.
 *
 * @param target - shape `[D]`, overwritten.
 */
export function searchByLangevin(
  { energy, gradient }: EnergyFunction,
  box: ChunkBox,
  { chainSteps, chains, choose }: Pick<IbcConfig, 'chainSteps' | 'chains' | 'choose'>,
  stream: Rng,
  target: Float32Array,
): void {
  const { half } = box;
  const size = half.length;
  const chunks = new Float32Array(chains * size);
  for (let i = 0; i < chains; i++) placeAnywhere(chunks, i, box, stream);
  const gradients = new Float32Array(chunks.length);
  for (let step = 0; step < chainSteps; step++) {
    const left = 1 - step / Math.max(chainSteps - 1, 1);
    const rate = (firstStep - lastStep) * left * left + lastStep;
    gradient(chunks, gradients);
    for (let i = 0; i < chunks.length; i++) {
      const unit = half[i % size] as number;
      const move = rate * (0.5 * unit * (gradients[i] as number) + stream.normal());
      const kept = Math.min(Math.max(move, -furthestStep), furthestStep);
      chunks[i] = (chunks[i] as number) - unit * kept;
    }
    keepInside(chunks, box);
  }
  const energies = new Float32Array(chains);
  energy(chunks, energies);
  const chosen =
    choose === 'minimum' ? indexOfLeast(energies) : stream.categorical(boltzmannWeights(energies));
  target.set(chunks.subarray(chosen * size, (chosen + 1) * size));
}

function placeAnywhere(chunks: Float32Array, index: number, { centre, half }: ChunkBox, stream: Rng): void {
  for (const [d, middle] of centre.entries()) {
    chunks[index * centre.length + d] = middle + (half[d] as number) * stream.uniform(-1, 1);
  }
}

function keepInside(chunks: Float32Array, { centre, half }: ChunkBox): void {
  for (let i = 0; i < chunks.length; i++) {
    const [middle, reach] = [centre[i % centre.length] as number, half[i % centre.length] as number];
    chunks[i] = Math.min(Math.max(chunks[i] as number, middle - reach), middle + reach);
  }
}

function indexOfLeast(values: Float32Array): number {
  let least = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) < (values[least] as number)) least = i;
  return least;
}

/** e^{−E} up to a factor, shape `[n]`. */
function boltzmannWeights(energies: Float32Array): Float64Array {
  const least = energies[indexOfLeast(energies)] as number;
  return Float64Array.from(energies, (value) => exactExp(least - value));
}

/** Where the chunks of a round were drawn from. */
interface Proposal {
  readonly box: ChunkBox;
  /** Shape `[n, D]`. */
  readonly before: Float32Array;
  /** How many were drawn around each of those before, shape `[n]`. */
  readonly children: Int32Array;
  /** Standard deviation, in halves of the range. */
  readonly scale: number;
}

/** Divides weights by the density of the proposal at their chunks, up to a common factor. */
function divideByDensity(
  weights: Float64Array,
  chunks: Float32Array,
  { before, box: { centre, half }, children, scale }: Proposal,
): void {
  const size = half.length;
  const parents = [...children.keys()].filter((j) => (children[j] as number) > 0);
  const drawnAnew = weights.length - children.reduce((sum, own) => sum + own, 0);
  // in halves of the range the uniform density is 2^−D, the peak of the normal one (√(2π)σ)^−D
  const uniform = drawnAnew * (scale * Math.sqrt(Math.PI / 2)) ** size;
  const inNoises = (of: Float32Array) =>
    Float64Array.from(
      of,
      (a, i) => (a - (centre[i % size] as number)) / (scale * (half[i % size] as number)),
    );
  const [here, there] = [inNoises(chunks), inNoises(before)];
  for (let i = 0; i < weights.length; i++) {
    let inside = true;
    for (let d = 0; d < size; d++) inside &&= Math.abs(here[i * size + d] as number) * scale <= 1;
    if (!inside) {
      weights[i] = 0;
      continue;
    }
    let density = uniform;
    for (const j of parents) {
      let squared = 0;
      // whatever is further away than that adds nothing
      for (let d = 0; d < size && squared < 150; d++) {
        const apart = (here[i * size + d] as number) - (there[j * size + d] as number);
        squared += apart * apart;
      }
      if (squared < 150) density += (children[j] as number) * exactExp(-0.5 * squared);
    }
    weights[i] = (weights[i] as number) / density;
  }
}
