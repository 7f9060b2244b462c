import type { Task } from '../envs/task.ts';
import { ConfigError, UsageError } from '../src/errors.ts';
import type { EnvKwargs } from '../src/gym/registry.ts';
import { didYouMean } from '../src/nearest-name.ts';
import type { Rng } from '../src/random.ts';

/** What to demonstrate. */
export interface DemonstrationRequest {
  /** The task, already reset; to be read, not stepped. */
  readonly task: Task;
  /** Index of the way in which the task is to be solved. */
  readonly mode: number;
  /** All the randomness that this demonstration may use. */
  readonly rng: Rng;
  /**
   * How long all demonstrations look alike before they branch into modes: 0 branches at the first step, 1 as late as
   * people do.
   */
  readonly trunk: number;
}

/** One attempt at a demonstration, driven step by step. */
export interface Pilot {
  /**
   * Chooses the next action.
   *
   * @param observation - shape `[Do]`, as the environment returned it.
   * @returns shape `[Da]`, or null when the demonstration is over.
   */
  act(observation: Float32Array): Float32Array | null;
}

/** Demonstrates one environment, in every one of its modes. */
export interface Demonstrator {
  readonly envId: string;
  /** Author named in the provenance of the episodes. */
  readonly name: string;
  /** Arguments under which the environment is made for recording and replay. */
  readonly envKwargs: EnvKwargs;
  begin(request: DemonstrationRequest): Pilot;
}

type Entry = () => Promise<Demonstrator>;

/** The demonstrators by environment id; a new one is a file and a line here. */
const entries: Readonly<Record<string, Entry>> = {
  'Aligning-v0': async () => (await import('./aligning.ts')).aligningDemonstrator,
  'Avoiding-v0': async () => (await import('./avoiding.ts')).avoidingDemonstrator,
  'BlockPush-v0': async () => (await import('./block-push.ts')).blockPushDemonstrator,
  'Reach-v0': async () => (await import('./reach.ts')).reachDemonstrator,
  'Pushing-v0': async () => (await import('./pushing.ts')).pushingDemonstrator,
  'PushT-v0': async () => (await import('./push-t.ts')).pushTDemonstrator,
  'Sorting2-v0': async () => (await import('./sorting.ts')).sortingDemonstrator(1),
  'Sorting4-v0': async () => (await import('./sorting.ts')).sortingDemonstrator(2),
  'Sorting6-v0': async () => (await import('./sorting.ts')).sortingDemonstrator(3),
  'TableTennis-v0': async () => (await import('./table-tennis.ts')).tableTennisDemonstrator,
};

/** Demonstrators of tasks from outside the project. */
const added = new Map<string, Demonstrator>();

/** Makes a demonstrator known whose task is not one of the project's. @throws UsageError when its task has one. */
export function registerDemonstrator(demonstrator: Demonstrator): void {
  const { envId } = demonstrator;
  if (demonstratedEnvs().includes(envId)) {
    throw new UsageError({ what: `'${envId}' has a demonstrator already` });
  }
  added.set(envId, demonstrator);
}

/** Lists the ids of the environments that have a demonstrator. */
export function demonstratedEnvs(): readonly string[] {
  return [...Object.keys(entries), ...added.keys()];
}

/**
 * Loads the demonstrator of an environment.
 *
 * @throws UsageError when there is none; the nearest id is suggested.
 */
export async function demonstratorFor(envId: string): Promise<Demonstrator> {
  const known = added.get(envId);
  if (known !== undefined) return known;
  const entry = Object.hasOwn(entries, envId) ? entries[envId] : undefined;
  if (entry === undefined) {
    throw new UsageError({
      what: `No demonstrator is known for '${envId}'`,
      remedy: didYouMean(envId, demonstratedEnvs()),
    });
  }
  return entry();
}

/** Refuses a trunk setting outside 0 .. 1. @throws ConfigError */
export function checkTrunk(trunk: number): void {
  if (trunk >= 0 && trunk <= 1) return;
  throw new ConfigError({
    what: 'The trunk setting is out of range',
    where: 'trunk',
    found: String(trunk),
    expected: 'a number from 0 (branch at the first step) to 1 (as late as people do)',
  });
}
