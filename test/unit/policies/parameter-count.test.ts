import { beforeAll, expect, it } from 'vitest';
import type { TrainingData } from '../../../src/data/training-data.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { countParameters } from '../../../src/policies/parameter-count.ts';
import { findMethod } from '../../../src/policies/registry.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';

const data: TrainingData = {
  observations: Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
  actions: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
  ...{ observationSize: 3, actionSize: 2, episodeStarts: Int32Array.from([0, 6, 12]) },
  ...{ modes: Int32Array.from([0, 1]), envId: 'Toy-v0' },
};

/** Parameters of dense layers of these widths. */
const dense = (...widths: number[]) =>
  widths.slice(1).reduce((sum, out, i) => sum + ((widths[i] as number) + 1) * out, 0);

async function countOf(name: string, sets: readonly string[]): Promise<number> {
  const method = findMethod(name);
  const config = resolveConfig(method, { envId: 'Toy-v0', sets });
  const { policy } = await method.train(data, config, { seed: 0 });
  return countParameters(policy);
}

beforeAll(async () => {
  await selectBackend('js');
});

const expected: readonly (readonly [string, readonly string[], number])[] = [
  // last and best, with and without their moving average, are one policy
  ['bc', ['steps=2', 'checkpointEvery=1', 'hidden=[5]'], dense(3, 5, 2)],
  [
    'mdn',
    ['steps=2', 'checkpointEvery=1', 'components=4', 'expert.hidden=[5]', 'gate.hidden=[7]'],
    // one trunk with a head per component
    dense(3, 5, 4 * 2) + dense(3, 7, 4),
  ],
  [
    'em',
    [
      ...['components=2', 'iterations=1', 'expert.kind=independent', 'expert.hidden=[5]', 'gate.hidden=[7]'],
      ...['expert.stepsPerIteration=1', 'expert.refineSteps=1', 'gate.steps=1'],
    ],
    2 * dense(3, 5, 2) + dense(3, 7, 2),
  ],
  [
    'cvae',
    ['steps=2', 'checkpointEvery=1', 'chunk=2', 'history=1', 'latentSize=2', 'mlp.hidden=[5]'],
    // the encoder is trained too
    dense(3 + 2, 5, 2 * 2) + dense(3 + 2 * 2, 5, 2 * 2),
  ],
];
for (const [name, sets, count] of expected) {
  it(`counts what ${name} trains once`, async () => {
    expect(await countOf(name, sets)).toBe(count);
  });
}
