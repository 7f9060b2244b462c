import { attentiveConfigSchema } from '../mixture/attentive/attentive-config.ts';
import { mixtureMethod } from './mixture-method.ts';

/** The mixture with an attentive gate as a method of the registry. */
export const attentive = mixtureMethod({
  name: 'attentive',
  summary: 'Mixture of experts trained by gradient: the gate attends to the experts, and is distilled to act',
  schema: attentiveConfigSchema,
  trainer: async () => (await import('../mixture/attentive/attentive-density.ts')).trainAttentive,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose'],
  presets: { 'Avoiding-v0': { components: 32, commitment: 'episode' } },
});
