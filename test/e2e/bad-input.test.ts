import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modewise, modewiseJson, TINY_TRAINING } from './modewise.ts';

let folder: string;
let data: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-bad-'));
  data = join(folder, 'data');
  await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--out', data);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files below a folder, relative to it. */
const files = (path: string) => readdirSync(path, { recursive: true }).map(String).sort();

describe('help', () => {
  it('greets whoever types nothing with an overview', async () => {
    const { code, stdout } = await modewise();
    expect(code).toBe(0);
    for (const verb of ['quickstart', 'collect', 'train', 'eval', 'watch', 'data', 'env', 'doctor']) {
      expect(stdout).toContain(verb);
    }
  });

  it.each([
    'quickstart',
    'collect',
    'record',
    'train',
    'eval',
    'watch',
    'doctor',
    'env list',
    'env check',
    'data inspect',
    'data validate',
    'data repair',
  ])('of %s shows the common flags and examples', async (verb) => {
    const { code, stderr, stdout } = await modewise(...verb.split(' '), '--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const part of ['--json', '--seed', '--quiet', 'Examples:', `$ modewise ${verb}`]) {
      expect(stdout).toContain(part);
    }
  });
});

describe('wrong usage', () => {
  it.each([
    ['colect Avoiding-v0 --out x', /Did you mean collect/],
    ['eval x --rolouts 3', /Did you mean --rollouts/],
    ['data inspct x', /Did you mean inspect/],
    ['eval', /missing required argument 'run'/],
    ['collect Avoiding-v0', /required option '--out <dir>'/],
    ['collect Avoidin-v0 --out NEW', /did you mean 'Avoiding-v0'/],
    ['collect Avoiding-v7 --out NEW', /Avoiding-v0/],
    ['collect Avoiding-v0 --out NEW --per-mode 0', /whole number from 1/],
    ['collect Avoiding-v0 --out NEW --trunk 2', /from 0 to 1/],
    ['collect Avoiding-v0 --out NEW --seed -1', /whole number from 0/],
    ['record Pushin-v0 --out NEW', /did you mean 'Pushing-v0'/],
    ['record Pushing-v0 --out NEW --resume', /no dataset to resume/],
    ['env check Avoidng-v0', /did you mean 'Avoiding-v0'/],
    ['train icm --data DATA --out NEW', /did you mean 'imc'/],
    ['train imc --data DATA --out NEW --set comonents=3', /did you mean 'components'/],
    ['train imc --data DATA --out NEW --set expert.hiden=[3]', /did you mean 'expert.hidden'/],
    ['train imc --data DATA --out NEW --set components=many', /components/],
    ['train imc --data DATA --out NEW --set components', /key=value/],
    ['train imc --data DATA --out NEW --config NOFILE', /no such configuration file/],
    ['train imc --data DATA --out NEW --backend cudda', /did you mean 'cuda'/],
    ['train imc --data DATA --out NEW --resume', /no run to resume/],
    ['eval x --commit sometimes', /step, episode, or a number/],
    ['watch x --port 99999', /from 0 to 65535/],
    ['quickstart avoidng', /did you mean 'avoiding'/],
  ])('%s is refused with exit code 2', async (line, message) => {
    const out = join(folder, 'new');
    const args = line
      .split(' ')
      .map((word) => ({ DATA: data, NEW: out, NOFILE: join(folder, 'none.yaml') })[word] ?? word);
    const { code, stderr, stdout } = await modewise(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });

  it('is told to scripts as one JSON object', async () => {
    const { code, stdout } = await modewise(
      'train',
      'icm',
      '--data',
      data,
      '--out',
      join(folder, 'new'),
      '--json',
    );
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { name: 'UsageError', remedy: "did you mean 'imc'?" },
    });
  });
});

describe('an output that exists', () => {
  it('is refused without --force or --resume, and left as it was', async () => {
    const before = files(data);
    const { code, stderr } = await modewise('collect', 'Avoiding-v0', '--out', data);
    expect(code).toBe(2);
    expect(stderr).toContain('--resume');
    expect(stderr).toContain('--force');
    expect(files(data)).toEqual(before);
  });

  it.each(['--force', '--resume'])('is never touched when it is not ours, whatever %s says', async (flag) => {
    const thesis = join(folder, `thesis${flag}`);
    mkdirSync(thesis);
    writeFileSync(join(thesis, 'thesis.tex'), 'ten years of work');
    const collect = await modewise('collect', 'Avoiding-v0', '--out', thesis, flag);
    const train = await modewise('train', 'imc', '--data', data, '--out', thesis, flag);
    expect([collect.code, train.code]).toEqual([2, 2]);
    expect(readFileSync(join(thesis, 'thesis.tex'), 'utf8')).toBe('ten years of work');
    expect(files(thesis)).toEqual(['thesis.tex']);
  });

  it('is replaced by --force', async () => {
    const out = join(folder, 'replaced');
    await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--seed', '1', '--out', out);
    await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--seed', '2', '--out', out, '--force');
    const { episode } = await modewiseJson<{ episode: { provenance: { settings: { seed: number } } } }>(
      'data',
      'inspect',
      out,
    );
    expect(episode.provenance.settings.seed).toBe(2);
    expect(readdirSync(folder).filter((name) => name.includes('.replaced'))).toEqual([]);
  });
});

