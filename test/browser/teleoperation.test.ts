import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  type MockInstance,
  vi,
} from 'vitest';
import '../../envs/index.ts';
import { recordingInfo } from '../../demos/episode-recorder.ts';
import { replayEpisode } from '../../demos/replay.ts';
import { makeTask } from '../../envs/task.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { createDataset, openDataset } from '../../src/data/store.ts';
import { serveTeleoperation } from '../../src/teleoperation/serve.ts';
import { TeleoperationSession } from '../../src/teleoperation/session.ts';
import { reachPoint } from '../unit/teleoperation/drive.ts';
import { browserMissing, launchChromium } from './chromium.ts';

const root = join(import.meta.dirname, '../..');
const artifacts = join(root, 'test/artifacts');

/** Turns places on the table into places on the screen, once it has been seen where two of these lie. */
interface Screen {
  at(place: readonly [number, number]): { readonly x: number; readonly y: number };
}

describe('the page for driving by hand', () => {
  const missing = browserMissing();
  let browser: Browser;
  let folder: string;
  let dataset: Dataset;
  let session: TeleoperationSession;
  let steered: MockInstance<TeleoperationSession['steer']>;
  let ending: AbortController;
  let served: Promise<void>;
  let url: string;
  let problems: string[];
  /** What the loop takes for the time: a page that draws slowly is not to lose the episode by it. */
  let nowMs = 0;

  beforeAll(async () => {
    if (missing !== null) return;
    // from the sources as they are, not from an earlier build
    execFileSync(join(root, 'node_modules/.bin/vite'), ['build', '--logLevel', 'warn'], { cwd: root });
    mkdirSync(artifacts, { recursive: true });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
  });

  beforeEach(async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    await serve('Reach-v0');
  });
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    await stop();
    expect(problems).toEqual([]);
  });

  async function serve(envId: string): Promise<void> {
    problems = [];
    folder = mkdtempSync(join(tmpdir(), 'modewise-by-hand-'));
    const { env, task } = await makeTask(envId);
    env.close();
    dataset = await createDataset(join(folder, 'data'), recordingInfo(envId, task));
    const operatorName = 'anna';
    session = await TeleoperationSession.create({
      envId,
      dataset,
      operatorName,
      seed: 0,
      keepsFailures: false,
    });
    steered = vi.spyOn(session, 'steer');
    ending = new AbortController();
    url = await new Promise((resolve, reject) => {
      served = serveTeleoperation({
        session,
        port: 0,
        host: '127.0.0.1',
        page: join(root, 'dist/viewer'),
        episodes: Number.POSITIVE_INFINITY,
        signal: ending.signal,
        clock: () => nowMs,
        wallClock: Date.now,
        onServing: (facts) => resolve(facts.url),
        onSaved: () => undefined,
      });
      served.catch(reject);
    });
  }

  async function stop(): Promise<void> {
    ending?.abort();
    await served;
    session?.close();
    await dataset?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  /** Opens the page in a browser profile of its own. */
  async function open(options: BrowserContextOptions = {}, pad = false): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1100, height: 700 },
      reducedMotion: 'reduce',
      ...options,
    });
    if (pad) await context.addInitScript({ content: MOCK_GAMEPAD });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (new URL(request.url()).host !== new URL(url).host) problems.push(request.url());
    });
    await page.goto(url);
    await page.waitForSelector('body[data-teleoperation="ready"]');
    return page;
  }

  /** Lets so many control steps pass, or fewer if the episode ends. */
  async function pass(steps: number): Promise<void> {
    for (let i = 0; i < steps && session.phase === 'recording'; i++) {
      const { step } = session.state;
      nowMs += 1000 * session.task.dtSeconds;
      await vi.waitFor(() => expect(session.phase !== 'recording' || session.state.step > step).toBe(true), {
        interval: 2,
      });
    }
  }

  async function picture(page: Page, name: string): Promise<void> {
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    writeFileSync(join(artifacts, `teleoperation-${name}.png`), await page.screenshot());
  }

  /** The place that the page last sent. */
  function lastPoint(): readonly [number, number] | null {
    const wish = steered.mock.lastCall?.[0];
    return wish?.kind === 'point' ? wish.point : null;
  }

  /** Presses at two places before the start, which moves nothing, to see which places on the table they are. */
  async function look(press: (x: number, y: number) => Promise<void>): Promise<Screen> {
    const place = async (x: number, y: number) => {
      const calls = steered.mock.calls.length;
      await press(x, y);
      await vi.waitFor(() => expect(steered.mock.calls.length).toBeGreaterThan(calls));
      return lastPoint() as readonly [number, number];
    };
    const [ax, ay] = [180, 300];
    const [bx, by] = [330, 480];
    const a = await place(ax, ay);
    const b = await place(bx, by);
    const perX = (bx - ax) / (b[0] - a[0]);
    const perY = (by - ay) / (b[1] - a[1]);
    return { at: ([x, y]) => ({ x: ax + (x - a[0]) * perX, y: ay + (y - a[1]) * perY }) };
  }

  const demonstrations = (page: Page, mode: string) =>
    page.getAttribute(`.demonstrated [data-mode="${mode}"]`, 'data-count');

  /** Waits for the bar of a mode to rise, and checks what was saved. */
  async function expectSaved(page: Page, mode: 'left' | 'right', device: string): Promise<void> {
    await vi.waitFor(async () => expect(await demonstrations(page, mode)).toBe('1'), { timeout: 10_000 });
    expect(await page.textContent('#teleoperation-note')).toMatch(new RegExp(`saved: ${mode}, \\d+ steps`));
    const read = await openDataset(dataset.path, { access: 'read' });
    expect(read.length).toBe(1);
    const episode = await read.episode(0);
    expect(episode).toMatchObject({ success: true, mode: mode === 'left' ? 0 : 1 });
    expect(episode.provenance).toMatchObject({
      source: 'teleoperated',
      author: 'anna',
      settings: { device },
    });
    const fresh = await makeTask('Reach-v0');
    expect(replayEpisode(fresh, episode).same).toBe(true);
    fresh.env.close();
  }

  /** Which way the command must go next, one axis after the other, and for how many steps. */
  function wayOn(side: 'left' | 'right'): {
    readonly way: readonly [number, number];
    readonly steps: number;
  } {
    const [x = 0, y = 0] = session.state.commanded;
    const [wantedX, wantedY] = reachPoint(y, side);
    const distances = [wantedX - x, wantedY - y].map((distance) =>
      Math.abs(distance) < 0.008 ? 0 : distance,
    );
    const [dx = 0, dy = 0] = distances;
    const largest = 0.0125;
    if (dx !== 0) return { way: [Math.sign(dx), 0], steps: Math.min(8, Math.round(Math.abs(dx) / largest)) };
    return { way: [0, Math.sign(dy)], steps: Math.min(8, Math.max(1, Math.round(Math.abs(dy) / largest))) };
  }

  /** Drives by velocities to the end of the episode; `ask` presses keys or moves a stick. */
  async function driveBy(side: 'left' | 'right', ask: (way: readonly [number, number]) => Promise<void>) {
    while (session.phase === 'recording') {
      const { steps, way } = wayOn(side);
      await ask(way);
      const calls = steered.mock.calls.length;
      // what rests is not sent again and again
      if (way.some((share) => share !== 0)) {
        await vi.waitFor(() => expect(steered.mock.calls.length).toBeGreaterThan(calls), { timeout: 10_000 });
        await vi.waitFor(() => {
          const wish = steered.mock.lastCall?.[0];
          expect(wish?.kind === 'velocity' && wish.velocity.map(Math.sign)).toEqual(way.map(Math.sign));
        });
      }
      await pass(steps);
    }
    await ask([0, 0]);
    expect(session.state).toMatchObject({ phase: 'ended', success: true });
  }

  /** Waits until the page has sent a place. */
  async function sent(place: readonly [number, number]): Promise<void> {
    await vi.waitFor(
      () => {
        const [x = 0, y = 0] = lastPoint() ?? [];
        expect(Math.hypot(x - place[0], y - place[1])).toBeLessThan(0.006);
      },
      { timeout: 20_000 },
    );
  }

  it('is driven by the mouse: start, drag, save by buttons', async () => {
    const page = await open();
    await picture(page, 'ready');
    expect(page.url()).toContain('camera=top');
    const screen = await look(async (x, y) => {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.up();
    });
    expect(session.phase).toBe('ready');
    expect(await page.isDisabled('#teleoperation-save')).toBe(true);
    await page.click('#teleoperation-start');
    await page.waitForSelector('body[data-teleoperation="recording"]');
    const begin = screen.at([0.5, -0.2]);
    await page.mouse.move(begin.x, begin.y);
    await page.mouse.down();
    const drag = async (place: readonly [number, number]) => {
      const { x, y } = screen.at(place);
      await page.mouse.move(x, y, { steps: 3 });
      await sent(place);
    };
    await drag([0.42, 0.03]);
    await pass(22);
    await picture(page, 'recording');
    await expect.poll(() => page.textContent('#teleoperation-mode')).toBe('left');
    await drag([0.5, 0.2]);
    await pass(100);
    await page.waitForSelector('body[data-teleoperation="ended"]');
    await page.mouse.up();
    expect(await page.textContent('#teleoperation-phase')).toBe('Solved');
    expect(await page.textContent('#teleoperation-mode')).toBe('left');
    await picture(page, 'solved');
    expect(await demonstrations(page, 'left')).toBe('0');
    await page.click('#teleoperation-save');
    await expectSaved(page, 'left', 'mouse');
    await picture(page, 'saved');
    expect(await page.textContent('#teleoperation-phase')).toBe('Ready');
    // the camera has stayed where it was
    const calls = steered.mock.calls.length;
    await page.mouse.move(180, 300);
    await page.mouse.down();
    await page.mouse.up();
    await vi.waitFor(() => expect(steered.mock.calls.length).toBeGreaterThan(calls));
    const back = screen.at(lastPoint() ?? [0, 0]);
    expect(back.x).toBeCloseTo(180, 0);
    expect(back.y).toBeCloseTo(300, 0);
  });

  it('is driven by the keyboard: space, arrows, enter', async () => {
    const page = await open();
    await page.keyboard.press('Space');
    await page.waitForSelector('body[data-teleoperation="recording"]');
    const down = new Set<string>();
    const hold = async (wanted: readonly string[]) => {
      for (const key of [...down].filter((one) => !wanted.includes(one))) {
        await page.keyboard.up(key);
        down.delete(key);
      }
      for (const key of wanted.filter((one) => !down.has(one))) {
        await page.keyboard.down(key);
        down.add(key);
      }
    };
    await driveBy('right', async ([dx, dy]) => {
      const sideways = dx === 0 ? [] : [dx > 0 ? 'ArrowRight' : 'ArrowLeft'];
      const ahead = dy === 0 ? [] : [dy > 0 ? 'ArrowUp' : 'ArrowDown'];
      await hold([...sideways, ...ahead]);
    });
    await page.waitForSelector('body[data-teleoperation="ended"]');
    await page.keyboard.press('Enter');
    await expectSaved(page, 'right', 'keyboard');
    // discard and redo by key, and the sheet lists them
    await page.keyboard.press('Space');
    await page.waitForSelector('body[data-teleoperation="recording"]');
    await page.keyboard.press('r');
    await expect.poll(() => page.textContent('#teleoperation-note')).toMatch(/the same start again/);
    await page.keyboard.press('Backspace');
    await expect.poll(() => page.textContent('#teleoperation-note')).toMatch(/the next start/);
    await page.keyboard.press('?');
    await picture(page, 'help');
    expect(await page.textContent('dialog.help')).toContain('by hand: save (pad: A)');
  });

  it('is driven by touch, on a small screen', async () => {
    const page = await open({ hasTouch: true, isMobile: true, viewport: { width: 480, height: 900 } });
    await page.tap('#theme').catch(() => undefined);
    await picture(page, 'touch');
    const touch = await page.context().newCDPSession(page);
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: { x: number; y: number }) =>
      touch.send('Input.dispatchTouchEvent', { type, touchPoints: at === undefined ? [] : [at] });
    const screen = await look(async (x, y) => {
      await send('touchStart', { x, y: y + 100 });
      await send('touchEnd');
    });
    const at = (place: readonly [number, number]) => {
      const { x, y } = screen.at(place);
      return { x, y: y + 100 };
    };
    await page.tap('#teleoperation-start');
    await page.waitForSelector('body[data-teleoperation="recording"]');
    await send('touchStart', at([0.5, -0.2]));
    for (const place of [
      [0.58, 0.03],
      [0.5, 0.2],
    ] as const) {
      await send('touchMove', at(place));
      await sent(place);
      await pass(place[1] > 0.1 ? 100 : 22);
    }
    await page.waitForSelector('body[data-teleoperation="ended"]');
    await send('touchEnd');
    await picture(page, 'touch-solved');
    await page.tap('#teleoperation-save');
    await expectSaved(page, 'right', 'touch');
  });

  it('is driven by a gamepad, buttons too', async () => {
    const page = await open({}, true);
    const stick = (x: number, y: number) => page.evaluate(`pad.axes[2] = ${x}; pad.axes[3] = ${-y}`);
    const press = async (button: number) => {
      // down and up for longer than the page takes to look twice
      for (const pressed of [true, false]) {
        await page.evaluate(`pad.buttons[${button}].pressed = ${pressed}`);
        await page.waitForTimeout(200);
      }
    };
    await press(0);
    await page.waitForSelector('body[data-teleoperation="recording"]');
    await press(1);
    await page.waitForSelector('body[data-teleoperation="ready"]');
    await press(0);
    await page.waitForSelector('body[data-teleoperation="recording"]');
    await driveBy('left', async ([x, y]) => {
      await stick(x, y);
    });
    await page.waitForSelector('body[data-teleoperation="ended"]');
    await press(0);
    await expectSaved(page, 'left', 'gamepad');
    await press(3);
    await expect.poll(() => page.textContent('#teleoperation-note')).toMatch(/the next start/);
  });

  it('lets one page operate at a time, and another take over', async () => {
    const first = await open();
    const second = await open();
    await second.waitForSelector('body[data-operator="other"]');
    expect(await second.textContent('.teleoperation .who')).toBe('watching');
    expect(await second.isVisible('#teleoperation-start')).toBe(false);
    await picture(second, 'watching');
    await first.keyboard.press('Space');
    await second.waitForSelector('body[data-teleoperation="recording"]');
    await expect.poll(() => second.isDisabled('#teleoperation-take')).toBe(true);
    // a watcher's drag turns its camera and does not steer
    const calls = steered.mock.calls.length;
    await second.mouse.move(300, 400);
    await second.mouse.down();
    await second.mouse.move(340, 420, { steps: 3 });
    await second.mouse.up();
    await first.keyboard.press('Backspace');
    await second.waitForSelector('body[data-teleoperation="ready"]');
    expect(steered.mock.calls.length).toBe(calls);
    await second.click('#teleoperation-take');
    await first.waitForSelector('body[data-operator="other"]');
    await second.waitForSelector('body[data-operator="this"]');
    await second.keyboard.press('Space');
    await first.waitForSelector('body[data-teleoperation="recording"]');
    // closing the page costs the running episode; the other operates again
    await second.context().close();
    await first.waitForSelector('body[data-operator="this"]');
    await first.waitForSelector('body[data-teleoperation="ready"]');
    expect(await first.textContent('#teleoperation-note')).toMatch(/the operator has gone/);
  });

  it('shows blocks to push, and joints without points', async () => {
    await stop();
    await serve('Pushing-v0');
    const pushing = await open();
    expect(await pushing.locator('.demonstrated [data-mode]').count()).toBe(4);
    await picture(pushing, 'pushing');
    await pushing.context().close();
    await stop();
    await serve('TableTennis-v0');
    const tennis = await open();
    expect(await tennis.textContent('.teleoperation')).toContain('Turn shoulder, elbow, wrist');
    await tennis.keyboard.press('Space');
    await tennis.waitForSelector('body[data-teleoperation="recording"]');
    await tennis.keyboard.down('q');
    await vi.waitFor(() =>
      expect(steered.mock.lastCall?.[0]).toEqual({ kind: 'velocity', velocity: [0, 0, 1] }),
    );
    await pass(4);
    expect(session.state.commanded[2]).toBeGreaterThan(1.2);
    await tennis.keyboard.up('q');
    await picture(tennis, 'joints');
  });
});

/** A gamepad at rest, to be moved by the test. */
const MOCK_GAMEPAD = `
  globalThis.pad = {
    connected: true, index: 0, id: 'mock', mapping: 'standard', axes: [0, 0, 0, 0],
    buttons: Array.from({ length: 17 }, () => ({ pressed: false, touched: false, value: 0 })),
  };
  navigator.getGamepads = () => [globalThis.pad];
`;
