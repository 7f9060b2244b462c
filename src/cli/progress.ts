/** Where progress is written: `process.stderr`, or a fake one in tests. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** Milliseconds, from any origin. */
  clock(): number;
  /** Writes nothing at all. */
  readonly quiet: boolean;
  /** Least time between two lines when the stream is no terminal, milliseconds. */
  readonly lineEveryMs?: number;
}

const BAR_WIDTH = 24;
/** A terminal is redrawn at most this often, milliseconds. */
const REDRAW_EVERY_MS = 60;

/** Words a duration in seconds: `8 s`, `1 min 20 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * Shows how far a task is: a bar that is redrawn on a terminal, one line every few seconds elsewhere. Writes to
 * stderr only, so that stdout holds nothing but results.
 */
export class Progress {
  readonly #options: ProgressOptions;
  #label = '';
  #startedAt = 0;
  #startedFrom = 0;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #barShown = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /**
   * Begins a new task, such as one phase of the quickstart.
   *
   * @param from - units that an earlier, resumed run has finished: they must not count into the speed.
   */
  start(label: string, from = 0): void {
    this.finish();
    this.#label = label;
    this.#startedAt = this.#options.clock();
    this.#startedFrom = from;
    // a line elsewhere than on a terminal comes only after a while: short tasks stay silent
    this.#lastWriteAt = this.#options.stream.isTTY ? Number.NEGATIVE_INFINITY : this.#startedAt;
  }

  /**
   * Reports that `done` of `total` units are finished.
   *
   * @param note - a short text behind the bar, such as the running success rate.
   */
  update(done: number, total: number, note = ''): void {
    const { stream, clock, quiet, lineEveryMs = 4000 } = this.#options;
    if (quiet) return;
    const now = clock();
    const wait = stream.isTTY ? REDRAW_EVERY_MS : lineEveryMs;
    if (now - this.#lastWriteAt < wait && !(stream.isTTY && done >= total)) return;
    this.#lastWriteAt = now;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const perUnit = (now - this.#startedAt) / Math.max(1, done - this.#startedFrom);
    const left =
      done > this.#startedFrom && done < total ? formatDuration(((total - done) * perUnit) / 1000) : '';
    const counts = `${done}/${total}`;
    const tail = [note, left === '' ? '' : `${left} left`].filter((part) => part !== '').join(' · ');
    if (stream.isTTY) {
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      const line = `${this.#label} ${bar} ${counts} ${tail}`;
      // a terminal that does not tell its width says 0
      stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, (stream.columns || 80) - 1))}`);
      this.#barShown = true;
    } else {
      stream.write(`${this.#label} ${counts}${tail === '' ? '' : ` · ${tail}`}\n`);
    }
  }

  /** Writes one line to the stream, above the bar if there is one. */
  log(line: string): void {
    if (this.#options.quiet) return;
    this.#clearBar();
    this.#options.stream.write(`${line}\n`);
  }

  /** Takes the bar away; the next `update` draws it again. */
  finish(): void {
    this.#clearBar();
  }

  #clearBar(): void {
    if (this.#barShown) this.#options.stream.write('\r\x1b[2K');
    this.#barShown = false;
  }
}
