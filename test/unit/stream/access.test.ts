import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type StreamServer, startStreamServer } from '../../../src/stream/server.ts';

const PROTOCOL = 'foxglove.websocket.v1';
let server: StreamServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

/** Opens a websocket: 'open', or the HTTP status with which it was refused. */
function knock(
  url: string,
  options: { readonly headers?: Record<string, string>; readonly protocols?: string[] } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const { headers = {}, protocols = [PROTOCOL] } = options;
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers });
    socket.on('open', () => {
      socket.terminate();
      resolve('open');
    });
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      socket.terminate();
      resolve(String(response.statusCode));
    });
    socket.on('error', () => undefined);
  });
}

describe('who may open a websocket', () => {
  it.each([
    [{}, 'open'],
    [{ origin: 'http://127.0.0.1:8137' }, 'open'],
    [{ origin: 'http://localhost:9000' }, 'open'],
    [{ origin: 'https://app.foxglove.dev' }, 'open'],
    [{ origin: 'https://lab.example', host: 'lab.example' }, 'open'],
    [{ origin: 'https://lab.example', 'x-forwarded-host': 'lab.example' }, 'open'],
    [{ origin: 'https://evil.example' }, '403'],
    [{ origin: 'http://127.0.0.1.evil.example' }, '403'],
    [{ origin: 'null' }, '403'],
  ])('on this machine, with headers %o: %s', async (headers, expected) => {
    server = await startStreamServer({ port: 0 });
    expect(await knock(server.url, { headers: headers as Record<string, string> })).toBe(expected);
  });

  it('must speak the protocol', async () => {
    server = await startStreamServer({ port: 0 });
    expect(await knock(server.url, { protocols: [] })).toBe('400');
    expect(await knock(server.url, { protocols: ['something-else'] })).toBe('400');
    expect(await knock(server.url, { protocols: ['something-else', PROTOCOL] })).toBe('open');
  });

  it('must bring the token where one is set', async () => {
    server = await startStreamServer({ port: 0, token: 'abc123' });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/?token=abc123`);
    expect(await knock(server.url)).toBe('open');
    const bare = `http://127.0.0.1:${server.port}/`;
    expect(await knock(bare)).toBe('401');
    expect(await knock(`${bare}?token=abc124`)).toBe('401');
    expect(await knock(`${bare}?token=`)).toBe('401');
    expect(await knock(bare, { headers: { authorization: 'Bearer abc123' } })).toBe('open');
  });

  it('gets a token made up when the server can be reached from other machines', async () => {
    server = await startStreamServer({ port: 0, host: '0.0.0.0' });
    expect(server.url).toMatch(/\?token=[0-9a-f]{32}$/);
    expect(await knock(`http://127.0.0.1:${server.port}/`)).toBe('401');
  });

  it('waits outside when too many are in', async () => {
    server = await startStreamServer({ port: 0 });
    const sockets: WebSocket[] = [];
    for (let i = 0; i < 64; i++) {
      const socket = new WebSocket(server.url.replace('http', 'ws'), [PROTOCOL]);
      sockets.push(socket);
      await new Promise((resolve) => socket.once('open', resolve));
    }
    expect(await knock(server.url)).toBe('503');
    for (const socket of sockets) socket.terminate();
  });
});
