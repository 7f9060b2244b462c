import { CheckpointError } from '../errors.ts';
import type { NormalizedData } from './normalized-data.ts';
import type { Checkpoint, Json } from './training-run.ts';

/** What a checkpoint must have been made with to be continued. */
export interface RunIdentity {
  /** What is learned from. */
  readonly problem: NormalizedData;
  /** What is held out of it, where that is not a part of `problem`. */
  readonly heldOut?: { readonly problem: NormalizedData } | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

/** Puts the identity of a training into plain JSON, as part of a checkpoint's state. */
export function describeIdentity({ config, heldOut, seed, problem }: RunIdentity): {
  readonly [key: string]: Json;
} {
  const data = [...problem.fingerprint(), ...(heldOut?.problem.fingerprint() ?? [])];
  return { config: config as { readonly [key: string]: Json }, seed, data };
}

/** @throws CheckpointError when the checkpoint was made with another configuration, seed or data. */
export function requireIdentity(saved: Checkpoint, identity: RunIdentity): void {
  for (const [key, expected] of Object.entries(describeIdentity(identity))) {
    if (inOrder(saved.state[key]) === inOrder(expected)) continue;
    throw new CheckpointError({
      what: `The checkpoint was made with another ${key}`,
      found: JSON.stringify(saved.state[key]),
      expected: JSON.stringify(expected),
      remedy: 'resume with what the training began with, or start a new one',
    });
  }
}

/** Writes JSON with its keys sorted: in which order a schema lists its settings makes no difference. */
function inOrder(value: Json | undefined): string | undefined {
  return JSON.stringify(value, (_, part: Json) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
