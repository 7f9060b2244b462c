import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'dist', 'src', 'cli', 'main.js');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once a condition holds; rejects when the command ends before. */
  until(condition: () => boolean): Promise<void>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Starts the compiled command line as a user does. */
export function startModewise(args: readonly string[], options: { readonly cwd?: string } = {}): Running {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let over = false;
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      over = true;
      resolve({ code, stdout, stderr });
    });
  });
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      if (over) throw new Error(`modewise ${args.join(' ')} ended early:\n${stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { process: child, ended, until, stdout: () => stdout, stderr: () => stderr };
}

/** Runs the command line to its end. */
export function modewise(...args: readonly string[]): Promise<Ended> {
  return startModewise(args).ended;
}

/** Runs a command that must succeed under `--json`, and parses the one object on its stdout. */
export async function modewiseJson<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
  const { code, stderr, stdout } = await modewise(...args, '--json');
  if (code !== 0) throw new Error(`modewise ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Settings that train in a second or two: enough to run everything, not enough to learn anything. */
export const TINY_TRAINING = [
  'components=4',
  'iterations=2',
  'expert.hidden=[8]',
  'expert.stepsPerIteration=5',
  'expert.refineSteps=5',
  'gate.hidden=[8]',
  'gate.steps=5',
].flatMap((setting) => ['--set', setting]);
