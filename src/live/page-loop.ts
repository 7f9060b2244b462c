import '../../envs/index.ts';
import { makeAct } from '../policies/make-act.ts';
import type { Policy } from '../policies/policy.ts';
import { CHANNELS } from '../stream/channels.ts';
import { decodeBase64 } from '../stream/floats.ts';
import { encodeFrame, type Frame } from '../stream/frame.ts';
import type { Publisher } from '../stream/publisher.ts';
import { decodeSafetensors } from '../tensor/safetensors.ts';
import { LiveRollouts } from './live-rollouts.ts';
import { Pace } from './pace.ts';
import type { PageOrder, PagePolicy, PageReport } from './page-messages.ts';

/** Longest sleep of the loop, milliseconds: how soon it notices a change. */
const IDLE_MS = 30;
/** Longest the loop works before it listens again, milliseconds. */
const WORK_MS = 12;

/** The two ends that a worker has to its page, and its clock. */
export interface PagePort {
  report(report: PageReport): void;
  /** Monotonic time, milliseconds. */
  clock(): number;
}

/** Encodes what is published as a server does. */
class ReportPublisher implements Publisher {
  readonly #port: PagePort;
  #frames = 0;

  constructor(port: PagePort) {
    this.#port = port;
  }

  publishScene(...[scene, facts]: Parameters<Publisher['publishScene']>): void {
    this.#json(CHANNELS.scene.topic, { ...facts, scene });
  }

  publishFrame(frame: Frame): void {
    this.#send(CHANNELS.frame.topic, encodeFrame({ ...frame, index: this.#frames++ }));
  }

  publishScore(...[score]: Parameters<Publisher['publishScore']>): void {
    this.#json(CHANNELS.score.topic, score);
  }

  publishStatus(...[status]: Parameters<Publisher['publishStatus']>): void {
    this.#json(CHANNELS.status.topic, status);
  }

  publishEpisode(...[episode]: Parameters<Publisher['publishEpisode']>): void {
    this.#json(CHANNELS.episode.topic, episode);
  }

  #json(topic: string, message: unknown): void {
    this.#send(topic, new TextEncoder().encode(JSON.stringify(message)));
  }

  #send(topic: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#port.report({ kind: 'message', topic, bytes });
  }
}

/** Environments and policy inside a page: what a process does for the pages of a server. */
export class PageLoop {
  readonly #port: PagePort;
  readonly #publisher: ReportPublisher;
  #settings = { paused: false, speed: 1, rollouts: 1 };
  #given: PagePolicy | null = null;
  #live: LiveRollouts | null = null;

  constructor(port: PagePort) {
    this.#port = port;
    this.#publisher = new ReportPublisher(port);
  }

  /** Does what the page orders. */
  take(order: PageOrder): void {
    switch (order.kind) {
      case 'begin':
        this.#begin(order.policy).catch((error: unknown) => {
          this.#port.report({
            kind: 'failure',
            text: error instanceof Error ? error.message : String(error),
          });
        });
        break;
      case 'control':
        Object.assign(this.#settings, order.change);
        this.#publishStatus();
        break;
      case 'hand': {
        const { hold, rollout } = order.hand;
        if (hold === null) this.#live?.release(rollout);
        else this.#live?.hold(rollout, hold.part, hold.x, hold.y);
        break;
      }
      default:
        order satisfies never;
    }
  }

  /** Runs for ever. */
  async #begin(given: PagePolicy): Promise<void> {
    const { arrays } = decodeSafetensors(decodeBase64(given.weights), 'policy.js');
    const policy = makeAct({ ...given.policy, arrays }, given.overrides, 'policy.js');
    this.#given = given;
    this.#settings = { ...this.#settings, rollouts: given.rollouts };
    const { clock } = this.#port;
    let live = await this.#make(policy, given);
    this.#live = live;
    this.#publisher.publishScene(live.scene, live.facts);
    this.#publishStatus();
    this.#publisher.publishFrame(live.frame);
    const pace = new Pace(clock());
    for (;;) {
      if (this.#settings.rollouts !== live.rollouts) {
        live.close();
        live = await this.#make(policy, given);
        this.#live = live;
      }
      if (this.#settings.paused) {
        await sleep(IDLE_MS);
        pace.resume(clock());
        continue;
      }
      const until = clock() + WORK_MS;
      for (let now = clock(); now < until && pace.wait(now) === 0; now = clock()) this.#step(live, pace, now);
      await sleep(Math.min(IDLE_MS, pace.wait(clock())));
    }
  }

  #step(live: LiveRollouts, pace: Pace, now: number): void {
    live.step();
    pace.stepped(now, (1000 * live.facts.dtSeconds) / this.#settings.speed);
    if (pace.isFrameDue(now)) this.#publisher.publishFrame(live.frame);
    if (pace.isScoreDue(now)) this.#publisher.publishScore(live.score());
  }

  #make(policy: Policy, { policy: { envId }, seed }: PagePolicy): Promise<LiveRollouts> {
    const { rollouts } = this.#settings;
    const onEpisode = this.#publisher.publishEpisode.bind(this.#publisher);
    return LiveRollouts.create({ envId, policy, rollouts, seed, onEpisode });
  }

  #publishStatus(): void {
    if (this.#given === null) return;
    const { description, maxRollouts } = this.#given;
    this.#publisher.publishStatus({ policy: description, ...this.#settings, maxRollouts });
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
