import { setTimeout } from 'node:timers/promises';
import { startStreamServer } from '../stream/server.ts';
import { Operators } from './operators.ts';
import type { TeleoperationSession } from './session.ts';

/** Longest sleep of the loop, milliseconds: how soon it notices a Ctrl-C or a button. */
const IDLE_MS = 15;
/** A loop that is later than this gives up catching up, milliseconds. */
const MAX_LAG_MS = 200;

/** How a session is served. */
export interface ServeOptions {
  /** Stays open. */
  readonly session: TeleoperationSession;
  readonly port: number;
  readonly host: string;
  /** Folder of the built page. */
  readonly page: string;
  /** Saved episodes after which it ends. */
  readonly episodes: number;
  /** Ends it; an episode that is being saved is saved first. */
  readonly signal: AbortSignal;
  /** Monotonic time, milliseconds. */
  clock(): number;
  /** Milliseconds since the epoch. */
  wallClock(): number;
  /** Told the address once the page is served. */
  onServing(facts: { readonly url: string; readonly port: number }): void;
  /** Told of every saved episode. */
  onSaved(): void;
}

/**
 * Serves the page and the stream, and steps the session at the control rate while somebody drives, until enough is saved or
 * the signal is aborted.
 *
 * @throws StreamError when the port is taken or the page has not been built; what environment and dataset throw.
 */
export async function serveTeleoperation(options: ServeOptions): Promise<void> {
  const { clock, host, page, port, session, signal, wallClock } = options;
  const { frame, task } = session;
  let isServing = false;
  const publish = () => {
    server.publishFrame(frame);
    server.publishTeleoperation(operators.message);
  };
  const operators = new Operators(session, () => {
    if (isServing) publish();
  });
  const server = await startStreamServer({ port, host, page, clock: wallClock, inbox: operators });
  try {
    const settings = { paused: false, speed: 1 };
    const publishStatus = () => {
      const policy = `by hand: ${session.state.operatorName}`;
      server.publishStatus({ policy, ...settings, rollouts: 1, maxRollouts: 1 });
    };
    const { dtSeconds } = task;
    const facts = { env: session.envId, modes: task.behavior.modes, components: 0, dtSeconds };
    server.publishScene(task.scene, facts);
    publishStatus();
    server.onControl(({ paused = settings.paused, speed = settings.speed }) => {
      Object.assign(settings, { paused, speed });
      publishStatus();
    });
    isServing = true;
    publish();
    options.onServing({ url: server.url, port: server.port });
    let due = clock();
    while (session.saved < options.episodes) {
      if (session.phase === 'saving') {
        const { saved } = session;
        // sent before the replay takes its time
        await setTimeout(0);
        await session.advance();
        if (session.saved > saved) options.onSaved();
        publish();
        continue;
      }
      if (signal.aborted) break;
      const now = clock();
      if (!session.isMoving || settings.paused) {
        await setTimeout(IDLE_MS);
        due = clock();
      } else if (now < due) await setTimeout(Math.min(IDLE_MS, due - now));
      else {
        await session.advance();
        publish();
        due = Math.max(due + (1000 * dtSeconds) / settings.speed, now - MAX_LAG_MS);
        // lets the sockets breathe when the loop cannot keep up
        await setTimeout(0);
      }
    }
  } finally {
    await server.close();
  }
}
