import { describe, expect, it, vi } from 'vitest';
import { BackendError, UsageError } from '../../../src/errors.ts';
import { type BackendName, backendNames, probeBackends, selectBackend } from '../../../src/tensor/backend.ts';
import { backendProfile } from '../../../src/tensor/backend-profile.ts';
import { cudaDriver, nativeDriver } from '../../../src/tensor/backends/tensorflow.ts';
import { tf } from '../../../src/tensor/tf.ts';

describe('selectBackend', () => {
  it('starts js, and says so', async () => {
    const report = await selectBackend('js');
    expect(report).toMatchObject({
      name: 'js',
      tfjsName: 'cpu',
      gradientError: 0,
      skipped: [],
      software: false,
    });
    expect(report.versions['@tensorflow/tfjs']).toBe(tf.version.tfjs);
    expect(tf.getBackend()).toBe('cpu');
  });

  it('takes for auto the first backend that works, and says why others were passed over', async () => {
    const probes = await probeBackends();
    const report = await selectBackend('auto');
    expect(report.software).toBe(false);
    expect(report.gradientError).toBeLessThan(5e-3);
    const passed = report.skipped.map(({ name }) => name);
    expect([...passed, report.name]).toEqual(backendNames.slice(0, passed.length + 1));
    for (const { name, reason } of report.skipped) {
      expect(reason).not.toBe('');
      const probe = probes.find((candidate) => candidate.name === name)!;
      if (!probe.available) expect(reason).toBe(probe.missing);
    }
    expect(tf.getBackend()).toBe(report.tfjsName);
  });

  it('passes over optional packages that throw anything when probed or started', async () => {
    const probe = vi.spyOn(cudaDriver, 'probe').mockRejectedValue(new SyntaxError('broken package'));
    const found = { available: true, device: 'a card', software: false, versions: {} } as const;
    const probeNative = vi.spyOn(nativeDriver, 'probe').mockResolvedValue(found);
    const activate = vi.spyOn(nativeDriver, 'activate').mockRejectedValue(new TypeError('broken binding'));
    try {
      expect((await probeBackends()).find(({ name }) => name === 'cuda')).toMatchObject({
        available: false,
        missing: expect.stringContaining('broken package'),
      });
      const { skipped } = await selectBackend('auto');
      expect(skipped.find(({ name }) => name === 'cuda')?.reason).toContain('broken package');
      expect(skipped.find(({ name }) => name === 'native')?.reason).toContain('broken binding');
    } finally {
      for (const spy of [probe, probeNative, activate]) spy.mockRestore();
    }
  });

  it('says whether the bits are the same on every machine, as asked', async () => {
    expect(await selectBackend('simd', { threads: 1 })).toMatchObject({ deterministic: true });
    expect(await selectBackend('simd', { threads: 1, deterministic: false })).toMatchObject({
      deterministic: false,
    });
  });

  it('refuses a named backend that cannot run, with the remedy, and keeps the one before', async (ctx) => {
    const missing = (await probeBackends()).find(({ available }) => !available);
    if (missing === undefined) return ctx.skip('every backend is available on this machine');
    await selectBackend('js');
    await expect(selectBackend(missing.name)).rejects.toThrow(BackendError);
    await expect(selectBackend(missing.name)).rejects.toThrow(/cannot run here[\s\S]*remedy: /);
    expect(tf.getBackend()).toBe('cpu');
  });

  it('suggests the nearest name for an unknown one', async () => {
    await expect(selectBackend('cudda' as BackendName)).rejects.toThrow(UsageError);
    await expect(selectBackend('cudda' as BackendName)).rejects.toThrow(/did you mean 'cuda'/);
    await expect(selectBackend('toString' as BackendName)).rejects.toThrow(UsageError);
  });

  it('leaves no tensor behind and prints nothing', async () => {
    await selectBackend('js');
    const before = tf.memory().numTensors;
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const logs = (['log', 'info', 'warn'] as const).map((name) => vi.spyOn(console, name).mockReturnValue());
    await selectBackend('js');
    expect(written).not.toHaveBeenCalled();
    for (const log of logs) expect(log).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('probeBackends', () => {
  it('has a row for every backend in the order of auto, with a device or what is missing', async () => {
    const probes = await probeBackends();
    expect(probes.map(({ name }) => name)).toEqual([...backendNames]);
    for (const probe of probes) {
      if (probe.available) expect(probe.device).not.toBe('');
      else expect([probe.missing, probe.remedy]).not.toContain('');
      expect(probe.eligible).toBe(probe.available && !probe.software);
    }
    expect(probes.find(({ name }) => name === 'js')?.available).toBe(true);
  });
});

describe('backendProfile', () => {
  it('keeps data on GPUs and in plain arrays elsewhere', () => {
    for (const name of backendNames) {
      const profile = backendProfile({ name });
      expect(profile.dataOnDevice).toBe(name === 'cuda' || name === 'webgpu');
      expect(profile.eStepBlock).toBeGreaterThan(0);
    }
  });
});
