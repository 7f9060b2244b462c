import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type StreamServer, startStreamServer } from '../../src/stream/server.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { FakeRollouts } from './fake-rollouts.ts';
import { buildPage, newPage, pageFolder, takePicture } from './page-under-test.ts';
import type { Picture } from './picture.ts';

/** Middle of the picture, without heading, panel and toolbar: x, y, width, height. */
const TABLE = [180, 90, 700, 600] as const;

describe('the viewer page', () => {
  const missing = browserMissing();
  let browser: Browser;
  let reader: Page;
  let server: StreamServer;
  let rollouts: FakeRollouts;
  let page: Page;
  let problems: readonly string[];
  let requests: readonly string[];

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
    rollouts = new FakeRollouts(server, 48);
    for (let step = 0; step < 150; step++) rollouts.step();
    ({ page, problems, requests } = await newPage(browser));
  });
  afterEach(async () => {
    rollouts?.stop();
    await page?.close();
    await server?.close();
  });

  /** Opens the page and waits until it shows the newest frame. */
  async function open(hash = ''): Promise<void> {
    await page.goto(server.url + hash);
    await shows(rollouts);
  }

  /** Waits until the page has the newest frame of a loop. */
  async function shows(loop: FakeRollouts): Promise<void> {
    await page.waitForSelector(`body[data-frame="${loop.published - 1}"]`);
  }

  /** Takes a picture once everything asked for has been drawn. */
  async function picture(name: string): Promise<Picture> {
    await page.mouse.move(640, 60);
    return takePicture(page, reader, `viewer-${name}`);
  }

  async function frameOnPage(): Promise<number> {
    return Number(await page.getAttribute('body', 'data-frame'));
  }

  it('shows the trails of all rollouts, those before it was opened too', async () => {
    await open();
    const withTrails = await picture('trails');
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    const without = await picture('no-trails');
    // trails are strongly coloured, the table is not: thousands of pixels, in many hues
    const changed = withTrails.differingFrom(without, TABLE);
    expect(changed).toBeGreaterThan(5000);
    expect(withTrails.colourful(TABLE) - without.colourful(TABLE)).toBeGreaterThan(4000);
    expect(withTrails.hues(TABLE)).toBeGreaterThanOrEqual(6);
    await page.keyboard.press('t');
    const again = await picture('trails-again');
    expect(again.differingFrom(withTrails, TABLE)).toBeLessThan(changed / 20);
    expect(problems).toEqual([]);
  });

  it('shows the scores that the server publishes', async () => {
    await open();
    const score = rollouts.score();
    const percent = `${(100 * (score.success?.rate ?? 0)).toFixed(1)} %`;
    await expect.poll(() => page.textContent('#success-value')).toBe(percent);
    expect(await page.textContent('#entropy-value')).toBe(score.entropy?.value.toFixed(3));
    expect(await page.textContent('.modes .value')).toBe(`${score.modes.covered} / 24`);
    expect(await page.locator('.histogram .bar').count()).toBe(24);
    const first = await page.locator('.histogram .bar').first().getAttribute('aria-label');
    expect(first).toBe(`mode 0: ${score.modes.counts[0]}`);
    expect(await page.textContent('.heading')).toContain('Avoiding-v0');
    expect(await page.textContent('.heading')).toContain('imc, 8 components');
  });

  it('colours by mode, expert and outcome', async () => {
    await open();
    const mode = await picture('by-mode');
    await page.keyboard.press('c');
    const expert = await picture('by-expert');
    expect(await page.locator('.legend .entry').count()).toBe(8);
    await page.click('[data-value="outcome"]');
    const outcome = await picture('by-outcome');
    expect(await page.locator('.legend .entry').count()).toBe(3);
    expect(mode.differingFrom(expert, TABLE)).toBeGreaterThan(3000);
    expect(expert.differingFrom(outcome, TABLE)).toBeGreaterThan(3000);
    expect(mode.hues(TABLE)).toBeGreaterThan(outcome.hues(TABLE));
    expect(page.url()).toContain('#color=outcome');
    expect(problems).toEqual([]);
  });

  it('picks out the rollouts of one mode', async () => {
    await open();
    const all = await picture('all-modes');
    const bars = page.locator('.histogram .bar');
    await bars.nth(rollouts.commonestMode()).click();
    const one = await picture('one-mode');
    expect(one.colourful(TABLE)).toBeLessThan(0.6 * all.colourful(TABLE));
    expect(one.colourful(TABLE)).toBeGreaterThan(100);
    await page.keyboard.press('Escape');
    const again = await picture('all-modes-again');
    expect(again.differingFrom(all, TABLE)).toBeLessThan(500);
  });

  it('pauses and goes on, by key and by button', async () => {
    await open();
    rollouts.start();
    await expect.poll(frameOnPage).toBeGreaterThan(155);
    await page.keyboard.press('Space');
    await page.waitForSelector('body[data-connection="paused"]');
    await shows(rollouts);
    const still = await frameOnPage();
    await page.waitForTimeout(400);
    expect(await frameOnPage()).toBe(still);
    expect(await page.getAttribute('#pause', 'aria-label')).toBe('Go on (space)');
    await page.click('#pause');
    await page.waitForSelector('body[data-connection="live"]');
    await expect.poll(frameOnPage).toBeGreaterThan(still);
    expect(problems).toEqual([]);
  });

  it('asks for another speed and another number of rollouts', async () => {
    await open();
    await page.selectOption('#speed', '4');
    await expect.poll(() => rollouts.status.speed).toBe(4);
    await page.keyboard.press('-');
    await expect.poll(() => rollouts.status.speed).toBe(2);
    await page.locator('#rollouts').fill('120');
    await expect.poll(() => rollouts.status.rollouts).toBe(120);
    await expect.poll(() => page.textContent('output')).toBe('120');
    rollouts.step();
    await shows(rollouts);
    expect(problems).toEqual([]);
  });

  it('looks from the robot and from above, and leaves a camera that was moved where it is', async () => {
    await open();
    const orbit = await picture('orbit');
    await page.keyboard.press('2');
    const top = await picture('top');
    expect(top.differingFrom(orbit, TABLE)).toBeGreaterThan(50_000);
    expect(page.url()).toContain('camera=top');
    await page.keyboard.press('1');
    expect((await picture('orbit-again')).differingFrom(orbit, TABLE)).toBeLessThan(500);
    await page.mouse.move(400, 500);
    await page.mouse.down();
    await page.mouse.move(520, 460, { steps: 4 });
    await page.mouse.up();
    const moved = await picture('moved');
    expect(moved.differingFrom(orbit, TABLE)).toBeGreaterThan(20_000);
    rollouts.step();
    await shows(rollouts);
    expect((await picture('moved-later')).differingFrom(moved, TABLE)).toBeLessThan(20_000);
  });

  it('is light or dark, and lists its keys', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await open();
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    const dark = await picture('dark');
    await page.keyboard.press('d');
    const light = await picture('light');
    expect(light.brightness(TABLE)).toBeGreaterThan(dark.brightness(TABLE) + 60);
    await page.keyboard.press('?');
    await picture('help');
    expect(await page.isVisible('dialog.help')).toBe(true);
    expect(await page.locator('dialog.help dt').count()).toBeGreaterThan(8);
    await page.click('dialog.help .close');
    expect(await page.isVisible('dialog.help')).toBe(false);
    expect(problems).toEqual([]);
  });

  it('says that the server is gone, and shows the state of the next one by itself', async () => {
    await open();
    expect(await page.isVisible('.banner')).toBe(false);
    const { port } = server;
    await server.close();
    await page.waitForSelector('body[data-connection="lost"]');
    expect(await page.isVisible('.banner')).toBe(true);
    await picture('lost');
    expect(await page.isDisabled('#pause')).toBe(true);

    server = await startStreamServer({ port, page: pageFolder });
    rollouts = new FakeRollouts(server, 12, 7);
    for (let step = 0; step < 20; step++) rollouts.step();
    await page.waitForSelector('body[data-connection="live"]', { timeout: 30_000 });
    await shows(rollouts);
    expect(await page.isVisible('.banner')).toBe(false);
    expect(await page.textContent('output')).toBe('12');
    // nothing is left of the server before: no rollout of this one has finished yet
    expect(await page.textContent('#success-value')).toBe('–');
    await picture('reconnected');
  });

  it('shows 480 rollouts with their trails', async () => {
    const { port } = server;
    await server.close();
    server = await startStreamServer({ port, page: pageFolder });
    rollouts = new FakeRollouts(server, 480, 3);
    for (let step = 0; step < 120; step++) rollouts.step();
    await open('#color=expert');
    expect((await picture('480')).colourful(TABLE)).toBeGreaterThan(20_000);
    expect(problems).toEqual([]);
  });

  it('works behind one forwarded port', async () => {
    const forward = createTcpServer((near) => {
      const far = connectTcp(server.port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
    });
    await new Promise<void>((resolve) => forward.listen(0, '127.0.0.1', resolve));
    const { port } = forward.address() as AddressInfo;
    await page.goto(`http://localhost:${port}/`);
    await shows(rollouts);
    expect(new Set(requests.map((url) => new URL(url).host))).toEqual(new Set([`localhost:${port}`]));
    expect(problems).toEqual([]);
    await page.close();
    forward.close();
  });

  it('talks to its own server only', async () => {
    await open();
    await page.keyboard.press('c');
    await picture('requests');
    expect(requests.length).toBeGreaterThan(3);
    for (const url of requests) expect(new URL(url).host).toBe(`127.0.0.1:${server.port}`);
    expect(problems).toEqual([]);
  });
});
