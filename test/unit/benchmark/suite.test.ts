import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planBenchmark } from '../../../src/benchmark/plan.ts';
import { nameOf, parseSuite } from '../../../src/benchmark/suite.ts';
import { listMethods } from '../../../src/policies/registry.ts';
import { TEXTBOOK } from '../../../src/reproduce/imc-pushing.ts';
import { TEXTBOOK_EM } from '../../../src/reproduce/pushing-figures.ts';

const minimal = { tasks: '[Avoiding-v0]', methods: '[imc, bc]', seeds: '[0, 1]', rollouts: '48' };

function yaml(changes: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...minimal, ...changes })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

const plan = (text: string) => planBenchmark(parseSuite(text, 'suite.yaml'), async (reference) => reference);

describe('parseSuite', () => {
  it('takes names for entries and a number for seeds', () => {
    const suite = parseSuite(yaml({ seeds: '3', demonstrations: '7' }), 'suite.yaml');
    expect(suite.tasks).toEqual([{ env: 'Avoiding-v0' }]);
    expect(suite.methods.map(nameOf)).toEqual(['imc', 'bc']);
    expect(suite.seeds).toEqual([0, 1, 2]);
    expect(suite.demonstrations).toEqual({ perMode: 7 });
  });

  it('takes every method there is for `all`', () => {
    const { methods } = parseSuite(yaml({ methods: 'all' }), 'suite.yaml');
    expect(methods.map(nameOf)).toEqual(listMethods().map(({ name }) => name));
    const more = parseSuite(yaml({ methods: '[all, { method: em, name: em-2 }]' }), 'suite.yaml').methods;
    expect(more.map(nameOf)).toEqual([...methods.map(nameOf), 'em-2']);
  });

  it.each([
    ['an unknown key', { rolouts: '5' }, "did you mean 'rollouts'?"],
    [
      'an unknown key of a task',
      { tasks: '[{ env: Avoiding-v0, rollout: 5 }]' },
      "did you mean 'tasks.0.rollouts'?",
    ],
    ['an unknown key of a method', { methods: '[{ methd: imc }]' }, 'method'],
    ['seeds that are none', { seeds: '[a]' }, 'seeds.0'],
    ['no seeds', { seeds: '[]' }, 'seeds'],
    ['rollouts below 1', { rollouts: '0' }, 'rollouts'],
    ['a row twice', { methods: '[imc, { method: bc, name: imc }]' }, 'imc'],
    ['a seed twice', { seeds: '[1, 1]' }, 'seeds'],
    ["a row's seed twice", { methods: '[{ method: bc, seeds: [1, 1] }]' }, 'methods: bc: seeds'],
    ['a name that is no file name', { methods: '[{ method: imc, name: ../x }]' }, 'methods.0.name'],
    ['a reference that is no row', { reference: 'ibc' }, "There is no row 'ibc'"],
    ['text that is no YAML', { methods: '[imc' }, 'YAML'],
  ])('refuses %s', (_, changes, message) => {
    expect(() => parseSuite(yaml(changes), 'suite.yaml')).toThrow(message);
    expect(() => parseSuite(yaml(changes), 'suite.yaml')).toThrow('suite.yaml');
  });

  it('refuses a file without tasks, naming the key', () => {
    expect(() => parseSuite('methods: [imc]\nseeds: [0]\n', 'suite.yaml')).toThrow("'tasks'");
    expect(() => parseSuite('just words', 'suite.yaml')).toThrow('does not describe a benchmark');
  });
});

describe('planBenchmark', () => {
  it('orders cells by task, row and seed, with every setting resolved', async () => {
    const { cells, reference } = await plan(
      yaml({
        tasks: '[Reach-v0, Avoiding-v0]',
        methods: '[bc, { method: imc, name: small, set: { components: 3, expert.hidden: [8] } }]',
      }),
    );
    expect(cells.map(({ name, seed, task }) => `${task} ${name} ${seed}`)).toEqual([
      'Reach-v0 bc 0',
      'Reach-v0 bc 1',
      'Reach-v0 small 0',
      'Reach-v0 small 1',
      'Avoiding-v0 bc 0',
      'Avoiding-v0 bc 1',
      'Avoiding-v0 small 0',
      'Avoiding-v0 small 1',
    ]);
    expect(cells[2]?.config).toMatchObject({ components: 3, expert: { hidden: [8] } });
    expect(reference).toBe('small');
  });

  it('gives a row the seeds of its own', async () => {
    const { cells, seeds } = await plan(yaml({ methods: '[bc, { method: imc, seeds: [4] }]' }));
    expect(cells.map(({ name, seed }) => `${name} ${seed}`)).toEqual(['bc 0', 'bc 1', 'imc 4']);
    expect(seeds).toEqual([0, 1, 4]);
  });

  it("follows the task's protocol where the suite says nothing", async () => {
    const { cells, tasks } = await plan('tasks: [Pushing-v0]\nmethods: [bc]\nseeds: [0]\n');
    expect(tasks[0]).toMatchObject({ contexts: 30, rollouts: 480 });
    expect(cells[0]?.demonstrations).toEqual({ perMode: 500, seed: 0, trunk: 1 });
  });

  it('lets an entry of a task decide over the suite, setting by setting', async () => {
    const { cells } = await plan(
      yaml({
        tasks: '[{ env: Reach-v0, rollouts: 5, demonstrations: { seed: 9 } }]',
        demonstrations: '{ perMode: 3, seed: 1, trunk: 0 }',
        methods: '[{ method: bc, set: { hidden: [4] }, tasks: { Reach-v0: { hidden: [6] } } }]',
      }),
    );
    expect(cells[0]).toMatchObject({ rollouts: 5, demonstrations: { perMode: 3, seed: 9, trunk: 0 } });
    expect(cells[0]?.config).toMatchObject({ hidden: [6] });
  });

  it.each([
    ['an unknown method', { methods: '[imk]' }, "did you mean 'imc'?"],
    ['an unknown task', { tasks: '[Avoidng-v0]' }, 'Avoiding-v0'],
    [
      'a setting that the method does not have',
      { methods: '[{ method: imc, set: { componets: 3 } }]' },
      "'components'",
    ],
    [
      'settings for a task that is not run',
      { methods: '[{ method: bc, tasks: { Reach-v0: {} } }]' },
      'Reach-v0',
    ],
  ])('refuses %s', async (_, changes, message) => {
    await expect(plan(yaml(changes))).rejects.toThrow(message);
  });

  it('gives EM in textbook form the same settings in all suites on Pushing', () => {
    const folder = join(import.meta.dirname, '../../../benchmarks');
    for (const file of ['pushing.yaml', 'tuning/pushing.yaml']) {
      const { methods } = parseSuite(readFileSync(join(folder, file), 'utf8'), file);
      expect(methods.find((row) => nameOf(row) === TEXTBOOK_EM)?.set).toEqual(TEXTBOOK);
    }
  });

  it('accepts every suite of the project', async () => {
    const folder = join(import.meta.dirname, '../../../benchmarks');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.yaml'))) {
      const { cells } = await plan(readFileSync(join(folder, file), 'utf8'));
      expect(cells.length).toBeGreaterThan(0);
    }
  });
});
