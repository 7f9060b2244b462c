import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';
import { joinNetworks, type MlpShape, pickNetworks, unshareNetworks } from '../../../src/tensor/mlp-shape.ts';

const base = { inputSize: 3, hidden: [5, 4], outputSize: 2, activation: 'silu' } as const;
const sharings = { independent: [0, 0], 'shared weights': [2, 0], 'shared trunk': [2, 2] } as const;

function outputs(shape: MlpShape, arrays: ReturnType<typeof drawMlp>, network: number): Float32Array {
  const out = new Float32Array(8);
  const inputs = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  new InferenceMlp(shape, arrays).forward(network, inputs, out, 4);
  return out;
}

for (const [name, [sharedWeights, sharedBiases]] of Object.entries(sharings)) {
  describe(`networks with ${name}`, () => {
    const shape: MlpShape = { ...base, networks: 3, sharedWeights, sharedBiases };
    const arrays = drawMlp(shape, Rng.fromSeed(0));

    it('are the same after they were picked apart and joined', () => {
      const one = pickNetworks(arrays, 3, [0]);
      const two = pickNetworks(arrays, 3, [1, 2]);
      expect(joinNetworks(one, two, shape)).toEqual(arrays);
    });

    it('answer the same bits when nothing is shared any more', () => {
      const apart = unshareNetworks(arrays, shape);
      expect(apart.shape).toMatchObject({ networks: 3, sharedWeights: 0, sharedBiases: 0 });
      for (let network = 0; network < 3; network++) {
        expect(outputs(apart.shape, apart.arrays, network)).toEqual(outputs(shape, arrays, network));
      }
      expect(unshareNetworks(apart.arrays, apart.shape).arrays).toEqual(apart.arrays);
    });

    it('cannot be joined to what lacks an array', () => {
      expect(() => joinNetworks(arrays, {}, shape)).toThrow(CheckpointError);
    });
  });
}
