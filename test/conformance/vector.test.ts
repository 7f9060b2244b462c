import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import '../../envs/index.ts';
import './vector-toys.ts';
import {
  InvalidActionError,
  ResetNeededError,
  UsageError,
  VectorEnvError,
  WorkerDiedError,
} from '../../src/errors.ts';
import { cloneValue } from '../../src/gym/clone-value.ts';
import { list, make } from '../../src/gym/registry.ts';
import { sameValue } from '../../src/gym/same-value.ts';
import type { Box } from '../../src/gym/spaces/box.ts';
import { type MakeVectorOptions, makeVector } from '../../src/gym/vector/make-vector.ts';
import type { VectorEnv, VectorInfos, VectorStepResult } from '../../src/gym/vector/vector-env.ts';
import { Rng } from '../../src/random.ts';

const tasks = list()
  .filter(({ namespace }) => namespace === null)
  .map(({ id }) => id);

const opened: VectorEnv[] = [];

async function open(id: string, options: MakeVectorOptions): Promise<VectorEnv> {
  const vector = await makeVector(id, options);
  opened.push(vector);
  return vector;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((vector) => vector.close()));
});

/** Everything a vector returns over some steps of seeded random actions, copied. */
function trace(vector: VectorEnv, steps: number): unknown[] {
  const rng = Rng.fromSeed(11);
  const seen: unknown[] = [cloneValue(vector.reset({ seed: 5 }))];
  for (let i = 0; i < steps; i++) {
    const result = vector.step(vector.actionSpace.sample(rng));
    expect(vector.observationSpace.explain(result.observations)).toBeNull();
    seen.push(cloneValue(result));
    if (vector.autoresetMode !== 'Disabled') continue;
    const mask = result.terminations.map((end, k) => end | (result.truncations[k] as number));
    if (mask.includes(1)) seen.push(cloneValue(vector.reset({ mask })));
  }
  return seen;
}

// starting a thread takes a second where TypeScript is compiled on the way, so not every combination is run
describe.each([
  ['toys/Line-v0', 'NextStep', [1, 2, 3]],
  ['toys/Line-v0', 'SameStep', [2]],
  ['toys/Line-v0', 'Disabled', [2]],
  ['toys/Compound-v0', 'SameStep', [2]],
  ...tasks.map((id) => [id, 'NextStep', [2]] as const),
] as const)('%s with autoreset %s', (id, autoreset, counts) => {
  test(`gives the same in this thread and on workers: ${counts.join(', ')}`, async () => {
    const options = { numEnvs: 5, autoreset } as const;
    const expected = trace(await open(id, options), 40);
    for (const workers of counts) {
      const found = trace(await open(id, { ...options, mode: 'workers', workers }), 40);
      const at = expected.findIndex((step, i) => !sameValue(step, found[i]));
      expect(at < 0 ? null : [workers, at, found[at]]).toEqual(at < 0 ? null : [workers, at, expected[at]]);
    }
  });
});

describe.each(['toys/Line-v0', 'toys/Compound-v0', ...tasks])('%s', (id) => {
  test('environment i is the single environment of seed + i', async () => {
    const vector = await open(id, { numEnvs: 3, autoreset: 'Disabled' });
    const { observations } = vector.reset({ seed: 7 });
    const rng = Rng.fromSeed(1);
    const actions = Array.from({ length: 3 }, () => vector.singleActionSpace.sample(rng));
    const numbers = actions.flatMap((action) =>
      typeof action === 'number' ? [action] : [...(action as Float32Array)],
    );
    const batch = typeof actions[0] === 'number' ? Int32Array.from(numbers) : Float32Array.from(numbers);
    const before = cloneValue(observations);
    const { observations: after, rewards } = vector.step(batch);
    for (let i = 0; i < 3; i++) {
      const env = await make(id);
      const first = env.reset({ seed: 7 + i });
      const second = env.step(actions[i]);
      expect(row(before, i, vector)).toEqual(row(first.observation, 0, { ...vector, numEnvs: 1 }));
      expect(row(after, i, vector)).toEqual(row(second.observation, 0, { ...vector, numEnvs: 1 }));
      expect(rewards[i]).toBe(second.reward);
      env.close();
    }
  });
});

