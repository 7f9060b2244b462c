import { CheckpointError } from '../errors.ts';
import { exactExpOfLogits } from '../tensor/exact-math.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import { InferenceTransformer } from '../tensor/inference-transformer.ts';
import { takePart } from '../training/parts.ts';
import { type BetConfig, betShapes } from './bet-config.ts';
import type { ChunkPlanner } from './chunk-policy.ts';
import type { PlannerContext } from './gradient-method.ts';

/**
 * Makes Behavior Transformer plan: draws a cluster from its probabilities at the newest observation and answers with the
 * centre plus the offset that belongs to it.
 *
 * @throws CheckpointError when weights or centres do not fit.
 */
export function makeBetPlanner(context: PlannerContext<BetConfig>): ChunkPlanner {
  const { actionSize, config, observationSize, weights } = context;
  const { bins, chunk, history } = config;
  const shapes = betShapes(config, { actionSize, observationSize });
  const embed = new InferenceMlp(shapes.embed, takePart(weights, 'embed'));
  const trunk = new InferenceTransformer(shapes.trunk, takePart(weights, 'trunk'));
  const head = new InferenceMlp(shapes.head, takePart(weights, 'head'));
  const size = chunk * actionSize;
  const centres = requireCentres(context, bins * size);
  const { width } = shapes.trunk;
  return {
    begin: () => undefined,
    plan(histories, episodes, target) {
      const n = episodes.length;
      const tokens = new Float32Array(n * history * width);
      embed.forward(0, histories, tokens, n * history);
      trunk.forward(tokens, history, { rows: n });
      const output = new Float32Array(bins * (1 + size));
      for (const [row, { stream }] of episodes.entries()) {
        const newest = ((row + 1) * history - 1) * width;
        head.forward(0, tokens.subarray(newest, newest + width), output);
        const bin = stream.categorical(exactExpOfLogits(output.subarray(0, bins)));
        for (let i = 0; i < size; i++) {
          const offset = output[bins + bin * size + i] as number;
          target[row * size + i] = (centres[bin * size + i] as number) + offset;
        }
      }
    },
  };
}

function requireCentres({ constants }: PlannerContext<BetConfig>, length: number): Float32Array {
  const data = constants.centres?.data;
  if (data instanceof Float32Array && data.length === length) return data;
  throw new CheckpointError({
    what: 'The saved policy lacks the centres of its clusters',
    where: 'centres',
    found: data === undefined ? 'no such array' : `${data.length} numbers`,
    expected: `${length} numbers`,
    remedy: 'train again, or restore the file',
  });
}
