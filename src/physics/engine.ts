import { init, VectorOps, World } from '@dimforge/rapier2d-deterministic-compat';
import { ModewiseError } from '../errors.ts';
import type { RawVector } from './body.ts';

let loading: Promise<void> | null = null;
let loaded = false;

/** Loads the physics engine (WebAssembly); once for the whole thread, however often it is called. */
export function loadPhysics(): Promise<void> {
  loading ??= init().then(() => {
    stopClock();
    loaded = true;
  });
  return loading;
}

/** @throws ModewiseError when {@link loadPhysics} has not been awaited. */
export function requirePhysics(): void {
  if (loaded) return;
  throw new ModewiseError({
    what: 'The physics engine is not loaded',
    remedy: 'await loadPhysics() before constructing a world',
  });
}

/**
 * Hands the engine a clock that stands still. It reads the time some twenty times a step, for a profiler that is off, which
 * costs a fifth of the step and allocates a number each time. It takes the thread's `performance` once, in its first step:
 * that step is made here, with another in its place; nothing else runs meanwhile.
 */
function stopClock(): void {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'performance');
  const isReplaceable = own === undefined || own.configurable === true;
  if (!isReplaceable) return;
  const world = new World({ x: 0, y: 0 });
  Object.defineProperty(globalThis, 'performance', { value: { now: () => 0 }, configurable: true });
  try {
    world.step();
  } finally {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'performance');
    else Object.defineProperty(globalThis, 'performance', own);
    world.free();
  }
}

/** Makes a vector in the engine's memory, (0, 0). The engine's `intoRaw` is what its own calls use; its types leave it out. */
export function rawVector(): RawVector {
  const ops = VectorOps as unknown as { intoRaw(v: { x: number; y: number }): RawVector };
  return ops.intoRaw({ x: 0, y: 0 });
}
