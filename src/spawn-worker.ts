import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread from a module of ours, both from the compiled tree and straight from TypeScript (tests
 * and benches), where the thread needs a loader of its own.
 *
 * @param module - the worker's module without extension, relative to `base`, e.g. `'./rollout-worker'`.
 * @param base - the caller's `import.meta.url`.
 */
export function spawnWorker(module: string, base: string, options: WorkerOptions = {}): Worker {
  if (!base.endsWith('.ts')) return new Worker(new URL(`${module}.js`, base), options);
  const source = new URL(`${module}.ts`, base).href;
  // `require` resolves to the CommonJS twin, whose loader hooks cannot be registered from a module
  const api = createRequire(fileURLToPath(base))
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const tsx = pathToFileURL(api).href;
  const loader = `import { register } from '${tsx}'; register(); await import('${source}');`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(loader)}`), options);
}
