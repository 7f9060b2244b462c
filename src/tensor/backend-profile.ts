import type { BackendReport } from './backend.ts';

/** How to lay out work for a backend. */
export interface BackendProfile {
  /**
   * Rows that all networks evaluate in one call when the whole data set is scored: large enough to fill the device,
   * small enough to bound the memory of the activations.
   */
  readonly eStepBlock: number;
  /**
   * Whether the data set is uploaded once and minibatches are gathered on the device; otherwise minibatches are
   * gathered in plain arrays and handed over, which saves a kernel where memory is shared.
   */
  readonly dataOnDevice: boolean;
}

/**
 * Recommends block sizes and where the data should lie.
 *
 * An activation of 64 networks of width 128 takes 32 KiB per row: the CPU block keeps a layer within 64 MiB, the GPU
 * block within 512 MiB.
 */
export function backendProfile(report: Pick<BackendReport, 'name'>): BackendProfile {
  const onGpu = report.name === 'cuda' || report.name === 'webgpu';
  return onGpu ? { eStepBlock: 16_384, dataOnDevice: true } : { eStepBlock: 2048, dataOnDevice: false };
}
