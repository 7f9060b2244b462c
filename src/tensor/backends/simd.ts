import { BackendError } from '../../errors.ts';
import type { ActiveBackend, BackendDriver, BackendFinding } from './driver.ts';

const missing = 'its WebAssembly kernels are not built';
const remedy = 'npm run build';

/** Our own backend: WebAssembly kernels with 128-bit SIMD. */
export const simdDriver: BackendDriver = {
  name: 'simd',
  gradientTolerance: 1e-4,
  probe(): Promise<BackendFinding> {
    return Promise.resolve({ available: false, missing, remedy });
  },
  activate(): Promise<ActiveBackend> {
    return Promise.reject(
      new BackendError({ what: "Backend 'simd' cannot run here", found: missing, remedy }),
    );
  },
};