/** All numbers of one environment's observation, in order. */
function row(batch: unknown, i: number, vector: Pick<VectorEnv, 'numEnvs'>): number[] {
  if (typeof batch === 'number') return [batch];
  if (ArrayBuffer.isView(batch)) {
    const array = batch as Float32Array;
    const size = array.length / vector.numEnvs;
    return Array.from(array.subarray(i * size, (i + 1) * size));
  }
  return Object.values(batch as object).flatMap((part) => row(part, i, vector));
}

/** Steps with zero actions until an episode ends; returns the result in which it did, copied. */
function untilEnd(vector: VectorEnv): VectorStepResult {
  const rng = Rng.fromSeed(2);
  for (;;) {
    const result = vector.step(vector.actionSpace.sample(rng));
    if (result.terminations.includes(1) || result.truncations.includes(1)) return cloneValue(result);
  }
}

describe('autoreset', () => {
  test('NextStep ignores the action after the end and returns the first observation', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 1 });
    vector.reset({ seed: 0 });
    expect(untilEnd(vector).infos.start).toBeUndefined();
    const next = vector.step(vector.actionSpace.sample());
    expect([next.rewards[0], next.terminations[0], next.truncations[0]]).toEqual([0, 0, 0]);
    expect(next.infos._start).toEqual(new Uint8Array([1]));
    expect((next.infos.start as Float64Array)[0]).toBeCloseTo(
      (next.observations as Float32Array)[0] as number,
    );
  });

  test('SameStep returns the first observation at once, the last one in the infos', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 4, autoreset: 'SameStep' });
    vector.reset({ seed: 0 });
    const { infos, observations, rewards, terminations, truncations } = untilEnd(vector);
    const ended = Array.from(terminations, (end, i) => end | (truncations[i] as number));
    expect(infos._finalObservation).toEqual(Uint8Array.from(ended));
    const final = infos.finalObservation as readonly (Float32Array | null)[];
    const finalInfo = infos.finalInfo as VectorInfos;
    for (const [i, end] of ended.entries()) {
      expect(final[i] === null).toBe(end === 0);
      if (end === 0) continue;
      expect(final[i]?.[0]).toBe(rewards[i]);
      expect((finalInfo.outcome as VectorInfos)._success).toEqual(Uint8Array.from(ended));
      expect((observations as Float32Array)[2 * i + 1]).toBe(0);
    }
  });

  test('Disabled refuses to step an ended episode, and goes on after a masked reset', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 3, autoreset: 'Disabled' });
    vector.reset({ seed: 0 });
    const { observations, terminations, truncations } = untilEnd(vector);
    const mask = terminations.map((end, i) => end | (truncations[i] as number));
    const after = vector.reset({ mask });
    for (const [i, reset] of mask.entries()) {
      const same = (after.observations as Float32Array)[2 * i] === (observations as Float32Array)[2 * i];
      expect(same).toBe(reset === 0);
    }
    vector.step(vector.actionSpace.sample());
    untilEnd(vector);
    const error = caught(() => vector.step(vector.actionSpace.sample()));
    expect(error).toBeInstanceOf(VectorEnvError);
    expect((error as VectorEnvError).cause).toBeInstanceOf(ResetNeededError);
  });
});