describe('a damaged or foreign folder', () => {
  it('names the damaged file, ends with 1 and writes nothing', async () => {
    const damaged = join(folder, 'damaged');
    await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--out', damaged);
    const file = join(damaged, 'data', 'chunk-000', 'file-000.parquet');
    truncateSync(file, 1000);
    const before = files(damaged);
    const out = join(folder, 'run-of-damaged');
    for (const args of [
      ['data', 'inspect', damaged],
      ['train', 'imc', '--data', damaged, '--out', out, ...TINY_TRAINING],
    ]) {
      const { code, stderr } = await modewise(...args);
      expect(stderr).toContain('file-000.parquet');
      expect(stderr).not.toContain('    at ');
      expect(code).toBe(1);
    }
    expect(existsSync(out)).toBe(false);
    expect(files(damaged)).toEqual(before);
    const validated = await modewise('data', 'validate', damaged);
    expect(validated.code).toBe(1);
    expect(validated.stdout).toContain('not valid');
  });

  it('is named and left alone', async () => {
    const foreign = join(folder, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'notes.txt'), 'not a dataset');
    for (const args of [
      ['data', 'inspect', foreign],
      ['data', 'validate', foreign],
      ['data', 'repair', foreign],
      ['train', 'imc', '--data', foreign, '--out', join(folder, 'new')],
      ['eval', foreign],
      ['watch', foreign, '--port', '0'],
    ]) {
      const { code, stderr } = await modewise(...args);
      expect(stderr).toContain(foreign);
      expect(stderr).not.toContain('    at ');
      expect(code).toBe(1);
    }
    expect(files(foreign)).toEqual(['notes.txt']);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });
});

describe('a training that diverges', () => {
  it('ends with 1, names step and batch, and leaves a policy that can be scored, with a warning', async () => {
    const out = join(folder, 'diverged');
    // steps that grow until the loss overflows, some steps after the first checkpoint
    const sets = ['learningRate=1e6', 'warmup=1', 'steps=200', 'checkpointEvery=5', 'batchSize=32'];
    const settings = [...sets, 'hidden=[8,8,8]'].flatMap((setting) => ['--set', setting]);
    const trained = await modewise(
      ...['train', 'bc', '--data', data, '--out', out],
      ...['--backend', 'js', ...settings],
    );
    expect(trained.code).toBe(1);
    expect(trained.stderr).toMatch(
      /The training loss is not finite\n.*step \d+, batch: episode \d+ step \d+/,
    );
    expect(trained.stderr).toContain('the last good checkpoint');
    expect(trained.stderr).not.toContain('    at ');
    const { code, stderr, stdout } = await modewise(
      ...['eval', out, '--rollouts', '2', '--workers', '1', '--json'],
    );
    expect(stderr).toContain(`the training of ${out} diverged`);
    expect(JSON.parse(stdout)).toMatchObject({ policy: 'bc', rollouts: 2 });
    expect(code).toBe(0);
  });
});

describe('doctor', () => {
  it('tells every backend, what is missing, and proves the one that would run', async () => {
    const report = await modewiseJson<{
      backends: { name: string; available: boolean; missing?: string; remedy?: string }[];
      selected: { name: string };
      matmul: { milliseconds: number };
      versions: Record<string, string>;
    }>('doctor');
    expect(report.backends.map(({ name }) => name)).toEqual(['cuda', 'native', 'webgpu', 'simd', 'js']);
    for (const backend of report.backends.filter(({ available }) => !available)) {
      expect(backend.missing).toBeTruthy();
      expect(backend.remedy).toBeTruthy();
    }
    expect(report.backends.find(({ name }) => name === report.selected.name)?.available).toBe(true);
    expect(report.matmul.milliseconds).toBeGreaterThan(0);
    expect(report.versions).toHaveProperty('node');
  });

  it('fails for a named backend that cannot run, instead of taking another', async (ctx) => {
    const { backends } = await modewiseJson<{ backends: { name: string; available: boolean }[] }>('doctor');
    if (backends.find(({ name }) => name === 'cuda')?.available) ctx.skip('CUDA runs on this machine');
    const { code, stderr, stdout } = await modewise('doctor', '--backend', 'cuda', '--json');
    expect(code).toBe(1);
    expect(stderr).toContain("Backend 'cuda' cannot run here");
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, selected: null });
    const out = join(folder, 'new');
    const train = await modewise('train', 'imc', '--data', data, '--out', out, '--backend', 'cuda');
    expect(train.code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });
});
