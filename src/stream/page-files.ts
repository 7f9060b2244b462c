import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { StreamError } from '../errors.ts';

const mimeTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** The page talks to nobody but its own server. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; " +
  "base-uri 'none'; form-action 'none'";

interface PageFile {
  readonly body: Buffer;
  readonly gzip: Buffer | null;
  readonly type: string;
  /** The name carries a hash of the content. */
  readonly immutable: boolean;
}

/** Answers a request for a file of the page. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Reads the built page into memory and serves exactly those files. A request is looked up in the list of files
 * read at the start and never turned into a path, so nothing outside the folder can be reached.
 *
 * @param directory - the built page, holding `index.html`.
 * @throws StreamError when the folder holds no page.
 */
export function servePage(directory: string): PageHandler {
  const files = readPage(directory);
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(request, response, 405, 'only GET and HEAD are answered', { allow: 'GET, HEAD' });
      return;
    }
    const path = requestPath(request.url ?? '/');
    const file = path === null ? undefined : files.get(path === '/' ? '/index.html' : path);
    if (file === undefined) {
      answer(request, response, 404, 'not found');
      return;
    }
    const zipped = file.gzip !== null && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    const body = zipped && file.gzip !== null ? file.gzip : file.body;
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': body.byteLength,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      vary: 'accept-encoding',
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** Answers every request with a hint, where a server has no page. */
export const serveHint: PageHandler = (request, response) =>
  answer(request, response, 404, 'This port speaks the Foxglove WebSocket protocol; it serves no page.');

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = `${text}\n`;
  response.writeHead(code, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Takes the decoded path out of a request target; null when it cannot be decoded. */
function requestPath(target: string): string | null {
  const path = target.split(/[?#]/, 1)[0] ?? '/';
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function readPage(directory: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  let entries: ReturnType<typeof listFiles> = [];
  try {
    entries = listFiles(directory);
  } catch (error) {
    throw pageMissing(directory, { cause: error });
  }
  for (const path of entries) {
    const extension = extname(path);
    const body = readFileSync(path);
    const type = mimeTypes[extension] ?? 'application/octet-stream';
    const compressible = /^text\/|json|svg|wasm/.test(type) && body.byteLength > 1024;
    const url = `/${relative(directory, path).split(sep).join('/')}`;
    files.set(url, {
      body,
      gzip: compressible ? gzipSync(body) : null,
      type,
      immutable: url.startsWith('/assets/'),
    });
  }
  if (!files.has('/index.html')) throw pageMissing(directory);
  return files;
}

/** Lists the regular files below a folder; links are left out, they may lead elsewhere. */
function listFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

function pageMissing(directory: string, options?: ErrorOptions): StreamError {
  return new StreamError(
    {
      what: 'the viewer page has not been built',
      where: directory,
      expected: 'a folder with index.html',
      remedy: 'run `npm run build`',
    },
    options,
  );
}
