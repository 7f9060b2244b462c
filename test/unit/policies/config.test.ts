import { describe, expect, it } from 'vitest';
import { ConfigError, UsageError } from '../../../src/errors.ts';
import type { ImcConfig } from '../../../src/mixture/imc-config.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import type { Method } from '../../../src/policies/method.ts';
import { findMethod } from '../../../src/policies/registry.ts';

const imc: Method = {
  ...findMethod('imc'),
  presets: { 'Known-v0': { components: 7, expert: { hidden: [32] }, gate: { steps: 77 } } },
};

function resolve(envId: string, sets: string[] = [], file?: unknown): ImcConfig {
  return resolveConfig(imc, { envId, sets, ...(file === undefined ? {} : { file }) }) as ImcConfig;
}

describe('the configuration of a method', () => {
  it('is made of defaults, the preset of the environment, the file and single settings, in this order', () => {
    const defaults = resolve('Unknown-v0');
    const preset = resolve('Known-v0');
    expect(preset.components).toBe(7);
    expect(preset.expert.hidden).toEqual([32]);
    expect(preset.expert.batchSize).toBe(defaults.expert.batchSize);
    const file = { components: 8, gate: { steps: 88 }, expert: { batchSize: 9 } };
    expect(resolve('Known-v0', [], file)).toMatchObject({
      components: 8,
      gate: { steps: 88 },
      expert: { hidden: [32], batchSize: 9 },
    });
    expect(resolve('Known-v0', ['gate.steps=99', 'components=10'], file)).toMatchObject({
      components: 10,
      gate: { steps: 99 },
      expert: { batchSize: 9 },
    });
  });

  it('reads the values of settings by their type', () => {
    const config = resolve('Any-v0', [
      'eta=1e-1',
      'activeSamples=0.5',
      'level=segment',
      'expert.hidden=[16, 8]',
      'expert.residual=true',
      'commitment=5',
    ]);
    expect(config).toMatchObject({ eta: 0.1, activeSamples: 0.5, level: 'segment', commitment: 5 });
    expect(config.expert).toMatchObject({ hidden: [16, 8], residual: true });
    expect(resolve('Any-v0', ['activeSamples=0.5', 'activeSamples=null']).activeSamples).toBeNull();
  });

  const wrong: [setting: string, message: string][] = [
    ['componets=3', "did you mean 'components'?"],
    ['expert.learningrate=1', "did you mean 'expert.learningRate'?"],
    ['expert.eta=1', "did you mean 'eta'?"],
    ['gat.steps=1', "did you mean 'gate'?"],
    ['components=many', "'components'"],
    ['components=1.5', "'components'"],
    ['components=0', "'components'"],
    ['level=epsiode', 'one of step, segment, episode'],
    ['commitment=sometimes', "'commitment'"],
    ['expert=3', "'expert'"],
    ['expert.hidden=[64, x]', "'expert.hidden.1'"],
    ['eta', 'key=value'],
    ['=3', 'key=value'],
    ['expert..eta=3', 'key=value'],
    ['eta=[1', "'eta' cannot be read"],
    ['__proto__.components=3', '__proto__'],
  ];
  for (const [setting, message] of wrong) {
    it(`refuses --set ${setting} with a way out`, () => {
      expect(() => resolve('Any-v0', [setting])).toThrow(ConfigError);
      expect(() => resolve('Any-v0', [setting])).toThrow(message);
    });
  }

  const together: [method: string, setting: string, message: string][] = [
    ['ddim', 'diffusionSteps=10', 'at most diffusionSteps'],
    ['ddpm-transformer', 'transformer.width=66', 'a multiple of heads'],
    ['bet', 'transformer.heads=5', 'a multiple of heads'],
    ['act', 'transformer.width=6', 'a multiple of heads'],
    ['cvae', 'execute=9', 'at most chunk'],
  ];
  for (const [method, setting, message] of together) {
    it(`refuses --set ${setting} for ${method}, which contradicts its other settings`, () => {
      const resolving = () => resolveConfig(findMethod(method), { envId: 'Any-v0', sets: [setting] });
      expect(resolving).toThrow(ConfigError);
      expect(resolving).toThrow(message);
    });
  }

  it('refuses a file that holds no settings', () => {
    expect(() => resolve('Any-v0', [], ['components'])).toThrow(ConfigError);
    expect(() => resolve('Any-v0', [], 'components: 3')).toThrow(ConfigError);
  });
});

describe('the registry of methods', () => {
  it('names the nearest method when there is none of a name', () => {
    expect(() => findMethod('imcc')).toThrow(UsageError);
    expect(() => findMethod('imcc')).toThrow("did you mean 'imc'?");
  });
});
