import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Picture, readPicture } from './picture.ts';

const root = join(import.meta.dirname, '../..');

/** Where the built page is. */
export const pageFolder = join(root, 'dist/viewer');
/** Where pictures of the page are kept. */
export const artifacts = join(root, 'test/artifacts');

/** Builds the page from the sources as they are, not from an earlier build. */
export function buildPage(): void {
  execFileSync(join(root, 'node_modules/.bin/vite'), ['build', '--logLevel', 'warn'], { cwd: root });
  mkdirSync(artifacts, { recursive: true });
}

/** A page in a browser, with all that went wrong in it and all addresses that it asked for. */
export interface PageUnderTest {
  readonly page: Page;
  readonly problems: readonly string[];
  readonly requests: readonly string[];
}

/** Opens an empty page that is watched. */
export async function newPage(
  browser: Browser,
  viewport: { readonly width: number; readonly height: number } = { width: 1280, height: 800 },
): Promise<PageUnderTest> {
  const page = await browser.newPage({ viewport, reducedMotion: 'reduce', acceptDownloads: true });
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  page.on('websocket', (socket) => requests.push(socket.url()));
  return { page, problems, requests };
}

/** Takes a picture once everything asked for has been drawn; `reader` is an empty page that reads it. */
export async function takePicture(page: Page, reader: Page, name: string): Promise<Picture> {
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  const png = await page.screenshot();
  writeFileSync(join(artifacts, `${name}.png`), png);
  return readPicture(reader, png);
}
