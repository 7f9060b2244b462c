/** Tells whether this is Node, where packages can be looked up and child processes started. */
export const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Describes the processor and the number of its cores. */
export async function cpuName(): Promise<string> {
  if (!isNode) return `CPU, ${navigator.hardwareConcurrency} threads`;
  const { availableParallelism, cpus } = await import('node:os');
  return `${cpus()[0]?.model.trim() ?? 'CPU'}, ${availableParallelism()} cores`;
}

/** Finds the entry file of an installed package; undefined where it is not installed. */
export async function findPackage(name: string): Promise<string | undefined> {
  if (!isNode) return undefined;
  const { createRequire } = await import('node:module');
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}

/** Reads the version that an installed package states in its package.json. */
export async function packageVersion(name: string): Promise<string> {
  const entry = await findPackage(name);
  if (entry === undefined) return 'not installed';
  const { dirname, join } = await import('node:path');
  const { existsSync, readFileSync } = await import('node:fs');
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name: found, version } = JSON.parse(readFileSync(file, 'utf8')) as {
      name?: string;
      version?: string;
    };
    if (found === name && version !== undefined) return version;
  }
  return 'unknown';
}

/** The outcome of a program that ran elsewhere: what it printed last, or how it ended. */
export type ChildOutcome =
  | { readonly ok: true; readonly lastLine: string }
  | { readonly ok: false; readonly reason: string };

/** Runs a program to its end and keeps the last line of its output; never throws. */
export async function runProgram(
  program: string,
  args: readonly string[],
  timeoutMilliseconds: number,
): Promise<ChildOutcome> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: timeoutMilliseconds }, (error, stdout, stderr) => {
      const lines = stdout.trim().split('\n');
      if (error === null) resolve({ ok: true, lastLine: lines[lines.length - 1] ?? '' });
      else if (error.signal) resolve({ ok: false, reason: `the process ended by ${error.signal}` });
      else {
        // Node prints the source line that threw before the error itself
        const complaint =
          stderr.split('\n').find((line) => /^\w*Error( \[\w+\])?: /.test(line)) ?? error.message;
        resolve({ ok: false, reason: complaint.trim() });
      }
    });
  });
}

/**
 * Runs a piece of plain JavaScript in a Node process of its own, because a native library that does not fit this machine
 * takes its process down with it.
 *
 * @param code - an ES module's text; its result is the last line that it prints.
 */
export function runIsolated(code: string): Promise<ChildOutcome> {
  return runProgram(process.execPath, ['--input-type=module', '--eval', code], 30_000);
}
