import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendName } from '../../src/tensor/backend.ts';
import { browserMissing, launchChromium } from './chromium.ts';
import { type TrainingOutcome, train } from './tensor-training.ts';

/** Bundles the training and all it imports into one script that defines `training`. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL('tensor-training.ts', import.meta.url)),
        formats: ['iife'],
        name: 'training',
      },
    },
  });
  const { output } = (Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput;
  return output[0].code;
}

/** Serves an empty page, with the headers that allow shared memory, or without. */
async function serve(isolated: boolean): Promise<Server> {
  const headers = isolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {};
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', ...headers }).end('<!doctype html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('training in Chromium', () => {
  const missing = browserMissing();
  let script = '';
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    if (missing === null) script = await bundle();
  });
  afterAll(async () => {
    for (const close of closing) await close();
  });

  async function trainIn(
    browser: Browser,
    name: BackendName | 'auto',
    isolated: boolean,
  ): Promise<TrainingOutcome> {
    closing.push(() => browser.close());
    const server = await serve(isolated);
    closing.push(() => server.close());
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.addScriptTag({ content: script });
    return page.evaluate<TrainingOutcome>(`training.train('${name}')`);
  }

  it('gives the bits of Node on the SIMD backend, with one thread and a note where shared memory is not allowed', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const node = await train('simd');
    const page = await trainIn(await launchChromium(), 'auto', false);
    expect(page.report).toMatchObject({ name: 'simd', threads: 1, deterministic: true });
    expect(page.report.notes.join()).toMatch(/one thread/);
    expect(page.weights).toBe(node.weights);
    expect(page.actions).toBe(node.actions);
    const found = new Map(page.probes.map((probe) => [probe.name, probe.missing]));
    expect(found.get('cuda')).toMatch(/runs in Node only/);
    expect(found.get('native')).toMatch(/runs in Node only/);
    expect([found.get('simd'), found.get('js')]).toEqual([null, null]);
  });

  it('gives the bits of Node on several threads where shared memory is allowed', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const node = await train('simd');
    const page = await trainIn(await launchChromium(), 'simd', true);
    expect(page.report.notes).toEqual([]);
    expect(page.report.threads).toBe(node.report.threads);
    expect(page.weights).toBe(node.weights);
  });

  it('runs on the WebGPU of the page, with the gradients of js', async (ctx) => {
    if (missing !== null) return ctx.skip(missing);
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--enable-unsafe-webgpu',
        '--use-webgpu-adapter=swiftshader',
        '--enable-features=Vulkan',
        '--use-gl=angle',
        '--use-angle=swiftshader',
        '--enable-unsafe-swiftshader',
      ],
    });
    const page = await trainIn(browser, 'js', false);
    const reason = page.probes.find(({ name }) => name === 'webgpu')?.missing;
    if (reason !== null) return ctx.skip(`this Chromium offers no WebGPU adapter: ${reason}`);
    const gpu = await trainIn(browser, 'webgpu', false);
    expect(gpu.report).toMatchObject({ name: 'webgpu', tfjsName: 'webgpu', software: true });
    expect(gpu.report.gradientError).toBeLessThan(1e-5);
  });
});
