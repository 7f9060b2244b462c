import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StreamError } from '../../../src/errors.ts';
import { type StreamServer, startStreamServer } from '../../../src/stream/server.ts';

interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

let folder: string;
let server: StreamServer;

/** Asks for a path exactly as given: `fetch` would tidy it up first. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ code: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-page-'));
  const page = join(folder, 'page');
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<title>page</title>');
  writeFileSync(join(page, 'icon.svg'), '<svg/>');
  writeFileSync(join(page, 'assets', 'main-1a2b.js'), `// ${'x'.repeat(5000)}`);
  writeFileSync(join(page, 'assets', 'data.bin'), 'bytes');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(page, 'link.txt'));
  server = await startStreamServer({ port: 0, page });
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('the files of the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/index.html?token=1#x', 'text/html; charset=utf-8'],
    ['/icon.svg', 'image/svg+xml'],
    ['/assets/main-1a2b.js', 'text/javascript; charset=utf-8'],
    ['/assets/data.bin', 'application/octet-stream'],
  ])('are served with their type: %s', async (path, type) => {
    const answer = await ask(path);
    expect(answer.code).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
  });

  it('are kept by the browser only when their name changes with their content', async () => {
    expect((await ask('/')).headers['cache-control']).toBe('no-cache');
    expect((await ask('/assets/main-1a2b.js')).headers['cache-control']).toContain('immutable');
  });

  it('are compressed for those who ask for it', async () => {
    const plain = await ask('/assets/main-1a2b.js');
    const zipped = await ask('/assets/main-1a2b.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.body.byteLength).toBeLessThan(plain.body.byteLength);
    expect(gunzipSync(zipped.body)).toEqual(plain.body);
  });

  it('are the only ones that can be reached', async () => {
    const paths = [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/..%5csecret.txt',
      '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
      `//${join(folder, 'secret.txt')}`,
      join(folder, 'secret.txt'),
      '/link.txt',
      '/index.html%00.txt',
      '/assets',
      '/assets/',
      '/__proto__',
      '/%',
      '*',
    ];
    for (const path of paths) {
      const answer = await ask(path);
      expect([path, answer.code]).toEqual([path, 404]);
      expect(answer.body.toString()).not.toContain('secret');
    }
  });

  it('can be read and asked about, not changed', async () => {
    const head = await ask('/', { method: 'HEAD' });
    expect([head.code, head.body.byteLength]).toEqual([200, 0]);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await ask('/', { method });
      expect(answer.code).toBe(405);
      expect(answer.headers.allow).toBe('GET, HEAD');
    }
  });

  it('must have been built', async () => {
    const missing = startStreamServer({ port: 0, page: join(folder, 'nowhere') });
    await expect(missing).rejects.toThrow(StreamError);
    await expect(missing).rejects.toThrow(/not been built[\s\S]*npm run build/);
    await expect(startStreamServer({ port: 0, page: join(folder, 'page', 'assets') })).rejects.toThrow(
      /not been built/,
    );
  });
});

describe('a server without a page', () => {
  it('says what it is for', async () => {
    await server.close();
    server = await startStreamServer({ port: 0 });
    const answer = await ask('/');
    expect(answer.code).toBe(404);
    expect(answer.body.toString()).toContain('Foxglove WebSocket protocol');
  });
});
