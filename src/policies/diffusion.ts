import { onBlockTasks } from './block-tasks.ts';
import { fineObservations, presentObservation } from './chunk-config.ts';
import { type DiffusionDefaults, diffusionSchema } from './diffusion-config.ts';
import { makeDiffusionPlanner } from './diffusion-planner.ts';
import { gradientMethod } from './gradient-method.ts';
import type { Method, PartialConfig } from './method.ts';

/** What tells the diffusion policies of the registry apart. */
interface DiffusionMethod {
  readonly name: string;
  readonly summary: string;
  readonly defaults: DiffusionDefaults;
  readonly presets?: Readonly<Record<string, PartialConfig>>;
}

/** Diffusion Policy (Chi et al. 2023) with a denoiser and a sampler. */
function diffusionMethod({ defaults, name, presets = {}, summary }: DiffusionMethod): Method {
  return gradientMethod({
    ...{ name, summary, presets },
    schema: diffusionSchema(defaults),
    actingKeys: ['sampler', 'samplingSteps'],
    learner: async () => (await import('./diffusion-learner.ts')).makeDiffusionLearner,
    planner: makeDiffusionPlanner,
  });
}

/** What the methods have in common where they do not say otherwise. */
const shared = {
  ...{ history: 2, chunk: 16, execute: 8 },
  ...{ batchSize: 128, learningRate: 3e-3, ...fineObservations },
} as const;

/** As {@link presentObservation}, for chunks that the next contact will overturn. */
const pushing = { ...presentObservation, chunk: 8, execute: 2, learningRate: 1e-3 } as const;

/** Where millimetres decide, a plan is out of date after two steps. */
const avoiding = { 'Avoiding-v0': { execute: 2 } } as const;

/** DDPM with a residual network as denoiser. */
export const ddpmMlp = diffusionMethod({
  name: 'ddpm-mlp',
  summary: 'Diffusion policy: denoises chunks of actions by DDPM with a residual network',
  defaults: { ...shared, denoiser: 'mlp', sampler: 'ddpm', diffusionSteps: 16, steps: 40_000 },
  presets: { ...avoiding, ...onBlockTasks({ ...pushing, batchSize: 256, steps: 30_000 }) },
});

/** DDPM with a transformer as denoiser. */
export const ddpmTransformer = diffusionMethod({
  name: 'ddpm-transformer',
  summary: 'Diffusion policy: denoises chunks of actions by DDPM with a transformer',
  defaults: {
    ...shared,
    learningRate: 1e-3,
    denoiser: 'transformer',
    sampler: 'ddpm',
    diffusionSteps: 16,
    steps: 6000,
  },
  presets: { ...avoiding, ...onBlockTasks({ ...pushing, steps: 8000 }) },
});

/** DDIM: many steps in training, few in acting. */
export const ddim = diffusionMethod({
  name: 'ddim',
  summary: 'Diffusion policy: trained with many denoising steps, acts with few, without noise between (DDIM)',
  defaults: {
    ...{ ...shared, denoiser: 'mlp', sampler: 'ddim', diffusionSteps: 100, samplingSteps: 16 },
    steps: 40_000,
  },
  presets: { ...avoiding, ...onBlockTasks({ ...pushing, batchSize: 256, steps: 30_000 }) },
});
