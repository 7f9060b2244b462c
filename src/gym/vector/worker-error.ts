import * as errors from '../../errors.ts';

/** An error in a form that can be sent between threads. */
export interface SentError {
  /** Name of its class. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What an error of modewise reports; absent for others. */
  readonly report?: errors.ErrorReport;
}

type ReportingClass = new (report: errors.ErrorReport) => errors.ModewiseError;

/** Puts an error into a form that can be sent. */
export function packError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };
  const { message, name, stack } = error;
  return error instanceof errors.ModewiseError
    ? { name, message, stack, report: error.report }
    : { name, message, stack };
}

/** Rebuilds an error with its message and its stack; those of modewise with their class too. */
export function unpackError({ message, name, report, stack }: SentError): Error {
  const named: unknown = (errors as Readonly<Record<string, unknown>>)[name];
  const known = typeof named === 'function' && named.prototype instanceof errors.ModewiseError;
  const error =
    report === undefined
      ? new Error(message)
      : new (known ? (named as ReportingClass) : errors.ModewiseError)(report);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
