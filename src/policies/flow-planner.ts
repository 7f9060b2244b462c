import { CheckpointError } from '../errors.ts';
import { exactExp, exactTanh } from '../tensor/exact-math.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import { takePart } from '../training/parts.ts';
import type { ChunkPlanner } from './chunk-policy.ts';
import { type FlowConfig, flowActnorm, flowCouplings, slopeBound, splineParameters } from './flow-config.ts';
import { invertSpline, readSpline } from './flow-spline.ts';
import type { PlannerContext } from './gradient-method.ts';

/**
 * Makes a normalizing flow plan: draws from a normal distribution and goes back through the coupling layers and the actnorm.
 *
 * @throws CheckpointError when the weights do not fit or are those of a flow without an actnorm.
 */
export function makeFlowPlanner(context: PlannerContext<FlowConfig>): ChunkPlanner {
  const { bins, range, temperature } = context.config;
  const couplings = flowCouplings(context.config, context).map((coupling, layer) => ({
    ...coupling,
    network: new InferenceMlp(coupling.network, takePart(context.weights, `couplings.${layer}`)),
  }));
  const actnormWeights = takePart(context.weights, 'actnorm');
  if (Object.keys(actnormWeights).length === 0) {
    throw new CheckpointError({
      what: 'The saved flow has no actnorm: it was written by an earlier version',
      remedy: 'train again with this version',
    });
  }
  const actnorm = new InferenceMlp(flowActnorm(context.config, context), actnormWeights);
  const backwards = [...couplings].reverse();
  const size = context.config.chunk * context.actionSize;
  const parameters = splineParameters(bins);
  return {
    begin: () => undefined,
    plan(histories, episodes, target) {
      const seen = histories.length / episodes.length;
      const frames = new Float32Array(2 * size * episodes.length);
      actnorm.forward(0, histories, frames, episodes.length);
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
        const frame = frames.subarray(2 * size * row, 2 * size * (row + 1));
        for (let i = 0; i < size; i++) {
          const logScale = slopeBound * exactTanh((frame[size + i] as number) / slopeBound);
          values[i] = (values[i] as number) * exactExp(logScale) + (frame[i] as number);
        }
      }
    },
  };
}
