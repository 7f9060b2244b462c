import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from './failure.ts';
import { listenForInterrupt } from './interrupt.ts';
import { Progress } from './progress.ts';

/** The flags that every verb has. */
export interface CommonOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly seed: number;
}

/** What a verb works with beside its own arguments. */
export interface VerbContext<Options> {
  readonly options: Options & CommonOptions;
  readonly progress: Progress;
  /** Aborted by the first Ctrl-C: finish the episode or save a checkpoint, then return. */
  readonly signal: AbortSignal;
  /** Says whether an option was typed, or holds its default. */
  given(option: string): boolean;
  /** Monotonic time, milliseconds. */
  clock(): number;
  /** Writes a line for people to stderr; silent under `--quiet`. */
  say(line: string): void;
  /** Prints a result at once, for a verb that goes on afterwards and then returns null. */
  print(result: Pick<VerbResult, 'json' | 'text'>): void;
  /** Writes a line to stderr even under `--quiet`. */
  warn(line: string): void;
}

/** What a verb hands to stdout. */
export interface VerbResult {
  /** The one object printed under `--json`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The same for people; nothing is printed when it is empty. */
  readonly text: string;
  readonly exitCode?: number;
  /** Written to stderr after the result, even under `--quiet`: why the exit code is not 0. */
  readonly warning?: string;
}

/** Parses a whole number of at least `minimum`, for commander. */
export function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `from ${minimum} to ${maximum}`;
      throw new InvalidArgumentError(`It must be a whole number ${range}.`);
    }
    return value;
  };
}

/** Parses a finite number within [minimum, maximum], for commander. */
export function numberWithin(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= minimum && value <= maximum)) {
      throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** Collects a repeatable option, for commander. */
export function repeated(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, text];
}

export interface VerbSettings {
  /** Pasteable command lines, each with what it does. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** What `--seed` decides here. */
  readonly seedMeaning: string;
  /** Said at the first Ctrl-C. */
  readonly interruptMessage?: string;
}

/** Adds the common flags and the examples to a verb. */
function addCommonOptions(command: Command, settings: VerbSettings): void {
  command
    .addOption(new Option('--seed <n>', settings.seedMeaning).argParser(wholeNumber(0)).default(0))
    .option('--json', 'print exactly one JSON object on stdout', false)
    .option('--quiet', 'no progress on stderr', false)
    .addHelpText(
      'after',
      `\nExamples:\n${settings.examples.map(([line, meaning]) => `  $ ${line}\n      ${meaning}`).join('\n')}`,
    );
}

/**
 * Gives a commander command the flags that every verb has and the way it runs: progress on stderr, the result on
 * stdout, Ctrl-C as an abort signal. Errors pass through; `program.ts` words them.
 *
 * @param run - gets the positional arguments and the context.
 */
export function defineVerb<Options>(
  command: Command,
  settings: VerbSettings,
  run: (positional: readonly string[], context: VerbContext<Options>) => Promise<VerbResult | null>,
): Command {
  addCommonOptions(command, settings);
  return command.action(async () => {
    const options = command.opts() as Options & CommonOptions;
    const clock = () => performance.now();
    const progress = new Progress({ stream: process.stderr, clock, quiet: options.quiet });
    const warn = (line: string) => {
      progress.finish();
      process.stderr.write(`${line}\n`);
    };
    const { interruptMessage = 'stopping: what is finished is being saved' } = settings;
    const interrupt = listenForInterrupt(() =>
      warn(`${interruptMessage}; press Ctrl-C again to stop at once`),
    );
    const print = ({ json, text }: Pick<VerbResult, 'json' | 'text'>) => {
      progress.finish();
      if (options.json) process.stdout.write(`${JSON.stringify(json)}\n`);
      else if (text !== '') process.stdout.write(`${text}\n`);
    };
    try {
      const say = (line: string) => progress.log(line);
      const given = (option: string) => command.getOptionValueSource(option) === 'cli';
      const context = { options, progress, signal: interrupt.signal, given, clock, say, print, warn };
      const result = await run(command.args, context);
      if (result === null) return;
      print(result);
      if (result.warning !== undefined) warn(result.warning);
      process.exitCode = result.exitCode ?? EXIT.done;
    } finally {
      progress.finish();
      interrupt.dispose();
    }
  });
}
