import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { UsageError } from './errors.ts';

/** Whether this module runs as it was written, under a loader that reads TypeScript, or compiled. */
const fromSource = import.meta.url.endsWith('.ts');

/** What a task from outside imports; it gets the copy that runs, wherever the file lies. */
const kit = 'modewise/task-kit';

let prepared = false;

/** Teaches the thread's loader TypeScript, and where the task kit is. */
async function prepare(): Promise<void> {
  if (prepared) return;
  prepared = true;
  if (!fromSource) (await import('tsx/esm/api')).register();
  const target = new URL(`../demos/task-kit${fromSource ? '.ts' : '.js'}`, import.meta.url).href;
  // a file that no package.json speaks for is still a module
  const hooks = `export const resolve = async (specifier, context, next) => {
  if (specifier === '${kit}') return { url: '${target}', format: 'module', shortCircuit: true };
  const found = await next(specifier, context);
  return /\\.ts(\\?|$)/.test(found.url) ? { ...found, format: 'module' } : found;
};`;
  // hooks added last are asked first
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

/**
 * Imports a module that may be TypeScript and may lie outside the project, and in which `modewise/task-kit` means the
 * running modewise. Modules of the project itself are imported as they are.
 *
 * @param url - a `file:` URL.
 * @throws UsageError when the file is missing or does not load.
 */
export async function importOwnModule(url: string): Promise<void> {
  const path = fileURLToPath(url);
  if (!existsSync(path)) {
    throw new UsageError({ what: 'There is no such file', found: path });
  }
  if (url.startsWith(new URL('../envs/', import.meta.url).href)) {
    await import(url);
    return;
  }
  await prepare();
  try {
    await import(url);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const found = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new UsageError({ what: 'The module does not load', where: path, found }, { cause });
  }
}
