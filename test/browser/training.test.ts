import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import '../../envs/index.ts';
import { collect } from '../../demos/collect.ts';
import { recordingInfo } from '../../demos/episode-recorder.ts';
import { makeTask } from '../../envs/task.ts';
import { type TrainingWatch, watchTraining } from '../../src/cli/watch-training.ts';
import { createDataset } from '../../src/data/store.ts';
import { loadTrainingData, type TrainingData } from '../../src/data/training-data.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import type { PartialConfig } from '../../src/policies/method.ts';
import { findMethod } from '../../src/policies/registry.ts';
import { tf } from '../../src/tensor/tf.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { buildPage, newPage, takePicture } from './page-under-test.ts';
import type { Area } from './picture.ts';

/** Between the panels. */
const table: Area = [330, 60, 620, 560];

/** Linear experts, fitted at once; components are added and deleted. */
const linearMixture: PartialConfig = {
  ...{ components: 'auto', iterations: 2, tolerance: 0 },
  auto: { initialComponents: 6, revisions: 3, growth: 0.5, tolerance: 0.001 },
  expert: { kind: 'linear' },
  gate: { hidden: [16], steps: 60, batchSize: 64 },
};

describe('the page of a training', () => {
  const missing = browserMissing();
  const folder = mkdtempSync(join(tmpdir(), 'modewise-watched-'));
  const problems: (readonly string[])[] = [];
  const watches: TrainingWatch[] = [];
  let browser: Browser;
  let reader: Page;
  let data: TrainingData;

  beforeAll(async () => {
    if (missing !== null) return;
    await tf.setBackend('cpu');
    buildPage();
    browser = await launchChromium();
    reader = (await newPage(browser)).page;
    const { env, task } = await makeTask('Avoiding-v0');
    const dataset = await createDataset(join(folder, 'data'), recordingInfo('Avoiding-v0', task));
    env.close();
    await collect({ envId: 'Avoiding-v0', perMode: 2, seed: 0, dataset });
    data = await loadTrainingData(dataset);
    await dataset.close();
  });
  afterAll(async () => {
    await browser?.close();
    for (const watch of watches) await watch.close();
    rmSync(folder, { recursive: true });
    expect(problems.flat()).toEqual([]);
  });
  beforeEach((ctx) => {
    if (missing !== null) ctx.skip(missing);
  });

  async function watch(name: string, rollouts = 0): Promise<TrainingWatch> {
    const watched = await watchTraining({
      ...{ method: findMethod(name), data, port: 0, host: '127.0.0.1', rollouts, seed: 0 },
      clock: () => performance.now(),
      warn: (line) => {
        throw new Error(line);
      },
    });
    watches.push(watched);
    return watched;
  }

  async function train(name: string, file: PartialConfig, watched: TrainingWatch) {
    const method = findMethod(name);
    const config = resolveConfig(method, { envId: data.envId, file });
    watched.finish(await method.train(data, config, { seed: 0, ...watched.hooks }));
  }

  async function open(url: string): Promise<Page> {
    const { page, problems: its, requests } = await newPage(browser);
    problems.push(its);
    page.on('close', () => {
      for (const request of requests) {
        if (!/^(data|blob):/.test(request)) expect(new URL(request).hostname).toBe('127.0.0.1');
      }
    });
    await page.goto(url);
    await page.waitForSelector('body[data-training]');
    return page;
  }

  const text = (page: Page, selector: string) => page.textContent(selector);
  const experts = (page: Page) => page.locator('.expert-rows .expert-row:not(.deleted)').count();

  it('shows curves, experts and the gate as they come, and every iteration afterwards', async () => {
    const watched = await watch('imc', 24);
    const page = await open(watched.url);
    expect(await text(page, '#training-state')).toBe('Training imc');
    const before = await takePicture(page, reader, 'training-begins');
    await train('imc', linearMixture, watched);
    await expect.poll(() => text(page, '#training-state')).toBe('Trained imc');

    // live, without a reload
    await expect.poll(() => page.getAttribute('#chart-bound .chart-plot', 'data-points')).not.toBeNull();
    for (const chart of ['bound', 'loss', 'claims'])
      expect(await page.isVisible(`#chart-${chart}`)).toBe(true);
    await page.waitForSelector('#chart-scores:not([hidden])', { timeout: 60_000 });
    await expect.poll(() => text(page, '#training-phase')).toBe('');
    await expect.poll(() => text(page, '#map-note')).toContain('the gate prefers');
    expect(await page.getAttribute('[data-setting="colorBy"] [data-value="expert"]', 'aria-pressed')).toBe(
      'true',
    );
    const newest = await takePicture(page, reader, 'training-light');
    expect(newest.differingFrom(before, table)).toBeGreaterThan(5000);
    expect(newest.hues(table)).toBeGreaterThan(4);

    // through the iterations, by button, key and slider
    const last = Number(await page.inputValue('#iteration'));
    expect(last).toBeGreaterThan(2);
    const count = await experts(page);
    expect(String(count)).toBe(await text(page, '#experts-count'));
    await page.click('#iteration-back');
    expect(await page.inputValue('#iteration')).toBe(String(last - 1));
    expect(await page.getAttribute('#newest', 'aria-pressed')).toBe('false');
    await page.locator('#iteration').fill('0');
    expect(await text(page, '#iteration-title')).toBe('the start');
    expect(await text(page, '#map-note')).toContain('until the gate is fitted');
    expect(await experts(page)).toBe(6);
    const start = await takePicture(page, reader, 'training-start');
    expect(start.differingFrom(newest, table)).toBeGreaterThan(2000);
    const changes: string[] = [];
    for (let i = 0; i < last; i++) {
      await page.keyboard.press(']');
      changes.push((await text(page, '#experts-change')) ?? '');
    }
    expect(changes.join()).toContain('added 6');
    await page.click('#newest');
    expect(await page.getAttribute('#newest', 'aria-pressed')).toBe('true');
    expect(await experts(page)).toBe(count);

    // one expert picked out, the map away, colours of the modes, in the dark
    const row = page.locator('.expert-row[data-expert]').first();
    await row.click();
    expect(await row.getAttribute('class')).toContain('pinned');
    const picked = await takePicture(page, reader, 'training-one-expert');
    expect(picked.colourful(table)).toBeLessThan(newest.colourful(table));
    await page.keyboard.press('Escape');
    expect(await row.getAttribute('class')).not.toContain('pinned');
    await page.click('#gate-map');
    expect(await page.getAttribute('#gate-map', 'aria-pressed')).toBe('false');
    await page.mouse.move(640, 30);
    const bare = await takePicture(page, reader, 'training-without-map');
    expect(bare.differingFrom(newest, table)).toBeGreaterThan(2000);
    await page.click('[data-setting="colorBy"] [data-value="mode"]');
    const byMode = await takePicture(page, reader, 'training-by-mode');
    expect(byMode.differingFrom(bare, table)).toBeGreaterThan(500);
    await page.click('[data-setting="colorBy"] [data-value="expert"]');
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    const dark = await takePicture(page, reader, 'training-dark');
    expect(dark.brightness(table)).toBeLessThan(newest.brightness(table) - 60);

    // who joins late sees the same; the scores of the policy are there as elsewhere
    const late = await open(watched.url);
    await expect.poll(() => text(late, '#experts-count')).toBe(String(count));
    expect(await late.inputValue('#iteration')).toBe(String(last));
    await late.keyboard.press('p');
    await expect.poll(() => text(late, '#success-value')).toContain('%');
    await takePicture(late, reader, 'training-scores');
    await late.close();
    await page.close();
    await watched.close();
  });

  it('shows a training by gradient: curves, and the demonstrations by their modes', async () => {
    const watched = await watch('bc');
    const page = await open(watched.url);
    const gradient = { steps: 200, batchSize: 64, checkpointEvery: 20, validation: 0.1, hidden: [16] };
    await train('bc', gradient, watched);
    await expect.poll(() => text(page, '#training-state')).toBe('Trained bc');
    await expect.poll(() => page.getAttribute('#chart-loss .chart-plot', 'data-points')).toBe('10');
    expect(await page.isVisible('#chart-rate')).toBe(true);
    for (const absent of ['#chart-bound', '.iterations', '.experts-panel', '#gate-map'])
      expect(await page.isVisible(absent)).toBe(false);
    const picture = await takePicture(page, reader, 'training-gradient');
    expect(picture.hues(table)).toBeGreaterThan(6);
    await page.close();
    await watched.close();
  });
});
