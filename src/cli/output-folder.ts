import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OutputExistsError, UsageError } from '../errors.ts';

/** What `--out` may hold, and how a folder of that kind is told from any other. */
export interface OutputKind {
  /** For messages: `dataset` or `run`. */
  readonly name: string;
  /** The option that names the folder, where it is not `--out`; such outputs are written in one go and never resumed. */
  readonly option?: string;
  /** Says whether an existing folder is one of ours, so that `--force` may replace it. */
  recognize(folder: string): boolean;
}

/** The flags of `collect` and `train` that decide what happens to an existing folder. */
export interface OutputFlags {
  readonly force: boolean;
  readonly resume: boolean;
}

/** A claimed output folder. End it with exactly one of `complete`, `keep` and `abandon`. */
export interface OutputFolder {
  readonly path: string;
  /** The folder holds earlier work that is to be continued. */
  readonly resuming: boolean;
  /** The new result is whole: what it replaces is deleted now, and not before. */
  complete(): void;
  /** The new result is partial but of use: it stays, and so does what it was to replace; says where that is. */
  keep(): string | null;
  /** There is no new result: what was begun is removed, and what it was to replace is put back. */
  abandon(): void;
}

function isEmptyFolder(path: string): boolean {
  return lstatSync(path).isDirectory() && readdirSync(path).length === 0;
}

/**
 * Claims the folder that `--out` names.
 *
 * With `--force` an existing folder is moved aside, and deleted only when the new result is complete: a failure or a
 * crash never costs the old one.
 *
 * @throws OutputExistsError when it exists and neither flag is given, or is not of this kind.
 * @throws UsageError when both flags are given, or there is nothing to resume.
 */
export function claimOutput(out: string, kind: OutputKind, flags: OutputFlags): OutputFolder {
  const path = resolve(out);
  const option = kind.option ?? '--out';
  if (flags.force && flags.resume) {
    throw new UsageError({
      what: '--force and --resume exclude each other',
      expected: `--resume to continue the ${kind.name} that exists, or --force to replace it`,
    });
  }
  if (out.trim() === '') {
    throw new UsageError({ what: 'The output folder has no name', where: option });
  }
  const exists = existsSync(path) && !isEmptyFolder(path);
  if (flags.resume && !exists) {
    throw new UsageError({
      what: `There is no ${kind.name} to resume`,
      where: `${option} ${out}`,
      remedy: 'leave --resume out to begin a new one',
    });
  }
  if (!exists) return claimNew(path);
  const ours = lstatSync(path).isDirectory() && kind.recognize(path);
  if ((flags.force || flags.resume) && !ours) {
    throw new OutputExistsError({
      what: `The output exists and is not a ${kind.name} of modewise: it is left alone`,
      where: `${option} ${out}`,
      remedy: 'choose another folder',
    });
  }
  if (flags.resume) return { path, resuming: true, complete() {}, keep: () => null, abandon() {} };
  if (flags.force) return claimReplacing(path);
  throw new OutputExistsError({
    what: 'The output exists already',
    where: `${option} ${out}`,
    remedy: [
      'choose another folder',
      ...(ours && kind.option === undefined ? ['--resume to continue it'] : []),
      ...(ours ? ['or --force to replace it'] : []),
    ].join(', '),
  });
}

function claimNew(path: string): OutputFolder {
  // an empty folder stays what it is: a mount point cannot be removed, and the working directory should not be
  const isThere = existsSync(path);
  return {
    path,
    resuming: false,
    complete() {},
    keep: () => null,
    abandon() {
      if (!existsSync(path)) return;
      const begun = isThere ? readdirSync(path).map((name) => join(path, name)) : [path];
      for (const each of begun) rmSync(each, { recursive: true });
    },
  };
}

function claimReplacing(path: string): OutputFolder {
  const aside = join(dirname(path), `.${basename(path)}.replaced-${process.pid}`);
  renameSync(path, aside);
  return {
    path,
    resuming: false,
    complete: () => rmSync(aside, { recursive: true, force: true }),
    keep: () => aside,
    abandon() {
      rmSync(path, { recursive: true, force: true });
      renameSync(aside, path);
    },
  };
}

/** How {@link fillOutput} judges what the work has left. */
export interface OutputEnding<T> {
  isComplete(result: T): boolean;
  /** Says whether the unfinished folder holds anything worth keeping. */
  isUseful(): boolean;
  /** Told where the replaced folder is when both stay. */
  onKept(replaced: string): void;
}

/**
 * Runs work that fills an output folder, and ends the claim as the work ends. Whether it was stopped or failed, what
 * it finished is kept where it is of use.
 */
export async function fillOutput<T>(
  output: OutputFolder,
  work: () => Promise<T>,
  ending: OutputEnding<T>,
): Promise<T> {
  const endUnfinished = () => {
    if (!ending.isUseful()) {
      output.abandon();
      return;
    }
    const replaced = output.keep();
    if (replaced !== null) ending.onKept(replaced);
  };
  let result: T;
  try {
    result = await work();
  } catch (error) {
    endUnfinished();
    throw error;
  }
  if (ending.isComplete(result)) output.complete();
  else endUnfinished();
  return result;
}
