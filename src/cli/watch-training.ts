import { join } from 'node:path';
import { makeTask } from '../../envs/task.ts';
import type { TrainingData } from '../data/training-data.ts';
import type { Score } from '../eval/score.ts';
import type { Method } from '../policies/method.ts';
import type { SavedPolicy } from '../policies/saved-policy.ts';
import type { TrainedPolicy, TrainPolicyOptions } from '../policies/train.ts';
import { GateMap } from '../stream/gate-map.ts';
import { encodeJson } from '../stream/json.ts';
import { drawDemonstrations, planarPosition } from '../stream/planar-paths.ts';
import { startStreamServer } from '../stream/server.ts';
import { TRAINING_CHANNELS } from '../stream/training-channels.ts';
import { TrainingCurves } from '../stream/training-curves.ts';
import { TrainingIterations } from '../stream/training-iterations.ts';
import {
  TRAINING_TOPICS,
  type TrainingProgressMessage,
  type TrainingState,
} from '../stream/training-wire.ts';
import { InterimEvaluation } from './interim-evaluation.ts';
import { projectRoot } from './project.ts';

/** Least time between two messages of a channel, milliseconds. */
const PUBLISH_EVERY_MS = 150;
/** Least time between two policies that are taken from the training for the gate map alone, milliseconds. */
const MAP_EVERY_MS = 2000;

/** What {@link watchTraining} needs. */
export interface WatchTrainingOptions {
  readonly method: Method;
  /** What is learned from. */
  readonly data: TrainingData;
  readonly port: number;
  readonly host: string;
  /** Of each evaluation of the policy so far; 0 for none. */
  readonly rollouts: number;
  /** Of the evaluations. */
  readonly seed: number;
  /** Monotonic time, milliseconds. */
  clock(): number;
  /** Takes a line about something that went wrong without harm to the training. */
  warn(line: string): void;
}

/** A training that is shown in the page. */
export interface TrainingWatch {
  /** Address of the page. */
  readonly url: string;
  readonly port: number;
  /** Through which the training is followed. */
  readonly hooks: Required<
    Pick<TrainPolicyOptions, 'onMetrics' | 'onProgress' | 'onCurricula' | 'onInterim'>
  >;
  /** Shows how the training ended; its policy is evaluated while the page goes on. */
  finish(trained: TrainedPolicy): void;
  /** Ends server and evaluation; may be called twice. */
  close(): Promise<void>;
}

/**
 * Serves the page beside a training: its curves, what its experts claim, and how the policy so far does.
 *
 * The training is followed and never steered: it learns the same bits with and without this.
 *
 * @throws StreamError when the port is taken or the page has not been built; what `makeTask` throws.
 */
