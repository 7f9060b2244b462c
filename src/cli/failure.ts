import { CommanderError } from 'commander';
import { InterruptedError, ModewiseError, UsageError } from '../errors.ts';

/** The exit codes of the command line. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** How an error ends the process and what is said about it. */
export interface Failure {
  readonly exitCode: number;
  /** For stderr; empty when all has been said already. */
  readonly text: string;
  /** For stdout under `--json`. */
  readonly json: { readonly error: Readonly<Record<string, string>> };
}

/** Errors of the operating system that users meet, in words. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is taken',
  EISDIR: 'this is a folder, a file was expected',
  EMFILE: 'too many open files',
  ENOENT: 'no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of this path is not a folder',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
};

function systemMessage(error: Error): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : SYSTEM_ERRORS[code];
  if (words === undefined) return undefined;
  return path === undefined ? `${words} (${error.message})` : `${words}: ${path}`;
}

/** Decides exit code and words for whatever a verb threw; only a bug shows its stack. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) {
    // commander has written its message itself; help and version end this way too
    const exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return {
      exitCode,
      text: '',
      json: { error: { name: 'UsageError', what: error.message.replace(/^error: /, '') } },
    };
  }
  if (error instanceof ModewiseError) {
    const exitCode =
      error instanceof InterruptedError
        ? EXIT.interrupted
        : error instanceof UsageError
          ? EXIT.usage
          : EXIT.failed;
    const prefix = error instanceof InterruptedError ? 'interrupted' : 'error';
    return {
      exitCode,
      text: `${prefix}: ${error.message}`,
      json: { error: { name: error.name, ...error.report } },
    };
  }
  if (error instanceof Error) {
    const message = systemMessage(error);
    if (message !== undefined) {
      return {
        exitCode: EXIT.failed,
        text: `error: ${message}`,
        json: { error: { name: 'SystemError', what: message } },
      };
    }
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const what = error instanceof Error ? error.message : String(error);
  return {
    exitCode: EXIT.failed,
    text: `error: unexpected; this is a bug in modewise, please report it with the lines below\n${stack}`,
    json: { error: { name: 'Bug', what } },
  };
}
