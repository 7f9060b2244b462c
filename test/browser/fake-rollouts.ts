import { Rng } from '../../src/random.ts';
import { createFrame, type MutableFrame, NONE, ROLLOUT_STATUS, setGate } from '../../src/stream/frame.ts';
import type { Publisher } from '../../src/stream/publisher.ts';
import type { ControlChange, ScoreMessage, StatusMessage } from '../../src/stream/wire.ts';
import { avoidingFacts, avoidingScene } from '../unit/stream/fixtures.ts';

/** Gaps between the obstacles of the three rows, as x, and the y of the rows. */
const gapsAt = [
  { y: -0.1, xs: [0.42, 0.58] },
  { y: 0.08, xs: [0.36, 0.5, 0.64] },
  { y: 0.26, xs: [0.29, 0.425, 0.575, 0.71] },
] as const;

const START = [0.525, -0.28, 0] as const;
const STEPS = 68;
/** Steps that a finished rollout stays where it is. */
const HOLD = 10;
const FIRST_ROW = 0.3;
const GATE_ENTRIES = 4;

/** A stream, or a recording, which nobody controls. */
export interface RolloutsTarget extends Publisher {
  onControl?(listener: (change: ControlChange) => void): () => void;
}

/**
 * Rollouts without physics, for the tests of stream and page: smooth paths through the gaps with some noise, one
 * way per mode, a few of which fail on the way.
 */
export class FakeRollouts {
  frame: MutableFrame;
  /** Frames published so far. */
  published = 0;
  readonly #server: RolloutsTarget;
  readonly #rng: Rng;
  readonly #paths: { mode: number; phase: number; wobble: number; failsAt: number }[] = [];
  readonly #counts = new Array<number>(24).fill(0);
  #finished = 0;
  #succeeded = 0;
  status: StatusMessage;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(server: RolloutsTarget, rollouts: number, seed = 0) {
    this.#server = server;
    this.#rng = Rng.fromSeed(seed);
    this.frame = createFrame(rollouts, 1, GATE_ENTRIES);
    this.status = { policy: 'imc, 8 components', paused: false, speed: 1, rollouts, maxRollouts: 480 };
    for (let rollout = 0; rollout < rollouts; rollout++) this.#begin(rollout);
    server.publishScene(avoidingScene, avoidingFacts);
    server.publishStatus(this.status);
    server.onControl?.((change) => this.#control(change));
  }

  /** Steps all rollouts and publishes the frame; the score now and then. */
  step(): void {
    const { frame } = this;
    frame.timeSeconds += avoidingFacts.dtSeconds;
    for (let rollout = 0; rollout < frame.rollouts; rollout++) this.#advance(rollout);
    this.#server.publishFrame(frame);
    this.published++;
    if (this.#finished > 0) this.#server.publishScore(this.score());
  }

  /** Steps at the given rate until {@link stop}. */
  start(everyMs = 35): void {
    this.#timer = setInterval(() => {
      if (!this.status.paused) this.step();
    }, everyMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** The mode that most of the successes had. */
  commonestMode(): number {
    return this.#counts.indexOf(Math.max(...this.#counts));
  }

  #control(change: ControlChange): void {
    this.status = { ...this.status, ...change };
    if (change.rollouts !== undefined) {
      this.frame = { ...createFrame(change.rollouts, 1, GATE_ENTRIES), timeSeconds: this.frame.timeSeconds };
      for (let rollout = 0; rollout < change.rollouts; rollout++) this.#begin(rollout);
    }
    this.#server.publishStatus(this.status);
  }

  #begin(rollout: number): void {
    const { frame } = this;
    this.#paths[rollout] = {
      mode: this.#rng.integer(24),
      phase: this.#rng.uniform(0, 6),
      wobble: this.#rng.normal(0, 0.004),
      failsAt: this.#rng.uniform() < 0.06 ? 20 + this.#rng.integer(40) : Number.POSITIVE_INFINITY,
    };
    frame.episode[rollout] = (frame.episode[rollout] ?? 0) + 1;
    frame.step[rollout] = 0;
    frame.poses.set(START, 3 * rollout);
    frame.mode[rollout] = NONE;
    frame.status[rollout] = ROLLOUT_STATUS.running;
    frame.component[rollout] = this.#rng.integer(avoidingFacts.components);
    frame.seed[rollout] = this.#rng.seed();
    frame.context[rollout] = 0;
    setGate(frame, rollout, new Float32Array());
  }

  #advance(rollout: number): void {
    const { frame } = this;
    const path = this.#paths[rollout];
    if (path === undefined) return;
    const step = (frame.step[rollout] ?? 0) + 1;
    if (step > Math.min(STEPS, path.failsAt) + HOLD) {
      this.#begin(rollout);
      return;
    }
    frame.step[rollout] = step;
    this.#ask(rollout, step);
    const moving = Math.min(step, STEPS, path.failsAt);
    const y = -0.28 + (0.64 * moving) / STEPS;
    const rows = [path.mode % 2, Math.floor(path.mode / 2) % 3, Math.floor(path.mode / 6)];
    let x = 0.525;
    let fromY = -0.28;
    gapsAt.forEach((row, level) => {
      const t = Math.min(1, Math.max(0, (y - fromY) / (row.y - fromY)));
      x += ((row.xs[rows[level] ?? 0] ?? x) - x) * t * t * (3 - 2 * t);
      fromY = row.y;
    });
    const wobble = path.wobble * Math.sin(path.phase + 9 * y) + path.wobble;
    frame.poses.set([x + wobble * Math.min(1, moving / 10), y, 0], 3 * rollout);
    if (y > FIRST_ROW) frame.mode[rollout] = path.mode;
    if (step === STEPS && path.failsAt > STEPS) this.#finish(rollout, ROLLOUT_STATUS.success);
    if (step === path.failsAt) this.#finish(rollout, ROLLOUT_STATUS.failure);
  }

  /** A gate that changes its mind on the way: from many experts alike to the one in force, and on to the next one. */
  #ask(rollout: number, step: number): void {
    const { components } = avoidingFacts;
    const chosen = this.frame.component[rollout] ?? 0;
    const gate = Float32Array.from({ length: components }, (_, c) => {
      const ahead = (c - chosen + components) % components;
      return Math.exp(-0.5 * ((ahead - step / 30) / (0.4 + 2 * Math.exp(-step / 12))) ** 2);
    });
    const sum = gate.reduce((a, b) => a + b, 0);
    setGate(
      this.frame,
      rollout,
      gate.map((weight) => weight / sum),
    );
  }

  #finish(rollout: number, status: number): void {
    this.frame.status[rollout] = status;
    this.#finished++;
    if (status !== ROLLOUT_STATUS.success) return;
    this.#succeeded++;
    this.#counts[this.frame.mode[rollout] ?? 0]!++;
  }

  /** The scores of all rollouts that have finished. */
  score(): ScoreMessage {
    const rate = this.#succeeded / this.#finished;
    const covered = this.#counts.filter((count) => count > 0).length;
    const entropy = this.#counts.reduce((sum, count) => {
      const share = count / Math.max(1, this.#succeeded);
      return share > 0 ? sum - (share * Math.log(share)) / Math.log(24) : sum;
    }, 0);
    return {
      rollouts: this.#finished,
      success: { rate, low: Math.max(0, rate - 0.03), high: Math.min(1, rate + 0.02) },
      entropy: this.#succeeded === 0 ? null : { value: entropy, ceiling: 0.992 },
      modes: { covered, total: 24, counts: [...this.#counts] },
    };
  }
}
