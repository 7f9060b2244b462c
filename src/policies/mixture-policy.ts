import { Normalizer } from '../data/normalizer.ts';
import { CheckpointError } from '../errors.ts';
import { type GateFeatures, gateFeatures } from '../mixture/gate-features.ts';
import type { ActionChoice, Commitment } from '../mixture/imc-config.ts';
import type { MixtureModel } from '../mixture/mixture-model.ts';
import { Rng } from '../random.ts';
import { exactExp } from '../tensor/exact-math.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import type { Explanation, Policy } from './policy.ts';

/** The part of a mixture that acting needs. */
export type ActingMixture = Pick<
  MixtureModel,
  | 'observationNormalizer'
  | 'actionNormalizer'
  | 'actionLow'
  | 'actionHigh'
  | 'expertShape'
  | 'experts'
  | 'gateShape'
  | 'gate'
  | 'gateFeatures'
  | 'actionDeviations'
>;

/** How a policy acts with a mixture. */
export interface MixtureActing {
  /** How long it keeps the component that it drew. */
  readonly commitment: Commitment;
  /** What it takes of that component's expert. */
  readonly choose: ActionChoice;
}

/**
 * Acts with a mixture of experts: draws a component from the gate, keeps it as long as the commitment says, and
 * answers with that expert's mean, or with a draw around it, kept within the demonstrated range.
 *
 * Only the chosen expert is evaluated. Each episode draws from a stream of its own seed, and its actions do not
 * depend on the batch around it, the backend that trained the mixture, or the machine.
 */
export class MixturePolicy implements Policy {
  readonly method: string;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly #commitment: Commitment;
  readonly #observations: Normalizer;
  readonly #actions: Normalizer;
  readonly #low: readonly number[];
  readonly #high: readonly number[];
  readonly #experts: InferenceMlp;
  readonly #gate: InferenceMlp;
  readonly #gateFeatures: GateFeatures;
  /** Of the draws around the means, shape `[C, Da]`; undefined to answer with the means. */
  readonly #deviations: Float32Array | undefined;
  /** Of the components that episodes draw. */
  #streams: Rng[] = [];
  /** Of the actions that they draw around means. */
  #actionStreams: Rng[] = [];
  /** Steps done per episode, shape `[B]`. */
  #steps = new Int32Array(0);
  #component = new Int32Array(0);
  #probabilities = new Float32Array(0);

  /**
   * Copies the weights.
   *
   * @throws CheckpointError when an array is missing or does not fit its shape; DatasetError when the statistics
   *   of a normalizer are unusable.
   */
  constructor(method: string, mixture: ActingMixture, { choose, commitment }: MixtureActing) {
    this.method = method;
    this.observationSize = mixture.expertShape.inputSize;
    this.actionSize = mixture.expertShape.outputSize;
    this.#commitment = commitment;
    this.#observations = Normalizer.fromJSON(mixture.observationNormalizer);
    this.#actions = Normalizer.fromJSON(mixture.actionNormalizer);
    this.#low = mixture.actionLow;
    this.#high = mixture.actionHigh;
    this.#experts = new InferenceMlp(mixture.expertShape, mixture.experts);
    this.#gate = new InferenceMlp(mixture.gateShape, mixture.gate);
    this.#gateFeatures = mixture.gateFeatures ?? 'linear';
    this.#deviations = choose === 'draw' ? deviationsOf(mixture) : undefined;
  }

  /** C. */
  get components(): number {
    return this.#gate.shape.outputSize;
  }

  reset(seeds: readonly number[]): void {
    this.#streams = seeds.map(streamOf);
    this.#actionStreams = this.#streams.map(actionStreamOf);
    this.#steps = new Int32Array(seeds.length);
    this.#component = new Int32Array(seeds.length);
    this.#probabilities = new Float32Array(seeds.length * this.components);
  }

  restart(episode: number, seed: number): void {
    if (this.#streams[episode] === undefined) {
      throw new RangeError(`there is no episode ${episode} in a batch of ${this.#streams.length}`);
    }
    const stream = streamOf(seed);
    this.#streams[episode] = stream;
    this.#actionStreams[episode] = actionStreamOf(stream);
    this.#steps[episode] = 0;
  }

