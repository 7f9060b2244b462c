import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, ModewiseError, UsageError } from '../../../src/errors.ts';
import type { RenderFrame } from '../../../src/gym/env.ts';
import { prettyPrintRegistry } from '../../../src/gym/pretty-print-registry.ts';
import { EnvSpec, make, register, spec, unregister } from '../../../src/gym/registry.ts';
import { ToyEnv } from './toy-env.ts';

class Drawn extends ToyEnv {
  override readonly metadata = { renderModes: ['text', 'rgb_array'] as never[], renderFps: 10 };
  readonly renderMode: string | null;

  constructor(renderMode: string | null) {
    super({}, spec('Drawn-v0'));
    this.renderMode = renderMode;
  }

  render(): RenderFrame {
    return `at ${this.position}`;
  }
}

beforeEach(() => {
  register({ id: 'Toy-v0', entry: async () => (kwargs, of) => new ToyEnv(kwargs, of), maxEpisodeSteps: 9 });
  register({ id: 'Drawn-v0', entry: async () => (_kwargs, _spec, renderMode) => new Drawn(renderMode) });
  register({ id: 'lab/Other-v1', entry: async () => (kwargs, of) => new ToyEnv(kwargs, of) });
});

afterEach(() => {
  for (const id of ['Toy-v0', 'Drawn-v0', 'lab/Other-v1']) unregister(id);
});

describe('EnvSpec', () => {
  it('is the same after JSON, as text or as an object', () => {
    const found = spec('Toy-v0').with({
      kwargs: { size: 2 },
      additionalWrappers: [{ name: 'FrameStack', kwargs: { stackSize: 3 } }],
    });
    expect(EnvSpec.fromJSON(JSON.stringify(found))).toEqual(found);
    expect(EnvSpec.fromJSON(found.toJSON())).toEqual(found);
  });

  it('fills in what is left out', () => {
    expect(EnvSpec.fromJSON({ id: 'lab/Toy-v3' })).toMatchObject({
      namespace: 'lab',
      name: 'Toy',
      version: 3,
      maxEpisodeSteps: null,
      orderEnforce: true,
      disableEnvChecker: false,
      additionalWrappers: [],
    });
  });

  it.each([
    ['{', /no JSON/],
    [null, /no environment spec/],
    [{}, /an object with an id/],
    [{ id: 'Toy' }, /malformed/],
    [{ id: 'Toy-v0', maxEpisodeSteps: 1.5 }, /maxEpisodeSteps[\s\S]*1\.5[\s\S]*whole number/],
    [{ id: 'Toy-v0', orderEnforce: 'yes' }, /orderEnforce/],
    [{ id: 'Toy-v0', maxSteps: 3 }, /unknown field[\s\S]*maxSteps/],
    [{ id: 'Toy-v0', toString: 1 }, /unknown field/],
    [{ id: 'Toy-v0', additionalWrappers: [{}] }, /additionalWrappers/],
  ])('refuses %j', (json, reason) => {
    expect(() => EnvSpec.fromJSON(json)).toThrow(ConfigError);
    expect(() => EnvSpec.fromJSON(json)).toThrow(reason);
  });

  it('makes the wrappers again, and refuses unknown ones', async () => {
    const stacked = spec('Toy-v0').with({
      additionalWrappers: [
        { name: 'FrameStack', kwargs: { stackSize: 2 } },
        { name: 'TimeAware', kwargs: {} },
      ],
    });
    const env = await make(stacked);
    expect(String(env)).toBe('TimeAware<FrameStack<TimeLimit<OrderEnforcing<PassiveEnvChecker<Toy-v0>>>>>');
    expect(env.spec?.additionalWrappers.map(({ name }) => name)).toEqual(['FrameStack', 'TimeAware']);
    const unknown = stacked.with({ additionalWrappers: [{ name: 'FrameStak', kwargs: {} }] });
    await expect(make(unknown)).rejects.toThrow(/did you mean 'FrameStack'/);
  });
});

describe('render modes', () => {
  it('are fixed when the environment is made', async () => {
    const env = await make('Drawn-v0', { renderMode: 'text' });
    expect(env.renderMode).toBe('text');
    expect(() => env.render?.()).toThrow(/before the first reset/);
    env.reset({ seed: 0 });
    expect(env.render?.()).toMatch(/^at /);
  });

  it('are refused where the environment has none such', async () => {
    await expect(make('Drawn-v0', { renderMode: 'txt' })).rejects.toThrow(/did you mean 'text'/);
    await expect(make('Toy-v0', { renderMode: 'svg' })).rejects.toThrow(UsageError);
  });

  it('are refused where the environment states one and does not draw', async () => {
    register({ id: 'Liar-v0', entry: async () => () => new Drawn(null) });
    await expect(make('Liar-v0', { renderMode: 'text' })).rejects.toThrow(ModewiseError);
    unregister('Liar-v0');
  });

  it('must give what the mode promises', async () => {
    const env = await make('Drawn-v0', { renderMode: 'rgb_array' });
    env.reset({ seed: 0 });
    expect(() => env.render?.()).toThrow(/did not return pixels/);
  });

  it('without one, render says how to get one', async () => {
    const env = await make('Drawn-v0');
    env.reset({ seed: 0 });
    expect(() => env.render?.()).toThrow(/renderMode.*text, rgb_array/);
  });
});

describe('prettyPrintRegistry', () => {
  it('lists ids under their namespaces, in columns', () => {
    expect(prettyPrintRegistry({ columns: 2 })).toBe(
      '===== environments =====\nDrawn-v0  Toy-v0\n\n===== lab =====\nlab/Other-v1',
    );
    expect(prettyPrintRegistry({ excludeNamespaces: [null] })).toBe('===== lab =====\nlab/Other-v1');
  });
});
