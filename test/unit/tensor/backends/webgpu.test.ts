import { describe, expect, it } from 'vitest';
import { isSoftwareAdapter } from '../../../../src/tensor/backends/webgpu.ts';

const nameless = { vendor: '', architecture: '', device: '', description: '' };

describe('isSoftwareAdapter', () => {
  it('knows the emulators by name or by their own flag', () => {
    const emulators = [
      { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader driver 5.0.0' },
      { vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
      { vendor: 'microsoft', architecture: 'warp', description: 'Microsoft Basic Render Driver' },
      { vendor: 'someone', isFallbackAdapter: true },
    ];
    for (const info of emulators) expect(isSoftwareAdapter({ ...nameless, ...info })).toBe(true);
  });

  it('lets GPUs pass', () => {
    const gpus = [
      { vendor: 'nvidia', architecture: 'ampere', description: 'NVIDIA A100-SXM4-40GB' },
      { vendor: 'amd', architecture: 'rdna-3', description: 'AMD Radeon RX 7900 XTX' },
      { vendor: 'apple', architecture: 'metal-3', isFallbackAdapter: false },
    ];
    for (const info of gpus) expect(isSoftwareAdapter({ ...nameless, ...info })).toBe(false);
  });
});
