/** What the server and the clients of the stream benchmark agree on. */

export const CLIENTS = 16;
export const ROLLOUTS = 100;
/** Gate probabilities of each rollout, as many as `watch` sends. */
export const GATE_ENTRIES = 4;
/** Control steps of 35 ms, one frame each. */
export const FRAME_MS = 35;
export const SECONDS = 8;
export const FRAMES = Math.floor((1000 * SECONDS) / FRAME_MS);
/** Bytes that stand before a frame in the protocol's message data, and in that of the bare server. */
export const HEADER_BYTES = 13;

/** What a server says of itself after its last frame. */
export interface ServerFigures {
  /** CPU time over wall time. */
  readonly coreShare: number;
  readonly rssMegabytes: number;
}
