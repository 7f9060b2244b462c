import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { trainImc } from '../../src/mixture/imc.ts';
import { imcConfigSchema } from '../../src/mixture/imc-config.ts';
import { Rng } from '../../src/random.ts';
import { type BackendName, probeBackends, selectBackend } from '../../src/tensor/backend.ts';
import { tf } from '../../src/tensor/tf.ts';
import type { GpuTraining } from './gpu-training.ts';

const program = fileURLToPath(new URL('./gpu-training.ts', import.meta.url));

/** Trains a few steps in a process of its own, which gets nothing but these environment variables. */
function train(name: BackendName, environment: Readonly<Record<string, string>> = {}): GpuTraining {
  const output = execFileSync(process.execPath, ['--import', 'tsx', program, name], {
    env: { ...environment },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  });
  // the whole of stdout must be that one line: tensor libraries greet on stdout unless they are kept from it
  return JSON.parse(output) as GpuTraining;
}

function expectTraining(seen: GpuTraining): void {
  expect(seen.reads, 'read-backs inside training steps').toBe(0);
  expect(seen.tensorsPerStep).toBe(1);
  for (const loss of seen.losses) expect(loss).toBeTypeOf('number');
  expect(seen.losses.at(-1)).toBeLessThan(seen.losses[0]!);
}

describe('training a mixture', () => {
  it('never waits for the device: no synchronous read-back from the first step to the last', async () => {
    await selectBackend('simd');
    const prototype = tf.Tensor.prototype;
    const reads = (['dataSync', 'arraySync', 'bytesSync'] as const)
      .filter((name) => name in prototype)
      .map((name) => vi.spyOn(prototype as unknown as Record<string, () => unknown>, name));
    expect(reads.length).toBeGreaterThan(1);
    const config = imcConfigSchema.parse({
      components: 4,
      iterations: 2,
      expert: { hidden: [8], stepsPerIteration: 60, refineSteps: 10 },
      gate: { hidden: [8], steps: 10, batchSize: 32 },
    });
    const rng = Rng.fromSeed(0);
    const normals = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
    const data = {
      observations: normals(80 * 3),
      actions: normals(80 * 2),
      observationSize: 3,
      actionSize: 2,
      episodeStarts: Int32Array.from({ length: 9 }, (_, episode) => episode * 10),
      modes: new Int32Array(8),
      envId: 'noise',
    };
    await trainImc(data, config, { seed: 0 });
    for (const read of reads) expect(read).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

/** Chromium ships SwiftShader, a CPU that speaks Vulkan, and the loader that finds it. */
const swiftShader = [
  '/usr/lib/chromium',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
  '/opt/google/chrome-for-testing',
]
  .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
  .find((file) => existsSync(file) && existsSync(join(dirname(file), 'libvulkan.so.1')));

describe('training on WebGPU', () => {
  it('has the gradients of js on an emulated GPU, which auto passes over', (ctx) => {
    if (swiftShader === undefined) return ctx.skip('no SwiftShader: install Chromium to run this');
    const seen = train('webgpu', {
      VK_ICD_FILENAMES: swiftShader,
      VK_DRIVER_FILES: swiftShader,
      LD_LIBRARY_PATH: dirname(swiftShader),
    });
    expect(seen).toMatchObject({ name: 'webgpu', tfjsName: 'webgpu', software: true });
    expect(seen.gradientError).toBeLessThan(1e-5);
    expect(seen.auto).not.toBe('webgpu');
    expectTraining(seen);
  });
});

describe.each(['native', 'cuda', 'webgpu', 'simd', 'js'] as const)('training on %s', (name) => {
  it('has the gradients of js, reads nothing back and leaves nothing behind', async (ctx) => {
    const probe = (await probeBackends()).find((candidate) => candidate.name === name)!;
    if (!probe.available) return ctx.skip(`${name} is not available: ${probe.missing}`);
    const seen = train(name);
    expect(seen.name).toBe(name);
    expect(seen.gradientError).toBeLessThan(name === 'cuda' ? 5e-3 : 1e-5);
    expectTraining(seen);
  });
});
