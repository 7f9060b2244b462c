import type { SavedPolicy } from '../policies/saved-policy.ts';
import type { ControlChange } from '../stream/wire.ts';

/** What a page that acts by itself is given: a policy, and which episodes it is to act in. Plain JSON. */
export interface PagePolicy {
  /** The policy but for its weights. */
  readonly policy: Omit<SavedPolicy, 'arrays'>;
  /** Its weights: a safetensors file in base64. */
  readonly weights: string;
  /** Settings of acting that replace the saved ones. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** What it is, for people. */
  readonly description: string;
  /** R at first, and at most. */
  readonly rollouts: number;
  readonly maxRollouts: number;
  /** The same episodes as an evaluation with this seed, in the same order. */
  readonly seed: number;
}

/** Topic on which a page says what its hand does: a {@link HandMessage}, in JSON. */
export const HAND_TOPIC = '/hand';

/** A hand that pulls a moving part of a rollout to a place on the table, or lets go of what it has hold of. */
export interface HandMessage {
  readonly rollout: number;
  /** Where it pulls; null lets go. */
  readonly hold: {
    /** Index into the poses. */
    readonly part: number;
    /** World frame, metres. */
    readonly x: number;
    readonly y: number;
  } | null;
}

/** What the page tells its worker. */
export type PageOrder =
  | { readonly kind: 'begin'; readonly policy: PagePolicy }
  | { readonly kind: 'control'; readonly change: ControlChange }
  | { readonly kind: 'hand'; readonly hand: HandMessage };

/** What the worker tells the page: messages as a server would send them, or that it cannot go on. */
export type PageReport =
  | { readonly kind: 'message'; readonly topic: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failure'; readonly text: string };