export async function watchTraining(options: WatchTrainingOptions): Promise<TrainingWatch> {
  const { clock, data, host, method, port, rollouts, seed, warn } = options;
  await import('../../envs/index.ts');
  const made = await makeTask(data.envId);
  const { behavior, contexts, dtSeconds, observationNames, scene } = made.task;
  const position = planarPosition(observationNames);
  const demonstrations = drawDemonstrations(data, position);
  const map = position === null ? null : new GateMap(data, position);
  const curves = new TrainingCurves();
  const iterations = new TrainingIterations(data.modes, demonstrations, map);
  const progress = { phase: '', done: 0, total: 0 };
  let state: TrainingState = 'training';
  let mappedAt = Number.NEGATIVE_INFINITY;
  let hasCurricula = false;
  const page = join(projectRoot(), 'dist', 'viewer');
  const channels = Object.values(TRAINING_CHANNELS);
  const server = await startStreamServer({ port, host, page, clock: Date.now, channels });

  const evaluation =
    rollouts === 0
      ? null
      : new InterimEvaluation({
          ...{ envId: data.envId, made, rollouts, seed },
          onChange: () => publishSoon('progress'),
          onScore: showScore,
          onFailure: (error) => warn(`the policy so far could not be evaluated: ${String(error)}`),
        });

  const messages = {
    demonstrations: () => demonstrations,
    progress: (): TrainingProgressMessage => {
      const evaluating = evaluation?.isRunning ?? false;
      return { method: method.name, state, ...progress, rollouts, evaluating };
    },
    curves: () => curves.message,
    curricula: () => iterations.message,
  } satisfies Record<keyof typeof TRAINING_TOPICS, () => object>;
  const due = new Set<keyof typeof messages>();
  let timer: NodeJS.Timeout | null = null;

  /** Publishes now and then rather than after every step. */
  function publishSoon(kind: keyof typeof messages): void {
    due.add(kind);
    timer ??= setTimeout(publishDue, PUBLISH_EVERY_MS);
  }

  function publishDue(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    for (const kind of due) server.publishOn(TRAINING_TOPICS[kind], () => encodeJson(messages[kind]()));
    due.clear();
  }

  function showScore({ entropy, modes, rollouts: count, success }: Score, at: number): void {
    const { covered, counts, total } = modes;
    const successes = counts.reduce((sum, value) => sum + value, 0);
    const { high, low, rate } = success;
    curves.add('evaluation', at, {
      ...{ success: rate, successLow: low, successHigh: high },
      ...(successes > 0 && { entropy: entropy.value }),
    });
    server.publishScore({
      rollouts: count,
      success: { rate, low, high },
      entropy: successes > 0 ? { value: entropy.value, ceiling: entropy.ceiling } : null,
      modes: { covered, total, counts },
    });
    publishSoon('curves');
  }

  /** Shows what the gate of a policy prefers, if it has one that is fitted. */
  function showMap(saved: SavedPolicy): void {
    if (map === null || !hasCurricula) return;
    const asked = map.observations();
    const probabilities = method.load(saved).gate?.(asked);
    if (probabilities === undefined) return;
    const drawn = map.ofGate(probabilities, (probabilities.length * data.observationSize) / asked.length);
    if (drawn === null) return;
    iterations.setMap(drawn);
    publishSoon('curricula');
  }

  server.publishScene(scene, {
    ...{ env: data.envId, modes: behavior.modes, components: 0, dtSeconds },
    contexts: contexts.map(({ name }) => name),
  });
  server.publishStatus({
    policy: `${method.name}, training`,
    paused: false,
    speed: 1,
    rollouts: 1,
    maxRollouts: 1,
  });
  publishSoon('demonstrations');
  publishSoon('progress');
  publishSoon('curves');
  publishDue();
  let closing: Promise<void> | null = null;

  return {
    url: server.url,
    port: server.port,
    hooks: {
      onProgress(now) {
        Object.assign(progress, now);
        publishSoon('progress');
      },
      onMetrics({ phase, iteration: _iteration, step: _step, ...row }) {
        curves.add(String(phase ?? 'train'), progress.done, row);
        publishSoon('curves');
      },
      onCurricula(snapshot) {
        hasCurricula = true;
        iterations.add(snapshot, progress.done);
        publishSoon('curricula');
      },
      async onInterim(take) {
        const evaluates = evaluation?.isReady ?? false;
        const maps = map !== null && hasCurricula && clock() - mappedAt >= MAP_EVERY_MS;
        if (!evaluates && !maps) return;
        const saved = await take();
        if (maps) {
          mappedAt = clock();
          showMap(saved);
        }
        evaluation?.begin(saved, progress.done);
      },
    },
    finish({ complete, policy }) {
      state = complete ? 'done' : 'interrupted';
      server.publishStatus({
        policy: `${method.name}, ${complete ? 'trained' : 'interrupted'}`,
        paused: false,
        speed: 1,
        rollouts: 1,
        maxRollouts: 1,
      });
      publishSoon('progress');
      if (!complete) return publishDue();
      showMap(policy);
      const at = progress.done;
      // the policy of an earlier moment may still be under way
      void evaluation?.settled().then(() => evaluation.begin(policy, at));
      publishDue();
    },
    close() {
      closing ??= (async () => {
        publishDue();
        await evaluation?.close();
        if (timer !== null) clearTimeout(timer);
        made.env.close();
        await server.close();
      })();
      return closing;
    },
  };
}
