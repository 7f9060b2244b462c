import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

/** Pages of stock Foxglove clients, which connect from their own site to a server on this machine. */
const foxgloveOrigins = new Set(['https://app.foxglove.dev', 'https://studio.foxglove.dev']);

/** Says whether a host name means this machine only. */
export function isLoopback(host: string): boolean {
  return loopbackNames.has(host);
}

/**
 * Says whether the page that opens a websocket may do so. Browsers let any site connect to a port of this
 * machine; only our own page (also through a forwarded port or a proxy that says which host it stands for) and
 * Foxglove's are let in. Programs send no origin.
 */
export function isOriginAllowed(request: IncomingMessage): boolean {
  const origin = request.headers.origin;
  if (origin === undefined || foxgloveOrigins.has(origin)) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    // desktop applications send 'null' or a scheme of their own; no web site can
    return origin !== 'null';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return true;
  if (isLoopback(url.hostname)) return true;
  const forwarded = request.headers['x-forwarded-host'];
  return url.host === request.headers.host || url.host === forwarded;
}

/** Says whether a request carries the token, as `?token=` or as `Authorization: Bearer`. */
export function hasToken(request: IncomingMessage, token: string): boolean {
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const given = Buffer.from(query.get('token') ?? bearer ?? '');
  const wanted = Buffer.from(token);
  return given.byteLength === wanted.byteLength && timingSafeEqual(given, wanted);
}
