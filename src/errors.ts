/** What an error tells its reader; the parts that apply are joined into one message. */
export interface ErrorReport {
  /** What went wrong, as a sentence without a full stop. */
  readonly what: string;
  /** File, field, index or flag at which it happened. */
  readonly where?: string;
  readonly found?: string;
  readonly expected?: string;
  /** What the reader can do about it. */
  readonly remedy?: string;
}

/** Joins the parts of a report into the one message that people see. */
function message(report: ErrorReport): string {
  const parts = [report.what];
  if (report.where !== undefined) parts.push(`where: ${report.where}`);
  if (report.found !== undefined) parts.push(`found: ${report.found}`);
  if (report.expected !== undefined) parts.push(`expected: ${report.expected}`);
  if (report.remedy !== undefined) parts.push(`remedy: ${report.remedy}`);
  return parts.join('\n  ');
}

/** The root of all errors that modewise raises on purpose; anything else that escapes is a bug. */
export class ModewiseError extends Error {
  readonly report: ErrorReport;

  constructor(report: ErrorReport, options?: ErrorOptions) {
    super(message(report), options);
    this.name = new.target.name;
    this.report = report;
  }
}

/** The command was used wrongly: unknown verb, flag, key or name. The command line exits with 2. */
export class UsageError extends ModewiseError {}

/** No environment is registered under this name. */
export class UnregisteredEnvError extends UsageError {}

/** The environment exists, but not in this version. */
export class EnvVersionError extends UsageError {}

/** A configuration value is unknown, of the wrong type, or out of its range. */
export class ConfigError extends UsageError {}

/** The output location exists already, and neither overwriting nor resuming was asked for. */
export class OutputExistsError extends UsageError {}

/** `step` or `render` was called before `reset`, or after the episode ended. */
export class ResetNeededError extends ModewiseError {}

/** An action has the wrong shape, is not finite, or lies outside the action space. */
export class InvalidActionError extends ModewiseError {}

/** A space was built from bounds or shapes that do not fit together, or a value is not a member of it. */
export class SpaceError extends ModewiseError {}

/** An environment breaks the Gymnasium contract; raised by `checkEnv`. */
export class EnvCheckError extends ModewiseError {}

/** One environment of a vector failed. */
export interface EnvFailure {
  /** Index of the environment in the vector. */
  readonly env: number;
  /** What it threw; from a worker thread rebuilt with its class, message and stack. */
  readonly error: Error;
}

/**
 * Some environments of a vector threw in `step` or `reset`; the others did what was asked of them and stay usable. The
 * cause is what the first of them threw.
 */
export class VectorEnvError extends ModewiseError {
  /** In the order of the environments. */
  readonly failures: readonly EnvFailure[];
  /** What the call would have returned: the failed environments' rows are those of before, marked as truncated. */
  readonly result: unknown;

  constructor(report: ErrorReport, failures: readonly EnvFailure[], result: unknown) {
    super(report, { cause: failures[0]?.error });
    this.failures = failures;
    this.result = result;
  }
}

/** A worker thread ended before its work was done. */
export class WorkerDiedError extends ModewiseError {}

/** A dataset folder is missing, damaged, of another format, or does not fit the task. */
export class DatasetError extends ModewiseError {}

/** A saved policy or checkpoint is missing, damaged, or of another version. */
export class CheckpointError extends ModewiseError {}

/** A tensor backend was asked for and cannot run here, or failed while running. */
export class BackendError extends ModewiseError {}

/** Data handed to a fit cannot be fitted: not finite, of the wrong shape, too few, or without what is to be told apart. */
export class FitError extends ModewiseError {}

/** Training produced a value that is not finite. */
export class DivergenceError extends ModewiseError {}

/** The streaming server could not start, or a peer broke the protocol. */
export class StreamError extends ModewiseError {}

/** A recording is missing, damaged, or not one of ours. */
export class RecordingError extends ModewiseError {}

/** The user asked to stop; what was finished has been kept. The command line exits with 130. */
export class InterruptedError extends ModewiseError {}
