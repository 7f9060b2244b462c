import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTask } from '../../envs/task.ts';
import '../../envs/index.ts';
import { writeStaticPage } from '../../src/cli/static-page.ts';
import { OutputExistsError, UsageError } from '../../src/errors.ts';
import { runEpisode } from '../../src/eval/rollout.ts';
import type { HandMessage } from '../../src/live/page-messages.ts';
import { loadPolicy, savePolicy } from '../../src/policies/run-directory.ts';
import { Rng } from '../../src/random.ts';
import { decodeFrame, type Frame } from '../../src/stream/frame.ts';
import type { EpisodeMessage } from '../../src/stream/wire.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { artifacts, newPage, takePicture } from './page-under-test.ts';
import type { Picture } from './picture.ts';

const root = join(import.meta.dirname, '../..');
const SEED = 3;
/** Middle of the picture between the panels: x, y, width, height. */
const TABLE = [320, 90, 620, 580] as const;
/** Where the two experts of a leading policy lead the rod. */
const GOALS = [
  [0.3, -0.3],
  [0.7, -0.3],
] as const;

/** Keeps what goes to and comes from the page's worker, for the test to look at. */
const LISTEN = `
  window.seen = { frame: null, hands: [], episodes: [] };
  const Original = window.Worker;
  window.Worker = class extends Original {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (data.topic === '/frame') window.seen.frame = data.bytes;
      });
    }
    postMessage(order) {
      if (order.kind === 'hand') window.seen.hands.push(order.hand);
      super.postMessage(order);
    }
  };
  window.addEventListener('modewise:episode', ({ detail }) => window.seen.episodes.push(detail));
`;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** Serves the files of a folder, and nothing else. */
function serve(folder: string): Promise<Server> {
  const names = new Set(readdirSync(folder));
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1) || 'index.html';
    if (!names.has(name)) response.writeHead(404).end();
    else {
      response
        .writeHead(200, { 'content-type': types[extname(name)] ?? '' })
        .end(readFileSync(join(folder, name)));
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Writes a run folder with a mixture of two experts over one hidden layer, drawn from a seed. */
async function drawnRun(directory: string, envId: string): Promise<void> {
  const { env, task } = await makeTask(envId);
  const [inputSize, outputSize, width] = [task.observationNames.length, task.actionNames.length, 16];
  const rng = Rng.fromSeed(7);
  const draw = (shape: number[], scale: number) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => scale * rng.normal()),
  });
  save(
    directory,
    envId,
    { inputSize, outputSize, hidden: [width] },
    {
      'experts/layers.0.weights': draw([2, inputSize, width], 1),
      'experts/layers.0.bias': draw([2, 1, width], 1),
      'experts/layers.1.weights': draw([2, width, outputSize], 0.003),
      'experts/layers.1.bias': draw([2, 1, outputSize], 0.003),
      'gate/layers.0.weights': draw([1, inputSize, 2], 0.1),
      'gate/layers.0.bias': draw([1, 1, 2], 0.1),
    },
  );
  env.close();
}

/** Writes a run folder of Pushing with two experts that lead the rod to {@link GOALS}, wherever it is. */
async function leadingRun(directory: string): Promise<void> {
  const { env, task } = await makeTask('Pushing-v0');
  const inputSize = task.observationNames.length;
  const gain = 0.1;
  const weights = new Float32Array(2 * inputSize * 2);
  const bias = new Float32Array(2 * 2);
  GOALS.forEach((goal, expert) => {
    for (const axis of [0, 1] as const) {
      const commanded = task.observationNames.indexOf(['commanded_x', 'commanded_y'][axis] as string);
      weights[(expert * inputSize + commanded) * 2 + axis] = -gain;
      bias[expert * 2 + axis] = gain * goal[axis];
    }
  });
  save(
    directory,
    'Pushing-v0',
    { inputSize, outputSize: 2, hidden: [] },
    {
      'experts/layers.0.weights': { shape: [2, inputSize, 2], data: weights },
      'experts/layers.0.bias': { shape: [2, 1, 2], data: bias },
      'gate/layers.0.weights': { shape: [1, inputSize, 2], data: new Float32Array(2 * inputSize) },
      'gate/layers.0.bias': { shape: [1, 1, 2], data: new Float32Array(2) },
    },
  );
  env.close();
}

