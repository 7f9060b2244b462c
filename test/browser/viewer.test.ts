import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Picture } from './picture.ts';
import { useViewer } from './viewer-under-test.ts';

/** Middle of the picture, without heading, panel and toolbar: x, y, width, height. */
const TABLE = [180, 90, 700, 600] as const;

describe('the viewer page', () => {
  const viewer = useViewer('viewer', { rollouts: 48, steps: 150 });

  /** Takes a picture once everything asked for has been drawn, with nothing under the pointer. */
  async function picture(name: string): Promise<Picture> {
    await viewer.page.mouse.move(640, 60);
    return viewer.picture(name);
  }

  async function frameOnPage(): Promise<number> {
    return Number(await viewer.page.getAttribute('body', 'data-frame'));
  }

  it('shows the trails of all rollouts, those before it was opened too', async () => {
    await viewer.open();
    const withTrails = await picture('trails');
    await viewer.page.keyboard.press('t');
    await viewer.page.keyboard.press('t');
    const without = await picture('no-trails');
    // trails are strongly coloured, the table is not: thousands of pixels, in many hues
    const changed = withTrails.differingFrom(without, TABLE);
    expect(changed).toBeGreaterThan(5000);
    expect(withTrails.colourful(TABLE) - without.colourful(TABLE)).toBeGreaterThan(4000);
    expect(withTrails.hues(TABLE)).toBeGreaterThanOrEqual(6);
    await viewer.page.keyboard.press('t');
    const again = await picture('trails-again');
    expect(again.differingFrom(withTrails, TABLE)).toBeLessThan(changed / 20);
    expect(viewer.problems).toEqual([]);
  });

  it('shows the scores that the server publishes', async () => {
    await viewer.open();
    const score = viewer.rollouts.score();
    const percent = `${(100 * (score.success?.rate ?? 0)).toFixed(1)} %`;
    await expect.poll(() => viewer.page.textContent('#success-value')).toBe(percent);
    expect(await viewer.page.textContent('#entropy-value')).toBe(score.entropy?.value.toFixed(3));
    expect(await viewer.page.textContent('.modes .value')).toBe(`${score.modes.covered} / 24`);
    expect(await viewer.page.locator('.histogram .bar').count()).toBe(24);
    const first = await viewer.page.locator('.histogram .bar').first().getAttribute('aria-label');
    expect(first).toBe(`mode 0: ${score.modes.counts[0]}`);
    expect(await viewer.page.textContent('.heading')).toContain('Avoiding-v0');
    expect(await viewer.page.textContent('.heading')).toContain('imc, 8 components');
  });

  it('colours by mode, expert and outcome', async () => {
    await viewer.open();
    const mode = await picture('by-mode');
    await viewer.page.keyboard.press('c');
    const expert = await picture('by-expert');
    expect(await viewer.page.locator('.legend .entry').count()).toBe(8);
    await viewer.page.click('[data-value="outcome"]');
    const outcome = await picture('by-outcome');
    expect(await viewer.page.locator('.legend .entry').count()).toBe(3);
    expect(mode.differingFrom(expert, TABLE)).toBeGreaterThan(3000);
    expect(expert.differingFrom(outcome, TABLE)).toBeGreaterThan(3000);
    expect(mode.hues(TABLE)).toBeGreaterThan(outcome.hues(TABLE));
    expect(viewer.page.url()).toContain('#color=outcome');
    expect(viewer.problems).toEqual([]);
  });

  it('picks out the rollouts of one mode', async () => {
    await viewer.open();
    const all = await picture('all-modes');
    const bars = viewer.page.locator('.histogram .bar');
    await bars.nth(viewer.rollouts.commonestMode()).click();
    const one = await picture('one-mode');
    expect(one.colourful(TABLE)).toBeLessThan(0.6 * all.colourful(TABLE));
    expect(one.colourful(TABLE)).toBeGreaterThan(100);
    await viewer.page.keyboard.press('Escape');
    const again = await picture('all-modes-again');
    expect(again.differingFrom(all, TABLE)).toBeLessThan(500);
  });

  it('pauses and goes on, by key and by button', async () => {
    await viewer.open();
    viewer.rollouts.start();
    await expect.poll(frameOnPage).toBeGreaterThan(155);
    await viewer.page.keyboard.press('Space');
    await viewer.page.waitForSelector('body[data-connection="paused"]');
    await viewer.showsNewest();
    const still = await frameOnPage();
    await viewer.page.waitForTimeout(400);
    expect(await frameOnPage()).toBe(still);
    expect(await viewer.page.getAttribute('#pause', 'aria-label')).toBe('Go on (space)');
    await viewer.page.click('#pause');
    await viewer.page.waitForSelector('body[data-connection="live"]');
    await expect.poll(frameOnPage).toBeGreaterThan(still);
    expect(viewer.problems).toEqual([]);
  });

  it('asks for another speed and another number of rollouts', async () => {
    await viewer.open();
    await viewer.page.selectOption('#speed', '4');
    await expect.poll(() => viewer.rollouts.status.speed).toBe(4);
    await viewer.page.keyboard.press('-');
    await expect.poll(() => viewer.rollouts.status.speed).toBe(2);
    await viewer.page.locator('#rollouts').fill('120');
    await expect.poll(() => viewer.rollouts.status.rollouts).toBe(120);
    await expect.poll(() => viewer.page.textContent('output')).toBe('120');
    viewer.rollouts.step();
    await viewer.showsNewest();
    expect(viewer.problems).toEqual([]);
  });

  it('looks from the robot and from above, and leaves a camera that was moved where it is', async () => {
    await viewer.open();
    const orbit = await picture('orbit');
    await viewer.page.keyboard.press('2');
    const top = await picture('top');
    expect(top.differingFrom(orbit, TABLE)).toBeGreaterThan(50_000);
    expect(viewer.page.url()).toContain('camera=top');
    await viewer.page.keyboard.press('1');
    expect((await picture('orbit-again')).differingFrom(orbit, TABLE)).toBeLessThan(500);
    await viewer.page.mouse.move(400, 500);
    await viewer.page.mouse.down();
    await viewer.page.mouse.move(520, 460, { steps: 4 });
    await viewer.page.mouse.up();
    const moved = await picture('moved');
    expect(moved.differingFrom(orbit, TABLE)).toBeGreaterThan(20_000);
    viewer.rollouts.step();
    await viewer.showsNewest();
    expect((await picture('moved-later')).differingFrom(moved, TABLE)).toBeLessThan(20_000);
  });

  it('is light or dark, and lists its keys', async () => {
    await viewer.page.emulateMedia({ colorScheme: 'dark' });
    await viewer.open();
    expect(await viewer.page.getAttribute('html', 'data-theme')).toBe('dark');
    const dark = await picture('dark');
    await viewer.page.keyboard.press('d');
    const light = await picture('light');
    expect(light.brightness(TABLE)).toBeGreaterThan(dark.brightness(TABLE) + 60);
    await viewer.page.keyboard.press('?');
    await picture('help');
    expect(await viewer.page.isVisible('dialog.help')).toBe(true);
    expect(await viewer.page.locator('dialog.help dt').count()).toBeGreaterThan(8);
    await viewer.page.click('dialog.help .close');
    expect(await viewer.page.isVisible('dialog.help')).toBe(false);
    expect(viewer.problems).toEqual([]);
  });

  it('says that the server is gone, and shows the state of the next one by itself', async () => {
    await viewer.open();
    expect(await viewer.page.isVisible('.banner')).toBe(false);
    const { port } = viewer.server;
    await viewer.server.close();
    await viewer.page.waitForSelector('body[data-connection="lost"]');
    expect(await viewer.page.isVisible('.banner')).toBe(true);
    await picture('lost');
    expect(await viewer.page.isDisabled('#pause')).toBe(true);

    await viewer.serve({ rollouts: 12, steps: 20, seed: 7 }, port);
    await viewer.page.waitForSelector('body[data-connection="live"]', { timeout: 30_000 });
    await viewer.showsNewest();
    expect(await viewer.page.isVisible('.banner')).toBe(false);
    expect(await viewer.page.textContent('output')).toBe('12');
    // nothing is left of the server before: no rollout of this one has finished yet
    expect(await viewer.page.textContent('#success-value')).toBe('–');
    await picture('reconnected');
  });

  it('shows 480 rollouts with their trails', async () => {
    const { port } = viewer.server;
    await viewer.server.close();
    await viewer.serve({ rollouts: 480, steps: 120, seed: 3 }, port);
    await viewer.open('#color=expert');
    expect((await picture('480')).colourful(TABLE)).toBeGreaterThan(20_000);
    expect(viewer.problems).toEqual([]);
  });

  it('works behind one forwarded port', async () => {
    const forward = createTcpServer((near) => {
      const far = connectTcp(viewer.server.port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
    });
    await new Promise<void>((resolve) => forward.listen(0, '127.0.0.1', resolve));
    const { port } = forward.address() as AddressInfo;
    await viewer.page.goto(`http://localhost:${port}/`);
    await viewer.showsNewest();
    expect(new Set(viewer.requests.map((url) => new URL(url).host))).toEqual(new Set([`localhost:${port}`]));
    expect(viewer.problems).toEqual([]);
    await viewer.page.close();
    forward.close();
  });

  it('talks to its own server only', async () => {
    await viewer.open();
    await viewer.page.keyboard.press('c');
    await picture('requests');
    expect(viewer.requests.length).toBeGreaterThan(3);
    for (const url of viewer.requests) expect(new URL(url).host).toBe(`127.0.0.1:${viewer.server.port}`);
    expect(viewer.problems).toEqual([]);
  });
});
