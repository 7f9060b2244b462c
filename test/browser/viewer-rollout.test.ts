import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artifacts } from './page-under-test.ts';
import type { Picture } from './picture.ts';
import { useViewer } from './viewer-under-test.ts';

/** Middle of the picture between the panels: x, y, width, height. */
const TABLE = [320, 90, 620, 580] as const;

describe('one rollout, and moments of a live loop, in the page', () => {
  const viewer = useViewer('rollout', { rollouts: 24, steps: 130 });

  const fact = (name: string) => viewer.page.textContent(`[data-fact="${name}"]`);
  const hash = () => new URL(viewer.page.url()).hash;
  const position = async () => Number(await viewer.page.inputValue('#position'));

  /** Where the rod of a rollout is on the screen, CSS pixels, while another one is isolated: what turns grey. */
  async function findRod(
    rollout: number,
    other: number,
  ): Promise<{ readonly x: number; readonly y: number }> {
    const isolate = async (one: number) => {
      await viewer.page.evaluate(`location.hash = '#rollout=${one}&trails=off&color=expert'`);
      await viewer.page.waitForSelector(`body[data-rollout="${one}"]`);
      return viewer.picture('rod');
    };
    const shown = await isolate(rollout);
    return shown.colourfulCenter(TABLE, await isolate(other));
  }

  it('is isolated by a click, tells all about itself, and is let go by Escape or a click beside', async () => {
    await viewer.open('#color=expert');
    // one that is well on its way, so that it stands alone
    const chosen = [...viewer.rollouts.frame.step].findIndex((step) => step > 15 && step < 50);
    const { x, y } = await findRod(chosen, chosen + 1);
    await viewer.page.mouse.move(x, y);
    await expect
      .poll(() => viewer.page.evaluate(`document.querySelector('#stage').style.cursor`))
      .toBe('pointer');
    await viewer.page.mouse.click(x, y);
    await viewer.page.waitForSelector(`body[data-rollout="${chosen}"]`);
    expect(await viewer.page.textContent('.rollout h2')).toBe(`Rollout ${chosen}`);
    const { frame } = viewer.rollouts;
    expect(await fact('Seed')).toBe(String(frame.seed[chosen]));
    expect(await fact('Episode')).toBe(String(frame.episode[chosen]));
    expect(await fact('Step')).toMatch(new RegExp(`^${frame.step[chosen]} \\(`));
    expect(await fact('Expert')).toBe(String(frame.component[chosen]));
    expect(await fact('Mode')).toBe('undecided');
    expect(await fact('Context')).toBe('start');
    expect(await viewer.page.textContent('.rollout .outcome')).toBe('Running');
    // the gate from the first step of the episode on
    await expect
      .poll(() => viewer.page.getAttribute('.gate-plot', 'data-steps'))
      .toBe(String(frame.step[chosen]));
    const preferred = Math.round((100 * (frame.confidence[chosen] ?? 0)) / 255);
    expect(await viewer.page.textContent('.gate-legend')).toContain(
      `${frame.preferred[chosen]}: ${preferred} %`,
    );
    await expect.poll(hash).toContain(`rollout=${chosen}`);
    await viewer.page.keyboard.press('t');
    const alone = await viewer.picture('isolated');
    await viewer.page.keyboard.press('Escape');
    expect(await viewer.page.isVisible('.rollout')).toBe(false);
    const all = await viewer.picture('all');
    expect(all.colourful(TABLE)).toBeGreaterThan(2 * alone.colourful(TABLE));
    await viewer.page.keyboard.press('n');
    // beside the table there is nothing
    await viewer.page.mouse.click(330, 600);
    await viewer.page.waitForSelector('body[data-rollout="none"]');
    expect(viewer.problems).toEqual([]);
  });

  it('is isolated by keys, one after the other, and by an address', async () => {
    await viewer.open('#rollout=3&color=outcome&theme=dark');
    await viewer.page.waitForSelector('body[data-rollout="3"]');
    await viewer.page.keyboard.press('n');
    await viewer.page.waitForSelector('body[data-rollout="4"]');
    await viewer.page.keyboard.press('b');
    await viewer.page.keyboard.press('b');
    await viewer.page.waitForSelector('body[data-rollout="2"]');
    await viewer.picture('dark');
    await viewer.page.click('#all');
    await viewer.page.waitForSelector('body[data-rollout="none"]');
    await expect.poll(hash).toBe('#color=outcome&theme=dark');
    expect(viewer.problems).toEqual([]);
  });

  it('is followed by the camera, wherever it goes', async () => {
    await viewer.open('#color=expert&trails=off');
    await viewer.page.click('[data-value="follow"]');
    await viewer.page.waitForSelector('body[data-rollout="0"]');
    expect(await viewer.page.getAttribute('[data-value="follow"]', 'aria-pressed')).toBe('true');
    const seen: Picture[] = [];
    for (let i = 0; i < 2; i++) {
      for (let step = 0; step < 12; step++) viewer.rollouts.step();
      await viewer.showsNewest();
      await viewer.page.waitForTimeout(400);
      seen.push(await viewer.picture(`followed-${i}`));
    }
    // the table has moved under the rod
    expect(seen[0]?.differingFrom(seen[1] as Picture, TABLE)).toBeGreaterThan(10_000);
    await expect.poll(hash).toContain('camera=follow');
    // without a rollout there is nothing to follow
    await viewer.page.keyboard.press('Escape');
    await viewer.page.waitForSelector('[data-value="orbit"][aria-pressed="true"]');
    expect(viewer.problems).toEqual([]);
  });

  it('is scrubbed back in the live loop, stepped, sped up, looped, and followed live again', async () => {
    await viewer.open();
    viewer.rollouts.start();
    await viewer.page.waitForSelector('#live[aria-pressed="true"]');
    const box = await viewer.page.locator('#position').boundingBox();
    if (box === null) throw new Error('the timeline is not shown');
    await viewer.page.mouse.move(box.x + box.width - 4, box.y + box.height / 2);
    await viewer.page.mouse.down();
    await viewer.page.mouse.move(box.x + box.width / 3, box.y + box.height / 2, { steps: 5 });
    await viewer.page.mouse.up();
    await viewer.page.waitForSelector('body[data-connection="past"]');
    expect(await viewer.page.textContent('.timeline output')).toMatch(/^−\d/);
    const shown = Number(await viewer.page.getAttribute('body', 'data-frame'));
    expect(shown).toBeLessThan(viewer.rollouts.published - 40);
    // it plays on by itself, while the loop of the server goes its own way
    await expect
      .poll(async () => Number(await viewer.page.getAttribute('body', 'data-frame')))
      .toBeGreaterThan(shown + 2);
    await viewer.page.keyboard.press('Space');
    await viewer.page.waitForSelector('body[data-connection="paused"]');
    expect(viewer.rollouts.status.paused).toBe(false);
    const still = Number(await viewer.page.getAttribute('body', 'data-frame'));
    await viewer.page.keyboard.press('.');
    await viewer.page.waitForSelector(`body[data-frame="${still + 1}"]`);
    await viewer.page.click('#back');
    await viewer.page.click('#back');
    await viewer.page.waitForSelector(`body[data-frame="${still - 1}"]`);
    await viewer.picture('past');
    await expect.poll(hash).toMatch(/^#t=\d/);
    const address = viewer.page.url();
    await viewer.page.selectOption('#speed', '0.1');
    await viewer.page.click('#loop');
    await viewer.page.waitForSelector('#loop[aria-pressed="true"]');
    expect(viewer.rollouts.status.speed).toBe(1);
    await viewer.page.keyboard.press('f');
    await viewer.page.waitForSelector('body[data-connection="live"]');
    await expect.poll(hash).toBe('');
    await expect
      .poll(
        async () => viewer.rollouts.published - Number(await viewer.page.getAttribute('body', 'data-frame')),
      )
      .toBeLessThan(20);
    // the address still means that moment
    await viewer.page.goto('about:blank');
    await viewer.page.goto(address);
    await viewer.page.waitForSelector('body[data-timeline="past"]');
    await viewer.page.waitForSelector('body[data-connection="paused"]');
    expect(await position()).toBeCloseTo(Number(new URL(address).hash.slice(3)), 2);
    await viewer.page.click('#live');
    await viewer.page.waitForSelector('#live[aria-pressed="true"]');
    expect(viewer.problems).toEqual([]);
  });

  it('is kept as a picture and as a video', async () => {
    await viewer.open('#color=expert');
    viewer.rollouts.start();
    const [picture] = await Promise.all([
      viewer.page.waitForEvent('download'),
      viewer.page.click('#picture'),
    ]);
    expect(picture.suggestedFilename()).toMatch(/^Avoiding-v0-\d+\.\d\ds\.png$/);
    const png = join(artifacts, 'rollout-saved.png');
    await picture.saveAs(png);
    const bytes = readFileSync(png);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1280, 800]);
    expect(bytes.byteLength).toBeGreaterThan(20_000);

    await viewer.page.keyboard.press('v');
    await viewer.page.waitForSelector('body[data-video="on"]');
    await viewer.page.waitForTimeout(1500);
    const [video] = await Promise.all([viewer.page.waitForEvent('download'), viewer.page.click('#video')]);
    expect(video.suggestedFilename()).toMatch(/^Avoiding-v0-\d+\.\d\ds\.webm$/);
    const webm = join(artifacts, 'rollout-saved.webm');
    await video.saveAs(webm);
    const ebml = readFileSync(webm);
    expect(ebml.readUInt32BE(0)).toBe(0x1a45dfa3);
    expect(ebml.byteLength).toBeGreaterThan(5_000);
    expect(await viewer.page.getAttribute('body', 'data-video')).toBe('off');
    expect(viewer.problems).toEqual([]);
  });

  it.each([
    ['desk', { width: 1280, height: 800 }],
    ['phone', { width: 390, height: 844 }],
  ] as const)('leaves no two panels on top of each other, light and dark: %s', async (name, viewport) => {
    await viewer.open('#rollout=2&color=expert', viewport);
    for (const theme of ['light', 'dark'] as const) {
      await viewer.page.evaluate(`location.hash = '#rollout=2&color=expert&theme=${theme}'`);
      await viewer.page.waitForSelector(`html[data-theme="${theme}"]`);
      await viewer.picture(`${name}-${theme}`);
      const boxes = await viewer.page.evaluate<
        readonly (readonly [string, number, number, number, number])[]
      >(`
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
    expect(viewer.problems).toEqual([]);
  });
});
