import { z } from 'zod';
import { CheckpointError } from '../errors.ts';
import { type ImcConfig, imcConfigSchema } from '../mixture/imc-config.ts';
import type { MixtureModel } from '../mixture/mixture-model.ts';
import { joinParts, takePart } from '../mixture/parts.ts';
import type { Method } from './method.ts';
import { type ActingMixture, MixturePolicy } from './mixture-policy.ts';
import type { SavedPolicy } from './saved-policy.ts';

const normalizerSchema = z.looseObject({
  version: z.literal(1),
  mean: z.array(z.number()),
  std: z.array(z.number()),
});

const shapeSchema = z.looseObject({
  networks: z.int(),
  inputSize: z.int(),
  hidden: z.array(z.int()),
  outputSize: z.int(),
  activation: z.enum(['linear', 'relu', 'tanh', 'silu', 'mish', 'gelu']),
  sharedWeights: z.int().default(0),
  sharedBiases: z.int().default(0),
  residual: z.boolean().default(false),
});

/** What the JSON part of a saved mixture holds; summaries of the training are kept but not read back. */
const modelSchema = z.looseObject({
  observationNormalizer: normalizerSchema,
  actionNormalizer: normalizerSchema,
  actionLow: z.array(z.number()),
  actionHigh: z.array(z.number()),
  expertShape: shapeSchema,
  gateShape: shapeSchema,
});

function save(mixture: MixtureModel): SavedPolicy {
  const { config, envId, experts, gate, ...model } = mixture;
  return {
    method: imc.name,
    envId,
    observationSize: mixture.expertShape.inputSize,
    actionSize: mixture.expertShape.outputSize,
    config,
    model,
    arrays: joinParts({ experts, gate }),
  };
}

/** Information Maximizing Curriculum as a method of the registry. */
export const imc: Method = {
  name: 'imc',
  summary: 'Information Maximizing Curriculum: experts that each choose their own demonstrations, and a gate',
  schema: imcConfigSchema,
  presets: {},
  actingKeys: ['commitment'],
  async train(data, config, run) {
    const { trainImc } = await import('../mixture/imc.ts');
    const mixture = await trainImc(data, config as ImcConfig, run);
    return { policy: save(mixture), complete: mixture.stopped !== 'interrupted' };
  },
  load(saved) {
    const model = modelSchema.safeParse(saved.model);
    const config = imcConfigSchema.safeParse(saved.config);
    const problem = model.error?.issues[0] ?? config.error?.issues[0];
    if (problem !== undefined || !model.success || !config.success) {
      throw new CheckpointError({
        what: 'The saved mixture is incomplete or was written by another version',
        where: `${model.success ? 'config' : 'model'}.${problem?.path.join('.') ?? ''}`,
        found: problem?.message ?? 'nothing',
        remedy: 'train again with this version',
      });
    }
    const mixture: ActingMixture = {
      ...model.data,
      experts: takePart(saved.arrays, 'experts'),
      gate: takePart(saved.arrays, 'gate'),
    };
    return new MixturePolicy(imc.name, mixture, config.data.commitment);
  },
};
