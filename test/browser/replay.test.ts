import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Player } from '../../src/stream/player.ts';
import { type Recording, readRecording } from '../../src/stream/recording.ts';
import { RecordingWriter } from '../../src/stream/recording-writer.ts';
import { type StreamServer, startStreamServer } from '../../src/stream/server.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { FakeRollouts } from './fake-rollouts.ts';
import { artifacts, buildPage, newPage, pageFolder } from './page-under-test.ts';

describe('the page with a recording', () => {
  const missing = browserMissing();
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  let browser: Browser;
  let server: StreamServer;
  let recording: Recording;
  let page: Page;
  const problems: (readonly string[])[] = [];

  beforeAll(async () => {
    if (missing !== null) return;
    buildPage();
    const path = join(folder, 'a.mcap');
    const writer = new RecordingWriter({ path });
    const rollouts = new FakeRollouts(writer, 24);
    for (let step = 0; step < 300; step++) rollouts.step();
    await writer.close();
    recording = readRecording(path);
    server = await startStreamServer({
      port: 0,
      page: pageFolder,
      perClient(channels) {
        const player = new Player(recording, channels, () => performance.now());
        return () => player.stop();
      },
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    recording?.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach((ctx) => {
    if (missing !== null) ctx.skip(missing);
  });

  async function open(hash = ''): Promise<Page> {
    const { page: opened, problems: its } = await newPage(browser);
    problems.push(its);
    await opened.goto(server.url + hash);
    await opened.waitForSelector('body[data-timeline="recording"]');
    return opened;
  }

  const position = async (of: Page) => Number(await of.inputValue('#position'));
  const pause = async (of: Page) => {
    await of.keyboard.press('Space');
    await of.waitForSelector('body[data-connection="paused"]');
  };

  it('plays, pauses, scrubs, steps and loops, each page on its own', async () => {
    // slowly: a busy machine may take seconds to draw the first picture
    page = await open('#speed=0.25');
    expect(await page.textContent('.heading .state')).toBe('Recording');
    await expect.poll(() => position(page)).toBeGreaterThan(0.2);
    await pause(page);
    const other = await open();
    await expect.poll(() => position(other)).toBeGreaterThan(0.2);

    // the middle of the line
    const box = await page.locator('#position').boundingBox();
    if (box === null) throw new Error('the timeline is not shown');
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    const middle = recording.durationSeconds / 2;
    await expect.poll(async () => Math.abs((await position(page)) - middle)).toBeLessThan(0.3);
    await expect.poll(() => page.textContent('.timeline output')).toMatch(/^5\.\d\d \/ 10\.46 s$/);
    await expect.poll(() => page.textContent('#success-value')).toMatch(/ %$/);
    await page.waitForTimeout(300);
    const shown = await position(page);
    await page.screenshot({ path: join(artifacts, 'replay-middle.png') });

    await page.keyboard.press('.');
    await expect.poll(() => position(page)).toBeCloseTo(shown + 0.035, 3);
    await page.click('#back');
    await expect.poll(() => position(page)).toBeCloseTo(shown, 3);
    await page.click('#back');
    await expect.poll(() => position(page)).toBeCloseTo(shown - 0.035, 3);

    // back to the beginning: nothing has finished yet
    await page.mouse.click(box.x + 2, box.y + box.height / 2);
    await expect.poll(() => position(page)).toBeLessThan(0.2);
    await expect.poll(() => page.textContent('#success-value')).toBe('–');

    await page.click('#loop');
    await page.waitForSelector('#loop[aria-pressed="true"]');
    await page.selectOption('#speed', '8');
    await page.mouse.click(box.x + box.width - 2, box.y + box.height / 2);
    await expect.poll(() => position(page)).toBeGreaterThan(10);
    await page.click('#pause');
    await expect.poll(() => position(page)).toBeLessThan(8);
    expect(await page.isDisabled('#rollouts')).toBe(true);
    expect(await other.inputValue('#speed')).toBe('1');
    expect(problems.flat()).toEqual([]);
    await other.close();
    await page.close();
  });

  it('opens at the moment, speed and rollout of an address, and writes them there', async () => {
    page = await open('#t=5.25&rollout=7&speed=0.25');
    await page.waitForSelector('body[data-connection="paused"]');
    await expect.poll(() => position(page)).toBeCloseTo(5.25, 1);
    expect(await page.inputValue('#speed')).toBe('0.25');
    await page.waitForSelector('body[data-rollout="7"]');
    // the moments before it came along: the gate is there from the beginning of the episode
    const step = Number(/^\d+/.exec((await page.textContent('[data-fact="Step"]')) ?? '')?.[0]);
    expect(step).toBeGreaterThan(5);
    await expect
      .poll(async () => Number(await page.getAttribute('.gate-plot', 'data-steps')))
      .toBeGreaterThan(step - 3);
    await page.screenshot({ path: join(artifacts, 'replay-address.png') });
    await page.click('#forward');
    await expect.poll(() => new URL(page.url()).hash).toMatch(/^#t=5\.2[78]\d*&rollout=7&speed=0\.25$/);
    // whoever reloads sees the same again
    const before = await position(page);
    await page.reload();
    await page.waitForSelector('body[data-connection="paused"]');
    await expect.poll(() => position(page)).toBeCloseTo(before, 2);
    await page.keyboard.press('Space');
    await expect.poll(() => new URL(page.url()).hash).toBe('#rollout=7&speed=0.25');
    expect(problems.flat()).toEqual([]);
    await page.close();
  });

  it('stops at the end, and knows a live loop from a recording', async () => {
    page = await open();
    await page.selectOption('#speed', '8');
    await page.waitForSelector('body[data-connection="paused"]', { timeout: 20_000 });
    await expect.poll(() => position(page)).toBeCloseTo(recording.durationSeconds, 3);
    await page.screenshot({ path: join(artifacts, 'replay-end.png') });
    await page.close();

    const live = await startStreamServer({ port: 0, page: pageFolder });
    const rollouts = new FakeRollouts(live, 4);
    rollouts.step();
    page = await browser.newPage();
    await page.goto(live.url);
    await page.waitForSelector('body[data-timeline="live"]');
    expect(await page.textContent('#live')).toBe('Live');
    await page.close();
    await live.close();
    expect(problems.flat()).toEqual([]);
  });
});