describe('infos', () => {
  test('are arrays by key with masks; numbers, lists, and infos of their own', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 3 });
    const { infos: first } = vector.reset({ seed: 0 });
    expect(first.start).toBeInstanceOf(Float64Array);
    expect(first._start).toEqual(new Uint8Array([1, 1, 1]));
    const { infos } = vector.step(vector.actionSpace.sample(Rng.fromSeed(0)));
    expect(infos.start).toBeUndefined();
    const outcome = infos.outcome as VectorInfos;
    expect(outcome.success).toEqual([false, false, false]);
    expect(outcome.mode).toEqual([null, null, null]);
    expect(infos.side).toHaveLength(3);
    expect((infos.trace as readonly Float64Array[])[1]?.[1]).toBe(1);
  });

  test('keep the values of the step before while the next one is taken', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 2, mode: 'workers', workers: 2 });
    const first = vector.reset({ seed: 0 });
    const kept = cloneValue(first);
    vector.step(vector.actionSpace.sample());
    expect(sameValue(cloneValue(first), kept)).toBe(true);
  });
});

function caught(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
}

describe.each(['sync', 'workers'] as const)('failures, %s', (mode) => {
  test('a task that throws surfaces with its stack and leaves the others usable', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 6, mode, kwargs: { throwAt: 2 } });
    const still = new Float32Array(6);
    vector.reset({ seed: 0 });
    vector.step(still);
    const error = caught(() => vector.step(still)) as VectorEnvError;
    expect(error).toBeInstanceOf(VectorEnvError);
    expect(error.message).toContain('the toy is broken');
    expect(error.message).toMatch(/vector-toys\.ts:\d+/);
    expect(error.failures.length).toBeGreaterThan(0);
    expect(error.failures.length).toBeLessThan(6);
    const failed = new Set(error.failures.map(({ env }) => env));
    const result = error.result as VectorStepResult;
    for (let i = 0; i < 6; i++) {
      expect(result.truncations[i]).toBe(failed.has(i) ? 1 : 0);
      const stepped = (result.observations as Float32Array)[2 * i + 1];
      expect(stepped).toBeCloseTo((failed.has(i) ? 1 : 2) / 12);
    }
    // the failed ones begin anew, the others go on
    const next = vector.step(still);
    for (let i = 0; i < 6; i++) {
      expect((next.observations as Float32Array)[2 * i + 1]).toBeCloseTo(failed.has(i) ? 0 : 3 / 12);
    }
  });

  test('actions outside the action space are refused and move nothing', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 2, mode });
    vector.reset({ seed: 0 });
    for (const [actions, reason] of [
      [new Float32Array([0, Number.NaN]), /index 1: NaN/],
      [new Float32Array([1, 0]), /index 0: 1 is above/],
      [new Float32Array(3), /length 2/],
      [[0, 0], /Float32Array/],
      [undefined, /Float32Array/],
    ] as const) {
      const error = caught(() => vector.step(actions));
      expect(error).toBeInstanceOf(InvalidActionError);
      expect(String(error)).toMatch(reason);
    }
    const { observations } = vector.step(new Float32Array(2));
    expect((observations as Float32Array)[1]).toBeCloseTo(1 / 12);
  });

  test('step before reset, a seed that is none, and a mask of another length are refused', async () => {
    const vector = await open('toys/Line-v0', { numEnvs: 2, mode });
    expect(caught(() => vector.step(new Float32Array(2)))).toBeInstanceOf(ResetNeededError);
    expect(caught(() => vector.reset({ mask: [1, 0] }))).toBeInstanceOf(ResetNeededError);
    expect(caught(() => vector.reset({ seed: -1 }))).toBeInstanceOf(UsageError);
    expect(caught(() => vector.reset({ seed: [1] }))).toBeInstanceOf(UsageError);
    vector.reset({ seed: [3, null] });
    expect(caught(() => vector.reset({ mask: [1] }))).toBeInstanceOf(UsageError);
    await vector.close();
    await vector.close();
    expect(caught(() => vector.reset())).toBeInstanceOf(UsageError);
  });
});

