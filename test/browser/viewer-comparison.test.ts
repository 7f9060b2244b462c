import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { modewise, modewiseJson, type Running, startModewise, TINY_TRAINING } from '../e2e/modewise.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { buildPage, newPage, takePicture } from './page-under-test.ts';
import type { Picture } from './picture.ts';

/** The left and the right one of two tables: x, y, width, height. */
const LEFT = [60, 150, 420, 480] as const;
const RIGHT = [500, 150, 440, 480] as const;

/** Enough to act like a policy, after some seconds of training. */
const SMALL_BC = ['--set', 'steps=200', '--set', 'hidden=[16]'];

/** The numbers of a pair: only first, only second, both, neither. */
type PairNumbers = readonly [number, number, number, number];

describe('policies side by side', () => {
  const missing = browserMissing();
  let folder: string;
  let runs: readonly string[];
  let browser: Browser;
  let reader: Page;
  let page: Page;
  let problems: readonly string[];
  let requests: readonly string[];
  const running: Running[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-compare-'));
    const data = join(folder, 'data');
    await modewiseJson('collect', 'Reach-v0', '--per-mode', '4', '--out', data);
    runs = ['bc', 'imc'].map((name) => join(folder, name));
    const learning = ['train', '--data', data, '--backend', 'js'];
    const [bc = '', imc = ''] = runs;
    await modewiseJson(...learning.toSpliced(1, 0, 'bc'), '--out', bc, ...SMALL_BC);
    await modewiseJson(...learning.toSpliced(1, 0, 'imc'), '--out', imc, ...TINY_TRAINING);
    if (missing !== null) return;
    buildPage();
    browser = await launchChromium();
    reader = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    if (missing === null) ({ page, problems, requests } = await newPage(browser));
  });
  afterEach(async () => {
    for (const { process } of running.splice(0)) process.kill('SIGKILL');
    await page?.close();
  });

  /** Starts `watch` and opens the page that it serves. */
  async function watch(...args: readonly string[]): Promise<Running> {
    const started = startModewise(['watch', ...args, '--port', '0', '--json']);
    running.push(started);
    await started.until(() => started.stdout().includes('\n'));
    const { url } = JSON.parse(started.stdout()) as { readonly url: string };
    await page.goto(url);
    await page.waitForSelector('.comparison .compared');
    return started;
  }

  async function picture(name: string): Promise<Picture> {
    await page.mouse.move(640, 60);
    return takePicture(page, reader, `comparison-${name}`);
  }

  async function pair(name: string): Promise<PairNumbers> {
    const cells = await page.locator(`[data-pair="${name}"] td`).allTextContents();
    return cells.map(Number) as unknown as PairNumbers;
  }

  async function episodes(): Promise<number> {
    return Number((await page.textContent('#paired-episodes'))?.replace('n = ', ''));
  }

  it('have a table, a score and a histogram each, and are held against each other', async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    const recording = join(folder, 'both.mcap');
    const started = await watch(...runs, '--rollouts', '12', '--record', recording);
    expect(await page.locator('.policy-names > div').allTextContents()).toEqual(['Abc', 'Bimc']);
    expect(await page.locator('.panel .card.modes').isVisible()).toBe(false);
    await expect.poll(episodes, { timeout: 60_000 }).toBeGreaterThanOrEqual(24);
    await page.keyboard.press('Space');
    await page.waitForSelector('body[data-connection="paused"]');
    const count = await episodes();
    const numbers = await pair('AB');
    expect(numbers.reduce((sum, value) => sum + value, 0)).toBe(count);
    for (const [policy, successes] of [numbers[0] + numbers[2], numbers[1] + numbers[2]].entries()) {
      const card = page.locator('.compared').nth(policy);
      expect(await card.locator('.value').textContent()).toBe(`${((100 * successes) / count).toFixed(1)} %`);
      expect(await card.textContent()).toContain(`n = ${count}`);
      expect(await card.textContent()).toContain('95 % interval');
      const bars = await card
        .locator('.bar')
        .evaluateAll((all) => all.map((bar) => Number(bar.getAttribute('aria-label')?.split(': ').pop())));
      expect(bars).toHaveLength(2);
      expect(bars.reduce((sum, value) => sum + value, 0)).toBe(successes);
    }
    const light = await picture('light');
    expect(light.colourful(LEFT)).toBeGreaterThan(100);
    expect(light.colourful(RIGHT)).toBeGreaterThan(100);
    await page.keyboard.press('d');
    await page.click('[data-value="expert"]');
    const dark = await picture('dark');
    expect(light.brightness(LEFT)).toBeGreaterThan(dark.brightness(LEFT) + 60);
    expect(await page.locator('.legend .entry').count()).toBe(4);
    await page.click('[data-value="outcome"]');
    // the same episode with both policies
    await page.keyboard.press('n');
    await page.waitForSelector('body[data-rollout="0"]');
    expect(await page.textContent('.rollout h2')).toBe('A · Rollout 0');
    const [seed, context] = await facts();
    await page.evaluate('location.hash = "#rollout=12&color=outcome"');
    await page.waitForSelector('body[data-rollout="12"]');
    expect(await page.textContent('.rollout h2')).toBe('B · Rollout 0');
    expect(await facts()).toEqual([seed, context]);
    await picture('same-episode');
    expect(page.url()).toContain('rollout=12&color=outcome');
    started.process.kill('SIGINT');
    expect((await started.ended).code).toBe(0);
    for (const url of requests) expect(new URL(url).hostname).toBe('127.0.0.1');
    // the connection that has gone is told of by the browser, nothing else is
    expect(problems.filter((problem) => !/WebSocket|ERR_CONNECTION_REFUSED/.test(problem))).toEqual([]);

    await page.goto('about:blank');
    await watch(recording);
    await page.waitForSelector('body[data-connection="replay"]');
    expect(await page.locator('.policy-names > div').allTextContents()).toEqual(['Abc', 'Bimc']);
    await expect.poll(episodes, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await page.textContent('output')).toBe('12');
    const verified = await modewiseJson<{ readonly episodes: number }>('watch', recording, '--verify');
    expect(verified).toMatchObject({ complete: true, problems: [] });
    expect(verified.episodes).toBeGreaterThanOrEqual(2 * count);
  });

  it('agree in every episode when they are one policy twice, up to four at a time', async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    const [bc = '', imc = ''] = runs;
    await watch(bc, imc, bc, imc, '--rollouts', '6');
    await expect.poll(episodes, { timeout: 60_000 }).toBeGreaterThanOrEqual(12);
    expect(await page.locator('[data-pair]').count()).toBe(6);
    for (const name of ['AC', 'BD']) expect((await pair(name)).slice(0, 2)).toEqual([0, 0]);
    await picture('four');
    expect(problems).toEqual([]);
  });

  /** Seed and context of the isolated rollout. */
  async function facts(): Promise<readonly (string | null)[]> {
    return [await page.textContent('[data-fact="Seed"]'), await page.textContent('[data-fact="Context"]')];
  }

  it('are refused with the reason where they cannot be compared', async () => {
    const [bc = ''] = runs;
    const other = join(folder, 'other');
    cpSync(bc, other, { recursive: true });
    const path = join(other, 'policy.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('Reach-v0', 'Avoiding-v0'));
    for (const [args, reason] of [
      [[bc, other], /not of the same task[\s\S]*Avoiding-v0[\s\S]*Reach-v0/],
      [[bc, bc, bc, bc, bc], /5 runs[\s\S]*at most 4/],
      [[bc, join(folder, 'missing')], /missing/],
      [[bc, 'some.mcap'], /A recording is watched by itself/],
      [[bc, bc, bc, '--rollouts', '300'], /at most 160 of each/],
    ] as const) {
      const { code, stderr, stdout } = await modewise('watch', ...args, '--port', '0');
      expect(stderr).toMatch(reason);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(code).not.toBe(0);
      expect(stdout).toBe('');
    }
  });
});