  /** @throws RangeError when the observations are not one row per episode of the last `reset`. */
  act(observations: Float32Array): Float32Array {
    const episodes = this.#streams.length;
    if (observations.length !== episodes * this.observationSize) {
      throw new RangeError(
        `${observations.length} numbers are not ${episodes} observations of ${this.observationSize}; ` +
          'reset the policy with one seed per episode first',
      );
    }
    const inputs = this.#observations.normalize(observations);
    for (let episode = 0; episode < episodes; episode++) {
      if (this.#drawsNow(episode)) this.#draw(episode, inputs);
      this.#steps[episode] = (this.#steps[episode] as number) + 1;
    }
    const means = new Float32Array(episodes * this.actionSize);
    this.#experts.forwardEach(this.#component, inputs, means);
    this.#addDraws(means);
    const actions = this.#actions.denormalize(means);
    for (let i = 0; i < actions.length; i++) {
      const d = i % this.actionSize;
      actions[i] = Math.min(Math.max(actions[i] as number, this.#low[d] as number), this.#high[d] as number);
    }
    return actions;
  }

  /** Adds to normalized means, shape `[B, Da]`, what the demonstrations scatter around them. */
  #addDraws(means: Float32Array): void {
    const { actionSize } = this;
    if (this.#deviations === undefined) return;
    for (let i = 0; i < means.length; i++) {
      const episode = Math.floor(i / actionSize);
      const component = this.#component[episode] as number;
      const deviation = this.#deviations[component * actionSize + (i % actionSize)] as number;
      means[i] = (means[i] as number) + deviation * (this.#actionStreams[episode] as Rng).normal();
    }
  }

  #drawsNow(episode: number): boolean {
    const step = this.#steps[episode] as number;
    if (step === 0 || this.#commitment === 'step') return true;
    return this.#commitment !== 'episode' && step % this.#commitment === 0;
  }

  /** @throws RangeError when the observations are not whole rows. */
  gate(observations: Float32Array): Float32Array {
    const rows = observations.length / this.observationSize;
    if (!Number.isInteger(rows)) {
      throw new RangeError(`${observations.length} numbers are not rows of ${this.observationSize}`);
    }
    const inputs = this.#observations.normalize(observations);
    const probabilities = new Float32Array(rows * this.components);
    for (let row = 0; row < rows; row++) this.#askGate(row, inputs, probabilities);
    return probabilities;
  }

  /** Draws the component of an episode from the gate's answer to its observation. */
  #draw(episode: number, inputs: Float32Array): void {
    const row = this.#askGate(episode, inputs, this.#probabilities);
    this.#component[episode] = (this.#streams[episode] as Rng).categorical(row);
  }

  /** Writes the gate probabilities of one row of inputs, and returns that row. */
  #askGate(row: number, inputs: Float32Array, probabilities: Float32Array): Float32Array {
    const { components, observationSize } = this;
    const answer = probabilities.subarray(row * components, (row + 1) * components);
    const input = inputs.subarray(row * observationSize, (row + 1) * observationSize);
    this.#gate.forward(0, gateFeatures(this.#gateFeatures, input), answer, 1);
    softmaxInPlace(answer);
    return answer;
  }

  explain(): Explanation {
    return { component: this.#component.slice(), gate: this.#probabilities.slice() };
  }
}

/** @throws CheckpointError when the mixture has no deviations, or not one for every component and action. */
function deviationsOf({ actionDeviations, expertShape }: ActingMixture): Float32Array {
  const { networks, outputSize } = expertShape;
  const fits =
    actionDeviations.length === networks && actionDeviations.every(({ length }) => length === outputSize);
  if (fits) return Float32Array.from(actionDeviations.flat());
  throw new CheckpointError({
    what: 'The saved policy does not say how widely demonstrations scatter around its experts',
    where: 'model.actionDeviations',
    found: `${actionDeviations.length} components of ${actionDeviations[0]?.length ?? 0} numbers`,
    expected: `${networks} components of ${outputSize} numbers`,
    remedy: 'act with choose=mean, or train again with this version',
  });
}

/** The draws of one episode. */
function streamOf(seed: number): Rng {
  return Rng.fromSeed(seed).fork('mixture policy');
}

/** Draws of actions are apart, so that the same components are drawn with and without them. */
function actionStreamOf(stream: Rng): Rng {
  return stream.fork('actions');
}

/** Turns logits into probabilities, with the same bits on every engine. */
function softmaxInPlace(row: Float32Array): void {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of row) max = Math.max(max, value);
  let total = 0;
  for (let i = 0; i < row.length; i++) {
    const weight = exactExp((row[i] as number) - max);
    row[i] = weight;
    total += weight;
  }
  for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) / total;
}
