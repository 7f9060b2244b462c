import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child process that answers lines of stdin with lines of JSON on stdout. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('the process has no output');
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Starts a command and waits for its first line.
   *
   * @returns the process and what it announced, or undefined when it ended without a word.
   */
  static async start<T>(
    command: string,
    args: readonly string[],
  ): Promise<{ process: LineProcess; hello: T } | undefined> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    child.on('error', () => {}); // a missing command ends the output, which is all that matters here
    const process = new LineProcess(child);
    const hello = await process.#next<T>();
    return hello === undefined ? undefined : { process, hello };
  }

  async #next<T>(): Promise<T | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : (JSON.parse(value) as T);
  }

  /** @throws Error when the process ends before it answers. */
  async ask<T>(line: string): Promise<T> {
    this.#child.stdin?.write(`${line}\n`);
    const answer = await this.#next<T>();
    if (answer === undefined)
      throw new Error(`a process of the benchmark ended: ${this.#child.spawnargs.join(' ')}`);
    return answer;
  }

  stop(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}
