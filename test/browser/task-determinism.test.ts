import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import { list } from '../../src/gym/registry.ts';
import { spawnWorker } from '../../src/spawn-worker.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { trajectories } from './task-trajectories.ts';

/** Bundles the trajectories and all they import into one script that defines `tasks`. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL('task-trajectories.ts', import.meta.url)),
        formats: ['iife'],
        name: 'tasks',
      },
    },
  });
  const { output } = (Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput;
  return output[0].code;
}

describe('the same seed and actions', () => {
  let expected: string[];

  beforeAll(async () => {
    expected = await trajectories();
    expect(expected).toEqual(expect.arrayContaining(list().map(({ id }) => id)));
    expect(new Set(expected).size).toBeGreaterThan(3000);
  });

  it('give the same bits when they run again', async () => {
    expect(await trajectories()).toEqual(expected);
  });

  it('give the same bits in two worker threads at once', async () => {
    const workers = [0, 1].map(() => spawnWorker('./task-trajectories-worker', import.meta.url));
    const results = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
    await Promise.all(workers.map((worker) => worker.terminate()));
    expect(results).toEqual([expected, expected]);
  });

  it('give the same bits in Chromium', async (ctx) => {
    const missing = browserMissing();
    if (missing !== null) ctx.skip(missing);
    const script = await bundle();
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.addScriptTag({ content: script });
      const lines = await page.evaluate<string[]>('tasks.trajectories()');
      expect(lines).toEqual(expected);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
