import { BackendError, UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import {
  type ActiveBackend,
  type BackendDriver,
  type BackendFinding,
  type BackendName,
  type BackendOptions,
  backendNames,
} from './backends/driver.ts';
import { jsDriver } from './backends/js.ts';
import { simdDriver } from './backends/simd.ts';
import { cudaDriver, nativeDriver } from './backends/tensorflow.ts';
import { webgpuDriver } from './backends/webgpu.ts';
import { runTrainingStep, type TrainingStepResult, trainingStepError } from './gradient-proof.ts';
import { tf } from './tf.ts';

export type { BackendName, BackendOptions } from './backends/driver.ts';
export { backendNames } from './backends/driver.ts';

/** The backend that is active now, and how it was chosen. */
export interface BackendReport extends ActiveBackend {
  readonly name: BackendName;
  /** The largest relative difference of loss, gradients and weights to `js` after one training step. */
  readonly gradientError: number;
  /** The backends that `auto` passed over before this one, with the reason; empty for a named one. */
  readonly skipped: readonly { readonly name: BackendName; readonly reason: string }[];
}

/** One row of the table that `modewise doctor` prints. */
export type BackendProbe = BackendFinding & {
  readonly name: BackendName;
  /** Whether `auto` may take it: available and not an emulated GPU. */
  readonly eligible: boolean;
};

const drivers: Readonly<Record<BackendName, BackendDriver>> = {
  cuda: cudaDriver,
  native: nativeDriver,
  webgpu: webgpuDriver,
  simd: simdDriver,
  js: jsDriver,
};

const softwareReason = 'its GPU is emulated on the CPU, which is slower than any CPU backend';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Probes a backend; one that cannot even be probed, such as a package that is broken, is not available. */
async function probe(name: BackendName): Promise<BackendFinding> {
  try {
    return await drivers[name].probe();
  } catch (error) {
    const remedy = 'reinstall its packages, or take another one: --backend auto';
    return { available: false, missing: `it could not be probed: ${messageOf(error)}`, remedy };
  }
}

/** Finds out for every backend whether it could run here, in the order of `auto`, without starting one. */
export function probeBackends(): Promise<readonly BackendProbe[]> {
  return Promise.all(
    backendNames.map(async (name) => {
      const finding = await probe(name);
      return { ...finding, name, eligible: finding.available && !finding.software };
    }),
  );
}

/** Runs the reference step on `js`, which leaves `js` active. */
async function referenceStep(): Promise<TrainingStepResult> {
  await jsDriver.activate({});
  return runTrainingStep();
}

/** Runs the training step on the active backend. */
async function prove(name: BackendName): Promise<TrainingStepResult> {
  try {
    return await runTrainingStep();
  } catch (cause) {
    const found = messageOf(cause);
    const remedy = 'update its driver or packages, or take another one: --backend auto';
    throw new BackendError(
      { what: `Backend '${name}' cannot take a training step`, found, remedy },
      { cause },
    );
  }
}

/** Starts a backend and proves it with a training step. */
async function start(
  driver: BackendDriver,
  options: BackendOptions,
  reference: TrainingStepResult,
): Promise<Omit<BackendReport, 'skipped'>> {
  const active = await driver.activate(options);
  const gradientError = trainingStepError(await prove(driver.name), reference);
  if (gradientError <= driver.gradientTolerance) return { ...active, name: driver.name, gradientError };
  throw new BackendError({
    what: `Backend '${driver.name}' computes wrong gradients on this machine`,
    where: active.device,
    found: `a relative error of ${gradientError.toExponential(1)} against js after one training step`,
    expected: `at most ${driver.gradientTolerance}`,
    remedy: 'update its driver or packages, or take another one: --backend auto',
  });
}

function unavailable(name: BackendName, finding: BackendFinding & { available: false }): BackendError {
  return new BackendError({
    what: `Backend '${name}' cannot run here`,
    found: finding.missing,
    remedy: finding.remedy,
  });
}

/**
 * Starts a tensor backend and makes it the active one of this process.
 *
 * A training step proves it: loss, gradients and updated weights must agree with `js`. `auto` takes the first of
 * `cuda`, `native`, `webgpu`, `simd`, `js` that passes and is not an emulated GPU.
 *
 * @throws UsageError for an unknown name.
 * @throws BackendError when the named backend cannot run here or fails the proof; no other one takes its place, and
 *   the backend that was active before is active again.
 */
export async function selectBackend(
  name: BackendName | 'auto',
  options: BackendOptions = {},
): Promise<BackendReport> {
  if (name !== 'auto' && !Object.hasOwn(drivers, name)) {
    const remedy = didYouMean(name, ['auto', ...backendNames]);
    throw new UsageError({ what: 'There is no such backend', found: String(name), remedy });
  }
  const before = tf.engine().backendName || 'cpu';
  if (name !== 'auto') {
    const finding = await probe(name);
    if (!finding.available) throw unavailable(name, finding);
    try {
      return { ...(await start(drivers[name], options, await referenceStep())), skipped: [] };
    } catch (error) {
      await tf.setBackend(before);
      throw error;
    }
  }
  const skipped: { name: BackendName; reason: string }[] = [];
  const reference = await referenceStep();
  for (const candidate of backendNames) {
    const finding = await probe(candidate);
    if (!finding.available || finding.software) {
      skipped.push({ name: candidate, reason: finding.available ? softwareReason : finding.missing });
      continue;
    }
    try {
      return { ...(await start(drivers[candidate], options, reference)), skipped };
    } catch (error) {
      // whatever a package throws, the next backend may work
      const { found, what } = error instanceof BackendError ? error.report : { what: messageOf(error) };
      skipped.push({ name: candidate, reason: found ?? what });
    }
  }
  await tf.setBackend(before);
  throw new BackendError({
    what: 'No tensor backend works here, not even plain JavaScript',
    found: skipped.map(({ name: tried, reason }) => `${tried}: ${reason}`).join('; '),
    remedy: 'reinstall the packages: npm ci',
  });
}
