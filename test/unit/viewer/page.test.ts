import { describe, expect, it } from 'vitest';
import { websocketUrl } from '../../../viewer/src/connection.ts';
import { css, makePalette } from '../../../viewer/src/palette.ts';
import { SettingsStore } from '../../../viewer/src/settings.ts';
import { hashOf, momentFromUrl, settingsFromUrl } from '../../../viewer/src/url-state.ts';

describe('the address of the websocket', () => {
  it.each([
    ['http://127.0.0.1:8137/', 'ws://127.0.0.1:8137/'],
    ['http://127.0.0.1:8137/index.html#color=expert', 'ws://127.0.0.1:8137/'],
    ['https://lab.example/proxy/8137/', 'wss://lab.example/proxy/8137/'],
    ['http://10.0.0.2:8137/?token=a%2Bb&x=1', 'ws://10.0.0.2:8137/?token=a%2Bb'],
  ])('is that of the page: %s', (page, expected) => {
    expect(websocketUrl(page)).toBe(expected);
  });
});

describe('settings in the address', () => {
  it('are read where they are known, and left at the default where not', () => {
    const settings = settingsFromUrl('#color=outcome&camera=top&trails=nonsense&panel=off', true);
    expect(settings).toEqual({
      colorBy: 'outcome',
      camera: 'top',
      trails: 'recent',
      theme: 'dark',
      panel: false,
      isolation: null,
      rollout: null,
    });
  });

  it.each([
    ['', ''],
    ['#t=12.3&rollout=7&color=expert', 't=12.3&rollout=7&color=expert'],
    [
      '#speed=0.1&theme=dark&panel=off&trails=off&camera=follow&t=0',
      't=0&trails=off&camera=follow&theme=dark&panel=off&speed=0.1',
    ],
    ['#t=-1&rollout=1.5&speed=9&color=blue&x=y', ''],
    ['#t=Infinity&rollout=&speed=fast', ''],
    ['#speed=1&theme=light', ''],
  ])('are written as they are read: %s', (hash, written) => {
    expect(hashOf(settingsFromUrl(hash, false), momentFromUrl(hash), false)).toBe(written);
  });

  it('go round when cycled, and listeners learn of it', () => {
    const store = new SettingsStore(settingsFromUrl('', false));
    const seen: string[] = [];
    store.subscribe(({ colorBy }) => seen.push(colorBy));
    for (let i = 0; i < 3; i++) store.cycle('colorBy');
    expect(seen).toEqual(['mode', 'expert', 'outcome', 'mode']);
  });
});

describe('the palette', () => {
  it.each(['light', 'dark'] as const)(
    'gives every mode, expert and outcome a colour of its own (%s)',
    (theme) => {
      const palette = makePalette(theme, 24);
      for (const [by, count] of [
        ['mode', 24],
        ['expert', 64],
        ['outcome', 3],
      ] as const) {
        const colors = Array.from({ length: count }, (_, category) => css(palette.color(by, category)));
        expect(new Set(colors).size).toBe(count);
        expect(colors).not.toContain(css(palette.color(by, -1)));
      }
    },
  );
});
