import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { CheckpointError, InterruptedError, UsageError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';

/** Files of a reproduction's folder. */
export const reproductionFiles = {
  header: 'reproduction.json',
  units: 'units.jsonl',
  report: 'report.md',
  results: 'results.json',
} as const;

/** What a folder of results belongs to; results of another kind must not be mixed with it. */
export interface RunIdentity {
  readonly name: string;
  readonly quick: boolean;
  readonly seed: number;
}

const FORMAT = 'modewise-reproduction';

/** Reads what a folder's results belong to; undefined when it is no folder of a reproduction. */
export function readIdentity(folder: string): RunIdentity | undefined {
  try {
    const header = JSON.parse(readFileSync(join(folder, reproductionFiles.header), 'utf8'));
    return header.format === FORMAT ? header : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Work divided into units, each with a name and a result that is plain JSON. A finished unit is on disk, and after a
 * kill it is not done again.
 */
export class Units {
  readonly #file: string;
  readonly #done = new Map<string, unknown>();
  readonly #signal: AbortSignal;
  readonly #onUnit: (done: number, name: string) => void;
  #finished = 0;

  /**
   * Begins or continues the work of a folder.
   *
   * @param onUnit - told how many units are finished, and which is begun.
   * @throws UsageError when the folder holds the results of another reproduction, scale or seed.
   * @throws CheckpointError when a line of the finished units other than the last is damaged.
   */
  constructor(
    folder: string,
    identity: RunIdentity,
    options: { readonly signal: AbortSignal; readonly onUnit?: (done: number, name: string) => void },
  ) {
    this.#signal = options.signal;
    this.#onUnit = options.onUnit ?? (() => {});
    this.#file = join(folder, reproductionFiles.units);
    makeFolder(folder);
    const { name, quick, seed } = identity;
    const existing = readIdentity(folder);
    if (existing === undefined) {
      const header = { format: FORMAT, name, quick, seed };
      writeDurably(join(folder, reproductionFiles.header), `${JSON.stringify(header, null, 2)}\n`);
    } else if (existing.name !== name || existing.quick !== quick || existing.seed !== seed) {
      const say = (run: RunIdentity) => `${run.name}${run.quick ? ' --quick' : ''} --seed ${run.seed}`;
      throw new UsageError({
        what: 'The folder holds the results of another run',
        where: folder,
        found: say(existing),
        expected: say(identity),
        remedy: 'choose another folder',
      });
    }
    this.#load();
  }

  #load(): void {
    if (!existsSync(this.#file)) return;
    const text = readFileSync(this.#file, 'utf8');
    // a kill can cut the last line short: what it held is done again
    const whole = text.lastIndexOf('\n') + 1;
    const lines = text.slice(0, whole).split('\n').slice(0, -1);
    lines.forEach((line, index) => {
      try {
        const { key, result } = JSON.parse(line);
        this.#done.set(key, result);
      } catch (cause) {
        throw new CheckpointError(
          {
            what: 'A finished unit cannot be read',
            where: `${this.#file}:${index + 1}`,
            remedy: 'delete this line; the unit is then done again',
          },
          { cause },
        );
      }
    });
    if (whole < text.length) truncateSync(this.#file, Buffer.byteLength(text.slice(0, whole)));
  }

  /**
   * Does a unit of work, or takes its result from disk.
   *
   * @param work - its result must survive JSON: no functions, no typed arrays, no numbers that are not finite.
   * @throws InterruptedError when stopping was asked for.
   */
  async do<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    if (!this.#done.has(key)) {
      await this.breathe();
      this.#onUnit(this.#finished, key);
      const line = JSON.stringify({ key, result: await work() });
      appendFileSync(this.#file, `${line}\n`, { flush: true });
      // what a resumed run reads is what this one goes on with
      this.#done.set(key, JSON.parse(line).result);
    }
    this.#finished++;
    return this.#done.get(key) as T;
  }

  /**
   * Lets signals be noticed between two pieces of long work.
   *
   * @throws InterruptedError when stopping was asked for.
   */
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#signal.aborted) return;
    throw new InterruptedError({
      what: 'The reproduction was stopped',
      found: `${this.#done.size} finished units, kept in ${this.#file}`,
      remedy: 'the same command with --resume goes on from there',
    });
  }
}
