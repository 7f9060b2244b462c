import { InferenceGradient } from '../tensor/inference-gradient.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import type { ChunkPlanner } from './chunk-policy.ts';
import type { PlannerContext } from './gradient-method.ts';
import { chunkBox, energyShape, type IbcConfig } from './ibc-config.ts';
import { type EnergyFunction, searchByLangevin, searchWithoutDerivatives } from './ibc-search.ts';

/**
 * Makes implicit behavioural cloning plan: looks for a chunk of low energy, within the demonstrated range.
 *
 * @throws CheckpointError when the weights do not fit; ConfigError when the layers do not fit one another.
 */
export function makeIbcPlanner({
  config,
  high,
  low,
  weights,
  ...sizes
}: PlannerContext<IbcConfig>): ChunkPlanner {
  const shape = energyShape(config, sizes);
  const network = new InferenceMlp(shape, weights);
  const slopes = new InferenceGradient(shape, weights);
  const box = chunkBox(low, high, config);
  const size = box.half.length;
  const seen = shape.inputSize - size;
  return {
    begin: () => undefined,
    plan(histories, episodes, target) {
      for (const [row, { stream }] of episodes.entries()) {
        const history = histories.subarray(row * seen, (row + 1) * seen);
        const inputsOf = (chunks: Float32Array): Float32Array => {
          const rows = chunks.length / size;
          const inputs = new Float32Array(rows * shape.inputSize);
          for (let i = 0; i < rows; i++) {
            inputs.set(history, i * shape.inputSize);
            inputs.set(chunks.subarray(i * size, (i + 1) * size), i * shape.inputSize + seen);
          }
          return inputs;
        };
        const energy: EnergyFunction = {
          energy: (chunks, energies) => network.forward(0, inputsOf(chunks), energies, energies.length),
          gradient: (chunks, gradients) => {
            const rows = chunks.length / size;
            const whole = new Float32Array(rows * shape.inputSize);
            slopes.gradient(inputsOf(chunks), whole, rows);
            for (let i = 0; i < chunks.length; i++) {
              gradients[i] = whole[Math.floor(i / size) * shape.inputSize + seen + (i % size)] as number;
            }
          },
        };
        const own = target.subarray(row * size, (row + 1) * size);
        if (config.sampler === 'langevin') searchByLangevin(energy, box, config, stream, own);
        else searchWithoutDerivatives(energy, box, config, stream, own);
      }
    },
  };
}
