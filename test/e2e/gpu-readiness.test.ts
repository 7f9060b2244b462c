import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type BackendName, probeBackends } from '../../src/tensor/backend.ts';
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
