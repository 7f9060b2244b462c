import { BackendError } from '../../errors.ts';
import { tf } from '../tf.ts';
import type { ActiveBackend, BackendDriver, BackendFinding } from './driver.ts';
import { cpuName } from './node.ts';

/** Makes a backend that tfjs knows by this name the active one, and makes sure that it is. */
export async function setTfjsBackend(tfjsName: string): Promise<void> {
  let cause: unknown;
  try {
    await tf.setBackend(tfjsName);
    await tf.ready();
  } catch (error) {
    cause = error;
  }
  // tfjs falls back to another backend without a word when one cannot start
  if (cause === undefined && tf.getBackend() === tfjsName) return;
  throw new BackendError(
    {
      what: `TensorFlow.js could not start its backend '${tfjsName}'`,
      found: cause instanceof Error ? cause.message : `the active backend is '${tf.getBackend()}'`,
    },
    { cause },
  );
}

/** The reference: TensorFlow.js's own backend in plain JavaScript. */
export const jsDriver: BackendDriver = {
  name: 'js',
  gradientTolerance: 0,
  async probe(): Promise<BackendFinding> {
    return {
      available: true,
      device: await cpuName(),
      software: false,
      versions: { '@tensorflow/tfjs': tf.version.tfjs },
    };
  },
  async activate(): Promise<ActiveBackend> {
    await setTfjsBackend('cpu');
    return {
      tfjsName: 'cpu',
      device: await cpuName(),
      software: false,
      versions: { '@tensorflow/tfjs': tf.version.tfjs },
      threads: 1,
      // Math.exp and its kin are left to each JavaScript engine
      deterministic: false,
      notes: [],
    };
  },
};
