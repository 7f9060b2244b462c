import { describe, expect, test } from 'vitest';
import '../../envs/index.ts';
import './vector-toys.ts';
import { checkEnv } from '../../src/gym/check-env.ts';
import { cloneValue } from '../../src/gym/clone-value.ts';
import type { Env } from '../../src/gym/env.ts';
import { EnvSpec } from '../../src/gym/env-spec.ts';
import { list, make } from '../../src/gym/registry.ts';
import { sameValue } from '../../src/gym/same-value.ts';
import type { Box } from '../../src/gym/spaces/box.ts';
import { Dict } from '../../src/gym/spaces/dict.ts';
import { Autoreset } from '../../src/gym/wrappers/autoreset.ts';
import { ClipAction } from '../../src/gym/wrappers/clip-action.ts';
import { FilterObservation } from '../../src/gym/wrappers/filter-observation.ts';
import { FlattenObservation } from '../../src/gym/wrappers/flatten-observation.ts';
import { FrameStack } from '../../src/gym/wrappers/frame-stack.ts';
import { namedWrappers } from '../../src/gym/wrappers/named.ts';
import { NormalizeObservation } from '../../src/gym/wrappers/normalize-observation.ts';
import { RecordEpisodeStatistics } from '../../src/gym/wrappers/record-episode-statistics.ts';
import { RepeatAction } from '../../src/gym/wrappers/repeat-action.ts';
import { RescaleAction } from '../../src/gym/wrappers/rescale-action.ts';
import { StickyAction } from '../../src/gym/wrappers/sticky-action.ts';
import { TimeAware } from '../../src/gym/wrappers/time-aware.ts';
import { TransformAction } from '../../src/gym/wrappers/transform-action.ts';
import { TransformObservation } from '../../src/gym/wrappers/transform-observation.ts';
import { TransformReward } from '../../src/gym/wrappers/transform-reward.ts';
import { Rng } from '../../src/random.ts';

type Vectors = Env<Float32Array, Float32Array>;
interface Wrapped {
  readonly wrap: (env: Vectors) => Env;
  /** Why an episode depends on more than its seed, where it does. */
  readonly remembers?: string;
}

/** Mirrors actions about the middle of their bounds: what is within them stays within. */
const mirrored = (env: Vectors) => {
  const { high, low } = env.actionSpace as Box;
  const func = (action: Float32Array) =>
    action.map((value, i) => (low[i] as number) + (high[i] as number) - value);
  return new TransformAction(env, { func });
};
const named = (env: Vectors) =>
  new TransformObservation(env, {
    func: (all: Float32Array) => ({ all, first: all.slice(0, 1) }),
    observationSpace: new Dict({ all: env.observationSpace, first: env.observationSpace }) as never,
  });

const wrappers: Readonly<Record<string, Wrapped>> = {
  Autoreset: { wrap: (env) => new Autoreset(env) },
  ClipAction: { wrap: (env) => new ClipAction(env) },
  FilterObservation: {
    wrap: (env) => {
      const space = env.observationSpace as Box;
      const inner = named(env);
      const filtered = new FilterObservation(inner as never, { filterKeys: ['all'] });
      expect(JSON.stringify(filtered.observationSpace)).toBe(JSON.stringify(new Dict({ all: space })));
      return filtered as never;
    },
  },
  FlattenObservation: { wrap: (env) => new FlattenObservation(env) },
  FrameStack: { wrap: (env) => new FrameStack(env, { stackSize: 3 }) },
  'FrameStack with zeros': { wrap: (env) => new FrameStack(env, { stackSize: 4, paddingType: 'zero' }) },
  NormalizeObservation: { wrap: (env) => new NormalizeObservation(env), remembers: 'running statistics' },
  'NormalizeObservation, frozen': {
    wrap: (env) => new NormalizeObservation(env, { updateRunningMean: false }),
  },
  RecordEpisodeStatistics: { wrap: (env) => new RecordEpisodeStatistics(env) },
  RepeatAction: { wrap: (env) => new RepeatAction(env, { repeats: 3 }) },
  RescaleAction: { wrap: (env) => new RescaleAction(env, { minAction: -1, maxAction: 2 }) },
  StickyAction: { wrap: (env) => new StickyAction(env, { repeatActionProbability: 0.4 }) },
  TimeAware: { wrap: (env) => new TimeAware(env) },
  'TimeAware, named and in steps': {
    wrap: (env) => new TimeAware(env, { flatten: false, normalizeTime: false }),
  },
  TransformAction: { wrap: mirrored },
  TransformObservation: {
    wrap: (env) => new TransformObservation(env, { func: (values) => values.slice() }),
  },
  TransformReward: { wrap: (env) => new TransformReward(env, { func: (reward) => 2 * reward }) },
};

/** Observations, rewards and ends under seeded random actions. */
function rollout(env: Env, seed: number): unknown[] {
  const rng = Rng.fromSeed(9);
  const seen: unknown[] = [cloneValue(env.reset({ seed }).observation)];
  for (let i = 0; i < 60; i++) {
    const { observation, reward, terminated, truncated } = env.step(env.actionSpace.sample(rng));
    expect(env.observationSpace.explain(observation)).toBeNull();
    seen.push(cloneValue({ observation, reward, terminated, truncated }));
    if ((terminated || truncated) && !(env instanceof Autoreset))
      seen.push(cloneValue(env.reset().observation));
  }
  return seen;
}

test('every wrapper that a spec can name is in this suite', () => {
  const suite = new Set(Object.keys(wrappers).map((name) => name.split(/[ ,]/)[0]));
  expect(namedWrappers().filter((name) => !suite.has(name))).toEqual([]);
});

const ids = list()
  .filter(({ namespace }) => namespace === null)
  .map(({ id }) => id);

describe.each([...ids, 'toys/Line-v0'])('%s', (id) => {
  const makeInner = (limit = 20) => make(id, { maxEpisodeSteps: limit }) as Promise<Vectors>;

  describe.each(Object.entries(wrappers))('in %s', (name, { remembers, wrap }) => {
    test('keeps the contract', async (ctx) => {
      if (remembers !== undefined) ctx.skip(`an episode depends on ${remembers}`);
      checkEnv(wrap(await makeInner()));
    });

    test('shows the stack, and stays inside its spaces', async () => {
      const env = wrap(await makeInner());
      expect(String(env)).toMatch(new RegExp(`^${name.split(/[ ,]/)[0]}<.*TimeLimit<OrderEnforcing<`));
      rollout(env, 3);
      env.close();
    });

    test('is made again by its spec, or says why it cannot be', async () => {
      const env = wrap(await makeInner());
      const spec = EnvSpec.fromJSON(JSON.stringify(env.spec));
      if (spec.additionalWrappers.some(({ kwargs }) => kwargs === null)) {
        await expect(make(spec)).rejects.toThrow(/cannot be made again/);
        return;
      }
      const again = await make(spec);
      expect(String(again)).toBe(String(env));
      expect(JSON.stringify(again.spec)).toBe(JSON.stringify(env.spec));
      expect(sameValue(rollout(again, 4), rollout(env, 4))).toBe(true);
      env.close();
      again.close();
    });
  });
});
