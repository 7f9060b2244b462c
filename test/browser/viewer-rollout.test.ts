import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type StreamServer, startStreamServer } from '../../src/stream/server.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { FakeRollouts } from './fake-rollouts.ts';
import { artifacts, buildPage, newPage, pageFolder, takePicture } from './page-under-test.ts';
import type { Picture } from './picture.ts';

/** Middle of the picture between the panels: x, y, width, height. */
const TABLE = [320, 90, 620, 580] as const;

describe('one rollout, and moments of a live loop, in the page', () => {
  const missing = browserMissing();
  let browser: Browser;
  let reader: Page;
  let server: StreamServer;
  let rollouts: FakeRollouts;
  let page: Page;
  let problems: readonly string[];

  beforeAll(async () => {
    if (missing !== null) return;
    buildPage();
    browser = await launchChromium();
    reader = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
  });
  beforeEach(async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    server = await startStreamServer({ port: 0, page: pageFolder, clock: Date.now });
    rollouts = new FakeRollouts(server, 24);
    for (let step = 0; step < 130; step++) rollouts.step();
  });
  afterEach(async () => {
    rollouts?.stop();
    await page?.close();
    await server?.close();
  });

  async function open(hash = '', viewport = { width: 1280, height: 800 }): Promise<void> {
    ({ page, problems } = await newPage(browser, viewport));
    await page.goto(server.url + hash);
    await page.waitForSelector(`body[data-frame="${rollouts.published - 1}"]`);
  }

  const picture = (name: string): Promise<Picture> => takePicture(page, reader, `rollout-${name}`);
  const fact = (name: string) => page.textContent(`[data-fact="${name}"]`);
  const hash = () => new URL(page.url()).hash;
  const position = async () => Number(await page.inputValue('#position'));

  /** Where the rod of a rollout is on the screen, CSS pixels, while another one is isolated: what turns grey. */
  async function findRod(
    rollout: number,
    other: number,
  ): Promise<{ readonly x: number; readonly y: number }> {
    const isolate = async (one: number) => {
      await page.evaluate(`location.hash = '#rollout=${one}&trails=off&color=expert'`);
      await page.waitForSelector(`body[data-rollout="${one}"]`);
      return picture('rod');
    };
    const shown = await isolate(rollout);
    return shown.colourfulCenter(TABLE, await isolate(other));
  }

  it('is isolated by a click, tells all about itself, and is let go by Escape or a click beside', async () => {
    await open('#color=expert');
    // one that is well on its way, so that it stands alone
    const chosen = [...rollouts.frame.step].findIndex((step) => step > 15 && step < 50);
    const { x, y } = await findRod(chosen, chosen + 1);
    await page.mouse.move(x, y);
    await expect.poll(() => page.evaluate(`document.querySelector('#stage').style.cursor`)).toBe('pointer');
    await page.mouse.click(x, y);
    await page.waitForSelector(`body[data-rollout="${chosen}"]`);
    expect(await page.textContent('.rollout h2')).toBe(`Rollout ${chosen}`);
    const { frame } = rollouts;
    expect(await fact('Seed')).toBe(String(frame.seed[chosen]));
    expect(await fact('Episode')).toBe(String(frame.episode[chosen]));
    expect(await fact('Step')).toMatch(new RegExp(`^${frame.step[chosen]} \\(`));
    expect(await fact('Expert')).toBe(String(frame.component[chosen]));
    expect(await fact('Mode')).toBe('undecided');
    expect(await fact('Context')).toBe('start');
    expect(await page.textContent('.rollout .outcome')).toBe('Running');
    // the gate from the first step of the episode on
    await expect.poll(() => page.getAttribute('.gate-plot', 'data-steps')).toBe(String(frame.step[chosen]));
    const preferred = Math.round((100 * (frame.confidence[chosen] ?? 0)) / 255);
    expect(await page.textContent('.gate-legend')).toContain(`${frame.preferred[chosen]}: ${preferred} %`);
    await expect.poll(hash).toContain(`rollout=${chosen}`);
    await page.keyboard.press('t');
    const alone = await picture('isolated');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('.rollout')).toBe(false);
    const all = await picture('all');
    expect(all.colourful(TABLE)).toBeGreaterThan(2 * alone.colourful(TABLE));
    await page.keyboard.press('n');
    // beside the table there is nothing
    await page.mouse.click(330, 600);
    await page.waitForSelector('body[data-rollout="none"]');
    expect(problems).toEqual([]);
  });

  it('is isolated by keys, one after the other, and by an address', async () => {
    await open('#rollout=3&color=outcome&theme=dark');
    await page.waitForSelector('body[data-rollout="3"]');
    await page.keyboard.press('n');
    await page.waitForSelector('body[data-rollout="4"]');
    await page.keyboard.press('b');
    await page.keyboard.press('b');
    await page.waitForSelector('body[data-rollout="2"]');
    await picture('dark');
    await page.click('#all');
    await page.waitForSelector('body[data-rollout="none"]');
    await expect.poll(hash).toBe('#color=outcome&theme=dark');
    expect(problems).toEqual([]);
  });

  it('is followed by the camera, wherever it goes', async () => {
    await open('#color=expert&trails=off');
    await page.click('[data-value="follow"]');
    await page.waitForSelector('body[data-rollout="0"]');
    expect(await page.getAttribute('[data-value="follow"]', 'aria-pressed')).toBe('true');
    const seen: Picture[] = [];
    for (let i = 0; i < 2; i++) {
      for (let step = 0; step < 12; step++) rollouts.step();
      await page.waitForSelector(`body[data-frame="${rollouts.published - 1}"]`);
      await page.waitForTimeout(400);
      seen.push(await picture(`followed-${i}`));
    }
    // the table has moved under the rod
    expect(seen[0]?.differingFrom(seen[1] as Picture, TABLE)).toBeGreaterThan(10_000);
    await expect.poll(hash).toContain('camera=follow');
    // without a rollout there is nothing to follow
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-value="orbit"][aria-pressed="true"]');
    expect(problems).toEqual([]);
  });

  it('is scrubbed back in the live loop, stepped, sped up, looped, and followed live again', async () => {
    await open();
    rollouts.start();
    await page.waitForSelector('#live[aria-pressed="true"]');
    const box = await page.locator('#position').boundingBox();
    if (box === null) throw new Error('the timeline is not shown');
    await page.mouse.move(box.x + box.width - 4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await page.waitForSelector('body[data-connection="past"]');
    expect(await page.textContent('.timeline output')).toMatch(/^−\d/);
    const shown = Number(await page.getAttribute('body', 'data-frame'));
    expect(shown).toBeLessThan(rollouts.published - 40);
    // it plays on by itself, while the loop of the server goes its own way
    await expect
      .poll(async () => Number(await page.getAttribute('body', 'data-frame')))
      .toBeGreaterThan(shown + 2);
    await page.keyboard.press('Space');
    await page.waitForSelector('body[data-connection="paused"]');
    expect(rollouts.status.paused).toBe(false);
    const still = Number(await page.getAttribute('body', 'data-frame'));
    await page.keyboard.press('.');
    await page.waitForSelector(`body[data-frame="${still + 1}"]`);
    await page.click('#back');
    await page.click('#back');
    await page.waitForSelector(`body[data-frame="${still - 1}"]`);
    await picture('past');
    await expect.poll(hash).toMatch(/^#t=\d/);
    const address = page.url();
    await page.selectOption('#speed', '0.1');
    await page.click('#loop');
    await page.waitForSelector('#loop[aria-pressed="true"]');
    expect(rollouts.status.speed).toBe(1);
    await page.keyboard.press('f');
    await page.waitForSelector('body[data-connection="live"]');
    await expect.poll(hash).toBe('');
    await expect
      .poll(async () => rollouts.published - Number(await page.getAttribute('body', 'data-frame')))
      .toBeLessThan(20);
    // the address still means that moment
    await page.goto('about:blank');
    await page.goto(address);
    await page.waitForSelector('body[data-timeline="past"]');
    await page.waitForSelector('body[data-connection="paused"]');
    expect(await position()).toBeCloseTo(Number(new URL(address).hash.slice(3)), 2);
    await page.click('#live');
    await page.waitForSelector('#live[aria-pressed="true"]');
    expect(problems).toEqual([]);
  });

  it('is kept as a picture and as a video', async () => {
    await open('#color=expert');
    rollouts.start();
    const [picture] = await Promise.all([page.waitForEvent('download'), page.click('#picture')]);
    expect(picture.suggestedFilename()).toMatch(/^Avoiding-v0-\d+\.\d\ds\.png$/);
    const png = join(artifacts, 'rollout-saved.png');
    await picture.saveAs(png);
    const bytes = readFileSync(png);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1280, 800]);
    expect(bytes.byteLength).toBeGreaterThan(20_000);

    await page.keyboard.press('v');
    await page.waitForSelector('body[data-video="on"]');
    await page.waitForTimeout(1500);
    const [video] = await Promise.all([page.waitForEvent('download'), page.click('#video')]);
    expect(video.suggestedFilename()).toMatch(/^Avoiding-v0-\d+\.\d\ds\.webm$/);
    const webm = join(artifacts, 'rollout-saved.webm');
    await video.saveAs(webm);
    const ebml = readFileSync(webm);
    expect(ebml.readUInt32BE(0)).toBe(0x1a45dfa3);
    expect(ebml.byteLength).toBeGreaterThan(5_000);
    expect(await page.getAttribute('body', 'data-video')).toBe('off');
    expect(problems).toEqual([]);
  });

  it.each([
    ['desk', { width: 1280, height: 800 }],
    ['phone', { width: 390, height: 844 }],
  ] as const)('leaves no two panels on top of each other, light and dark: %s', async (name, viewport) => {
    await open('#rollout=2&color=expert', viewport);
    for (const theme of ['light', 'dark'] as const) {
      await page.evaluate(`location.hash = '#rollout=2&color=expert&theme=${theme}'`);
      await page.waitForSelector(`html[data-theme="${theme}"]`);
      await picture(`${name}-${theme}`);
      const boxes = await page.evaluate<readonly (readonly [string, number, number, number, number])[]>(`
        [...document.querySelectorAll('.heading, .panel, .rollout, .timeline, .toolbar')].map((panel) => {
          const { left, top, right, bottom } = panel.getBoundingClientRect();
          return [panel.className, left, top, right, bottom];
        }).filter(([, left, , right]) => right > left)`);
      expect(boxes.length).toBeGreaterThanOrEqual(4);
      for (const [panel, left, top, right, bottom] of boxes) {
        expect([left >= 0, top >= 0, right <= viewport.width, bottom <= viewport.height], panel).toEqual(
          new Array(4).fill(true),
        );
        for (const [other, l, t, r, b] of boxes) {
          if (other === panel) continue;
          const apart = right <= l || r <= left || bottom <= t || b <= top;
          expect(apart, `${panel} and ${other}`).toBe(true);
        }
      }
    }
    expect(problems).toEqual([]);
  });
});
