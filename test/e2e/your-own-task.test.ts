import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, startModewise } from './modewise.ts';

const page = readFileSync(new URL('../../docs/your-own-task.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-own-task-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: readonly string[]): Promise<Ended> {
  return startModewise(args, { cwd: folder }).ended;
}

describe('docs/your-own-task.md', () => {
  it('walks from an empty folder to a policy that solves the new task in both ways', async () => {
    expect(commands).toHaveLength(6);
    for (const command of commands) {
      const [program, ...args] = command.split(' ');
      expect(program).toBe('modewise');
      if (args[0] === 'watch') continue;
      const { code, stderr, stdout } = await run(...args, '--json');
      expect(code, `${command}\n${stderr}`).toBe(0);
      const result = JSON.parse(stdout);
      if (args[0] === 'collect') expect(result).toMatchObject({ perMode: [60, 60], discarded: 0 });
      if (args[0] !== 'eval') continue;
      expect(result).toMatchObject({ env: 'MyTask-v0', modes: { covered: 2, total: 2 } });
      expect(result.success.rate).toBeGreaterThan(0.3);
    }
    const watching = startModewise([...(commands.at(-1) ?? '').split(' ').slice(1), '--port', '0'], {
      cwd: folder,
    });
    await watching.until(() => watching.stdout().includes('http://'));
    const served = await fetch(watching.stdout().trim());
    expect(served.status).toBe(200);
    watching.process.kill('SIGINT');
    await watching.ended;
  });

  it('begins with a file of under 120 lines', () => {
    expect(readFileSync(join(folder, 'my-task.ts'), 'utf8').split('\n').length).toBeLessThan(120);
  });

  it('gives the same score on workers, which load the file too', async () => {
    const score = async (workers: string) => {
      const args = [
        'eval',
        'run',
        '--env',
        './my-task.ts',
        '--rollouts',
        '10',
        '--workers',
        workers,
        '--json',
      ];
      const { success, entropy, modes } = JSON.parse((await run(...args)).stdout);
      return { success, entropy, modes };
    };
    expect(await score('2')).toEqual(await score('1'));
  });
});

describe('verbs that need the task again', () => {
  it('replay its episodes when they are told where it is, and say so when they are not', async () => {
    const own = ['--env', './my-task.ts', '--json'];
    const validated = await run('data', 'validate', 'data', '--replay', '3', ...own);
    expect(JSON.parse(validated.stdout)).toMatchObject({ valid: true, replayed: 3 });
    const unaided = await run('data', 'validate', 'data', '--json');
    expect(JSON.parse(unaided.stdout)).toMatchObject({ valid: true, replayed: 0 });
    expect(unaided.stderr).toMatch(/nothing was replayed: 'MyTask-v0'.*--env/);
    const inspected = await run('data', 'inspect', 'data', ...own);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ env: 'MyTask-v0' });
    for (const verb of ['eval', 'watch']) {
      const { code, stderr } = await run(verb, 'run');
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/'MyTask-v0' is not known here[\s\S]*--env \.\/MyTask\.ts#MyTask-v0/);
    }
  });

  it('go from nothing to a score by quickstart', async () => {
    const args = [
      'quickstart',
      '--env',
      './my-task.ts',
      '--out',
      'quick',
      '--per-mode',
      '4',
      '--rollouts',
      '4',
    ];
    const small = [
      '--set',
      'components=2',
      '--set',
      'expert.stepsPerIteration=50',
      '--set',
      'expert.refineSteps=50',
      '--no-watch',
      '--json',
    ];
    const { code, stderr, stdout } = await run(...args, ...small);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ env: 'MyTask-v0', rollouts: 4 });
  });
});

describe('a task by path', () => {
  it.each([
    ['./nothing.ts#MyTask-v0', /There is no such file/],
    ['./my-task.ts#Other-v0', /one of: \.\/my-task\.ts#MyTask-v0/],
    ['./broken.ts', /broken\.ts[\s\S]*a fault of the file/],
    ['./empty.ts', /a call of defineTask/],
  ])('%s is refused, and says why', async (reference, message) => {
    writeFileSync(join(folder, 'broken.ts'), "throw new Error('a fault of the file');\n");
    writeFileSync(join(folder, 'empty.ts'), 'export {};\n');
    const { code, stderr } = await run('collect', '--env', reference, '--out', 'refused');
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('is refused for a dataset of another task', async () => {
    await run('env', 'new', 'Second');
    const args = ['train', 'imc', '--env', './second.ts', '--data', 'data', '--out', 'refused'];
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Second-v0[\s\S]*MyTask-v0/);
  });

  it('is not written over a file that exists', async () => {
    const { code, stderr } = await run('env', 'new', 'MyTask');
    expect(code).toBe(2);
    expect(stderr).toContain('my-task.ts');
  });
});
