import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvVersionError, ModewiseError, UnregisteredEnvError, UsageError } from '../../../src/errors.ts';
import { list, type MakeOptions, make, register, spec, unregister } from '../../../src/gym/registry.ts';
import { ToyEnv } from './toy-env.ts';

const ids = ['Toy-v0', 'Toy-v2', 'lab/Toy-v1', 'Broken-v0'];
let loads = 0;

beforeEach(() => {
  loads = 0;
  const entry = async () => {
    loads++;
    return (kwargs: object, of: ReturnType<typeof spec>) => new ToyEnv({ ...kwargs }, of);
  };
  register({ id: 'Toy-v0', entry, maxEpisodeSteps: 3, kwargs: { size: 1, color: 'red' } });
  register({ id: 'Toy-v2', entry, orderEnforce: false, disableEnvChecker: true });
  register({ id: 'lab/Toy-v1', entry });
  register({ id: 'Broken-v0', entry: async () => Promise.reject(new Error('no such module')) });
});

afterEach(() => {
  for (const id of ids) unregister(id);
});

describe('register', () => {
  it.each(['Toy', 'Toy-v', '-v1', 'a/b/C-v0', 'Toy v0', ''])("refuses the id '%s'", (id) => {
    expect(() => register({ id, entry: async () => () => new ToyEnv() })).toThrow(UsageError);
  });

  it('refuses an id that is taken', () => {
    expect(() => register({ id: 'Toy-v0', entry: async () => () => new ToyEnv() })).toThrow(
      /registered already/,
    );
  });
});

describe('spec', () => {
  it('states defaults and splits the id; and is plain JSON', () => {
    const found = spec('lab/Toy-v1');
    expect(found).toMatchObject({
      namespace: 'lab',
      name: 'Toy',
      version: 1,
      maxEpisodeSteps: null,
      orderEnforce: true,
    });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('suggests the nearest name', () => {
    expect(() => spec('Tpy-v0')).toThrow(UnregisteredEnvError);
    expect(() => spec('Tpy-v0')).toThrow("did you mean 'Toy-v0'?");
    expect(() => spec('')).toThrow(UnregisteredEnvError);
  });

  it('tells a wrong version from a wrong name', () => {
    expect(() => spec('Toy-v1')).toThrow(EnvVersionError);
    expect(() => spec('Toy-v1')).toThrow('one of: Toy-v0, Toy-v2');
    expect(() => spec('lab/Toy-v0')).toThrow("did you mean 'lab/Toy-v1'?");
  });

  it('takes the newest version where none is named', () => {
    expect(spec('Toy').id).toBe('Toy-v2');
  });
});

describe('list', () => {
  it('lists all, sorted, and loads none', () => {
    expect(list().map(({ id }) => id)).toEqual([...ids].sort());
    expect(loads).toBe(0);
  });
});

describe('make', () => {
  it('wraps in time limit, order and a check of the contract', async () => {
    const env = await make('Toy-v0');
    expect(String(env)).toBe('TimeLimit<OrderEnforcing<PassiveEnvChecker<Toy-v0>>>');
    expect(env.unwrapped).toBeInstanceOf(ToyEnv);
  });

  it('leaves out what is not asked for', async () => {
    expect(await make('Toy-v2')).toBeInstanceOf(ToyEnv);
    const bare = await make('Toy-v0', { disableEnvChecker: true });
    const mistyped = { rendermode: 'svg' } as MakeOptions;
    await expect(make('Toy-v0', mistyped)).rejects.toThrow(/did you mean 'renderMode'/);
    expect(String(bare)).toBe('TimeLimit<OrderEnforcing<Toy-v0>>');
    expect(String(await make('Toy-v0', { maxEpisodeSteps: null }))).toBe(
      'OrderEnforcing<PassiveEnvChecker<Toy-v0>>',
    );
  });

  it('merges arguments over those of the registration, and states them in the spec', async () => {
    const env = await make('Toy-v0', { kwargs: { size: 2 }, maxEpisodeSteps: 7 });
    expect((env.unwrapped as ToyEnv).kwargs).toEqual({ size: 2, color: 'red' });
    expect(env.spec).toMatchObject({ maxEpisodeSteps: 7, kwargs: { size: 2, color: 'red' } });
    expect(spec('Toy-v0').kwargs).toEqual({ size: 1, color: 'red' });
  });

  it('makes the same environment again from its spec', async () => {
    const env = await make('Toy-v0', { kwargs: { size: 2 }, maxEpisodeSteps: 7 });
    const saved = JSON.parse(JSON.stringify(env.spec));
    expect((await make(saved)).spec).toEqual(env.spec);
  });

  it('says which environment could not be loaded', async () => {
    await expect(make('Broken-v0')).rejects.toThrow(ModewiseError);
    await expect(make('Broken-v0')).rejects.toThrow(/'Broken-v0' could not be loaded[\s\S]*no such module/);
  });
});