describe('a vector of 64', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heap = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };

  test.each(['sync', 'workers'] as const)(
    'keeps its heap over 320 000 environment steps, %s',
    async (mode) => {
      for (const [id, steps] of [
        ['toys/Still-v0', 5000],
        ['Avoiding-v0', mode === 'sync' ? 100 : 300],
      ] as const) {
        const vector = await open(id, { numEnvs: 64, mode, ...(mode === 'workers' ? { workers: 2 } : {}) });
        const actions = (vector.actionSpace as Box).zeros();
        vector.reset({ seed: 0 });
        const run = (count: number) => {
          for (let i = 0; i < count; i++)
            if (vector.step(actions).infos === undefined) throw new Error('no infos');
        };
        run(100);
        const before = heap();
        run(steps);
        expect(heap() - before).toBeLessThan(2 ** 20);
        await vector.close();
      }
    },
  );
});

describe('workers', () => {
  test('a worker that ends is reported, not waited for', async () => {
    const vector = await open('toys/Line-v0', {
      numEnvs: 4,
      mode: 'workers',
      workers: 2,
      kwargs: { exitAt: 2 },
    });
    vector.reset({ seed: 0 });
    vector.step(new Float32Array(4));
    const error = caught(() => vector.step(new Float32Array(4)));
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(String(error)).toMatch(/worker 0, environments 0 to 1/);
    expect(caught(() => vector.reset())).toBeInstanceOf(WorkerDiedError);
  });

  test('an info of many values comes through, one that cannot be sent fails its environment', async () => {
    const options = { numEnvs: 3, kwargs: { wide: true } } as const;
    const expected = trace(await open('toys/Line-v0', options), 15);
    expect(
      sameValue(trace(await open('toys/Line-v0', { ...options, mode: 'workers', workers: 1 }), 15), expected),
    ).toBe(true);
    const bad = { numEnvs: 1, mode: 'workers', kwargs: { unsendable: true } } as const;
    const vector = await open('toys/Line-v0', bad);
    vector.reset({ seed: 0 });
    expect(String(caught(() => vector.step(new Float32Array(1))))).toMatch(
      /cannot be sent to another thread/,
    );
    expect(vector.step(new Float32Array(1)).infos._start).toEqual(new Uint8Array([1]));
  });

  test('draw their environments in the render mode they were made with', async () => {
    const pictures = async (mode: 'sync' | 'workers') => {
      const vector = await open('Avoiding-v0', { numEnvs: 2, mode, renderMode: 'svg' });
      vector.reset({ seed: 0 });
      vector.step(new Float32Array([0.01, 0.01, -0.01, 0.01]));
      return vector.render();
    };
    const [first, second] = await pictures('sync');
    expect(first).not.toBe(second);
    expect(await pictures('workers')).toEqual([first, second]);
    const plain = await open('Avoiding-v0', { numEnvs: 1, mode: 'workers' });
    plain.reset({ seed: 0 });
    expect(caught(() => plain.render())).toBeInstanceOf(UsageError);
  });

  test('an environment that the workers cannot know is refused before any starts', async () => {
    await expect(makeVector('toys/Homeless-v0', { mode: 'workers' })).rejects.toThrow(
      /which module registers/,
    );
  });

  test('observations without a fixed size run in this thread only', async () => {
    await expect(makeVector('toys/Text-v0', { mode: 'workers' })).rejects.toThrow(/mode: 'sync'/);
    const vector = await open('toys/Text-v0', { numEnvs: 2 });
    expect(vector.observationSpace.contains(vector.reset({ seed: 0 }).observations)).toBe(true);
  });

  test.each([
    ['no environments', { numEnvs: 0 }, /numEnvs/],
    ['more workers than environments', { numEnvs: 2, mode: 'workers', workers: 3 }, /1 to 2/],
    ['an unknown mode', { mode: 'threads' as 'sync' }, /sync, workers/],
    ['an unknown autoreset mode', { autoreset: 'Always' as 'Disabled' }, /NextStep, SameStep, Disabled/],
  ] as const)('%s: refused', async (_case, options, reason) => {
    await expect(makeVector('toys/Line-v0', options)).rejects.toThrow(UsageError);
    await expect(makeVector('toys/Line-v0', options)).rejects.toThrow(reason);
  });
});
