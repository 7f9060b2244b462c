import { Option } from 'commander';
import { UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { type BackendOptions, backendNames } from '../tensor/backends/driver.ts';
import { wholeNumber } from './verb.ts';

const backendChoices = ['auto', ...backendNames];

/** The option `--backend`; a mistyped name is refused with the nearest one. */
export function backendOption(): Option {
  return new Option('--backend <name>', `tensor backend: ${backendChoices.join(' | ')}`)
    .argParser((name: string) => {
      if (backendChoices.includes(name)) return name;
      const remedy = didYouMean(name, backendChoices);
      throw new UsageError({ what: 'There is no such backend', found: `--backend ${name}`, remedy });
    })
    .default('auto');
}

/** The option `--threads`. */
export function threadsOption(): Option {
  return new Option('--threads <n>', 'threads of the simd backend (default: the number of cores)').argParser(
    wholeNumber(1, 256),
  );
}

/** The option `--relaxed`. */
export function relaxedOption(): Option {
  return new Option(
    '--relaxed',
    'fused multiply-adds on the simd backend: faster, but the low bits depend on the processor',
  ).default(false);
}

/** What `--threads` and `--relaxed` ask of a backend. */
export function backendOptions(options: {
  readonly threads?: number;
  readonly relaxed: boolean;
}): BackendOptions {
  const { threads, relaxed } = options;
  return { ...(threads === undefined ? {} : { threads }), deterministic: !relaxed };
}