function save(
  directory: string,
  envId: string,
  shape: { readonly inputSize: number; readonly outputSize: number; readonly hidden: readonly number[] },
  arrays: Parameters<typeof savePolicy>[1]['arrays'],
): void {
  const { hidden, inputSize, outputSize } = shape;
  const same = (width: number, value: number) => new Array<number>(width).fill(value);
  const layer = { inputSize, activation: 'silu' };
  savePolicy(directory, {
    method: 'imc',
    envId,
    observationSize: inputSize,
    actionSize: outputSize,
    config: {},
    model: {
      observationNormalizer: { version: 1, mean: same(inputSize, 0), std: same(inputSize, 1) },
      actionNormalizer: { version: 1, mean: same(outputSize, 0), std: same(outputSize, 1) },
      actionLow: same(outputSize, -0.0125),
      actionHigh: same(outputSize, 0.0125),
      expertShape: { ...layer, networks: 2, hidden, outputSize },
      gateShape: { ...layer, networks: 1, hidden: [], outputSize: 2 },
    },
    arrays,
  });
}

describe('a page that runs environment and policy itself', () => {
  const missing = browserMissing();
  let browser: Browser;
  let reader: Page;
  let folder: string;
  let page: Page;
  let problems: readonly string[];
  let requests: readonly string[];
  let server: Server | null = null;

  beforeAll(async () => {
    if (missing !== null) return;
    const vite = join(root, 'node_modules/.bin/vite');
    execFileSync(vite, ['build', '--config', 'vite.static.config.ts', '--logLevel', 'error'], { cwd: root });
    mkdirSync(artifacts, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'modewise-static-'));
    browser = await launchChromium();
    reader = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  beforeEach((ctx) => {
    if (missing !== null) ctx.skip(missing);
  });
  afterEach(async () => {
    await page?.close();
    server?.close();
    server = null;
  });

  const write = (directory: string, out: string, rollouts: number, force = false) =>
    writeStaticPage({ directory, out, force, overrides: {}, rollouts, maxRollouts: 480, seed: SEED });
  async function open(url: string): Promise<void> {
    ({ page, problems, requests } = await newPage(browser));
    await page.addInitScript(LISTEN);
    await page.goto(url);
    await page.waitForSelector('body[data-frame]');
  }
  const episodes = () => page.evaluate<EpisodeMessage[]>('window.seen.episodes');
  const frame = async (): Promise<Frame> =>
    decodeFrame(Uint8Array.from(await page.evaluate<number[]>('[...window.seen.frame]')));
  const hands = () => page.evaluate<HandMessage[]>('window.seen.hands');
  const picture = (name: string): Promise<Picture> => takePicture(page, reader, `static-${name}`);

  it.each(['Avoiding-v0', 'Pushing-v0'])(
    'ends the episodes of %s in the states that an evaluation ends them in, and asks for nothing outside its folder',
    async (envId) => {
      const run = join(folder, `run-${envId}`);
      const out = join(folder, `page-${envId}`);
      const rollouts = 6;
      await drawnRun(run, envId);
      await write(run, out, rollouts);
      server = await serve(out);
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await open(`${address}#color=expert`);
      await page.selectOption('#speed', '8');
      const first = async () => (await episodes()).filter(({ episode }) => episode < rollouts);
      await expect.poll(async () => (await first()).length, { timeout: 120_000 }).toBe(rollouts);
      await picture(envId);
      const ended = await first();
      const made = await makeTask(envId);
      const policy = await loadPolicy(run);
      const { contexts } = made.task;
      for (const { episode, seed, stateHash, steps } of ended) {
        const id = { context: episode % contexts.length, rollout: Math.floor(episode / contexts.length) };
        const row = runEpisode(made, policy, id, SEED);
        expect({ seed, stateHash, steps }).toEqual({
          seed: row.seed,
          stateHash: row.stateHash,
          steps: row.steps,
        });
      }
      expect(new Set(ended.map(({ stateHash }) => stateHash)).size).toBeGreaterThan(1);
      made.env.close();
      for (const url of requests) {
        expect(url.startsWith(address) || url.startsWith(`blob:${address}`), url).toBe(true);
      }
      expect(problems).toEqual([]);
    },
  );

  it('runs opened as a file: rod and block are dragged, and the policy carries on', async () => {
    const run = join(folder, 'run-leading');
    const out = join(folder, 'page-leading');
    await leadingRun(run);
    await write(run, out, 1);
    await open(`${pathToFileURL(join(out, 'index.html')).href}#camera=top&trails=off&color=expert`);
    const pose = async (part: number) => {
      const { poses } = await frame();
      return [poses[3 * part] as number, poses[3 * part + 1] as number] as const;
    };
    const led = async () => GOALS[(await frame()).component[0] as 0 | 1];
    // close to where the policy leads it
    const distance = async (to: readonly [number, number]) => {
      const [x, y] = await pose(0);
      return Math.hypot(x - to[0], y - to[1]);
    };
    await expect
      .poll(async () => (await frame()).component[0], { timeout: 20_000 })
      .toBeGreaterThanOrEqual(0);
    const goal = await led();
    await expect.poll(() => distance(goal), { timeout: 60_000 }).toBeLessThan(0.03);
    // what is coloured by the expert, and not by the mode as long as there is none, is the rod
    const coloured = async (by: string) => {
      await page.evaluate(`location.hash = '#camera=top&trails=off&color=${by}'`);
      return await picture(`by-${by}`);
    };
    let rod = { x: Number.NaN, y: Number.NaN };
    // a picture may be taken before the page has drawn anew
    const findRod = async () => {
      rod = (await coloured('expert')).colourfulCenter(TABLE, await coloured('mode'));
      return Number.isFinite(rod.x);
    };
    await expect.poll(findRod, { timeout: 30_000 }).toBe(true);
    const [beforeX, beforeY] = await pose(0);
    await page.mouse.move(rod.x, rod.y);
    await page.mouse.down();
    const moved = { x: rod.x + (goal[0] < 0.5 ? 60 : -60), y: rod.y - 40 };
    await page.mouse.move(moved.x, moved.y, { steps: 4 });
    const hand = (await hands()).at(-1)?.hold;
    expect(hand?.part).toBe(0);
    const there = [hand?.x ?? 0, hand?.y ?? 0] as const;
    // a hand that trembles holds on through the beginning of another episode
    let trembles = 0;
    const tremble = (x: number, y: number) => page.mouse.move(x + (trembles++ % 2), y);
    const heldDistance = async () => {
      await tremble(moved.x, moved.y);
      return distance(there);
    };
    await expect.poll(heldDistance, { timeout: 20_000 }).toBeLessThan(0.02);
    expect(await distance(goal)).toBeGreaterThan(0.05);
    await picture('rod-dragged');
    await page.mouse.up();
    expect((await hands()).at(-1)?.hold).toBeNull();
    await expect.poll(async () => distance(await led()), { timeout: 60_000 }).toBeLessThan(0.03);

    // the drag has told how metres and pixels go together
    const metre = (moved.x - rod.x) / (there[0] - beforeX);
    const [blockX, blockY] = await pose(1);
    const block = { x: rod.x + metre * (blockX - beforeX), y: rod.y - metre * (blockY - beforeY) };
    await page.mouse.move(block.x, block.y);
    await page.mouse.down();
    await page.mouse.move(block.x + 50, block.y - 50, { steps: 4 });
    const at = (await hands()).at(-1)?.hold;
    expect([1, 2]).toContain(at?.part);
    await expect
      .poll(
        async () => {
          await tremble(block.x + 50, block.y - 50);
          const [x, y] = await pose(at?.part ?? 1);
          return Math.hypot(x - (at?.x ?? 0), y - (at?.y ?? 0));
        },
        { timeout: 20_000 },
      )
      .toBeLessThan(0.02);
    await page.mouse.up();
    await picture('block-dragged');
    await expect.poll(async () => distance(await led()), { timeout: 60_000 }).toBeLessThan(0.03);
    // a hand had part in it: nothing is claimed of the policy
    expect((await episodes()).filter(({ episode }) => episode === 0)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('leaves an existing folder alone without force, and any that is no such page with it', async () => {
    const run = join(folder, 'run-again');
    const out = join(folder, 'page-again');
    await drawnRun(run, 'Reach-v0');
    await write(run, out, 1);
    await expect(write(run, out, 1)).rejects.toThrow(OutputExistsError);
    expect((await write(run, out, 2, true)).folder).toBe(out);
    await expect(write(run, run, 1, true)).rejects.toThrow(OutputExistsError);
  });

  it('says that a task from outside the project cannot be in a page', async () => {
    const run = join(folder, 'run-foreign');
    save(run, 'Mine-v0', { inputSize: 1, outputSize: 1, hidden: [] }, {});
    await expect(write(run, join(folder, 'page-foreign'), 1)).rejects.toThrow(UsageError);
  });
});
