import { z } from 'zod';
import { CheckpointError } from '../errors.ts';

const normalizerSchema = z.looseObject({
  version: z.literal(1),
  mean: z.array(z.number()),
  std: z.array(z.number()),
});

/** What every saved policy holds of the data it was trained on, for the schema of its JSON part to spread in. */
export const scalingShape = {
  observationNormalizer: normalizerSchema,
  actionNormalizer: normalizerSchema,
  actionLow: z.array(z.number()),
  actionHigh: z.array(z.number()),
};

/** Words the refusal of a saved policy whose `model` or `config` is not what its method wrote. */
export function unusablePolicy(part: 'model' | 'config', { issues }: z.ZodError): CheckpointError {
  return new CheckpointError({
    what: 'The saved policy is incomplete or was written by another version',
    where: `${part}.${issues[0]?.path.join('.') ?? ''}`,
    found: issues[0]?.message ?? 'nothing',
    remedy: 'train again with this version',
  });
}
