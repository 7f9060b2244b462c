import { InferenceMlp } from '../tensor/inference-mlp.ts';
import { takePart } from '../training/parts.ts';
import type { ChunkPlanner } from './chunk-policy.ts';
import { type FlowConfig, flowCouplings, splineParameters } from './flow-config.ts';
import { invertSpline, readSpline } from './flow-spline.ts';
import type { PlannerContext } from './gradient-method.ts';

/**
 * Makes a normalizing flow plan: draws from a normal distribution and goes back through the coupling layers.
 *
 * @throws CheckpointError when the weights do not fit.
 */
export function makeFlowPlanner(context: PlannerContext<FlowConfig>): ChunkPlanner {
  const { bins, range, temperature } = context.config;
  const couplings = flowCouplings(context.config, context).map((coupling, layer) => ({
    ...coupling,
    network: new InferenceMlp(coupling.network, takePart(context.weights, `couplings.${layer}`)),
  }));
  const backwards = [...couplings].reverse();
  const size = context.config.chunk * context.actionSize;
  const parameters = splineParameters(bins);
  return {
    begin: () => undefined,
    plan(histories, episodes, target) {
      const seen = histories.length / episodes.length;
      for (const [row, { stream }] of episodes.entries()) {
        const values = target.subarray(row * size, (row + 1) * size);
        for (let i = 0; i < size; i++) values[i] = stream.normal(0, temperature);
        const history = histories.subarray(row * seen, (row + 1) * seen);
        for (const { kept, moved, network } of backwards) {
          const input = new Float32Array(network.shape.inputSize);
          for (const [i, index] of kept.entries()) input[i] = values[index] as number;
          input.set(history, kept.length);
          const answer = new Float32Array(network.shape.outputSize);
          network.forward(0, input, answer);
          for (const [i, index] of moved.entries()) {
            const own = answer.subarray(i * parameters, (i + 1) * parameters);
            values[index] = invertSpline(readSpline(own, bins, range), values[index] as number);
          }
        }
      }
    },
  };
}
