import { availableParallelism, totalmem } from 'node:os';
import { Command } from 'commander';
import { BackendError } from '../errors.ts';
import { Rng } from '../random.ts';
import type { BackendName, BackendProbe, BackendReport } from '../tensor/backend.ts';
import { describeFailure, EXIT } from './failure.ts';
import { packageVersions } from './project.ts';
import { backendOption, backendOptions, relaxedOption, threadsOption } from './shared-options.ts';
import { table } from './table.ts';
import { defineVerb } from './verb.ts';

interface DoctorOptions {
  readonly backend: BackendName | 'auto';
  readonly threads?: number;
  readonly relaxed: boolean;
}

/** One matrix product, timed on the active backend. */
interface TimedMatmul {
  /** Rows and columns of both factors. */
  readonly size: number;
  readonly milliseconds: number;
  readonly gflops: number;
}

const MATMUL_SIZE = 512;
const MATMUL_REPEATS = 5;

/** Times the product of two square matrices, best of a few, with the result read back. */
async function timeMatmul(seed: number, clock: () => number): Promise<TimedMatmul> {
  const { tf } = await import('../tensor/tf.ts');
  const rng = Rng.fromSeed(seed).fork('doctor');
  const values = () => Float32Array.from({ length: MATMUL_SIZE ** 2 }, () => rng.normal());
  const a = tf.tensor2d(values(), [MATMUL_SIZE, MATMUL_SIZE]);
  const b = tf.tensor2d(values(), [MATMUL_SIZE, MATMUL_SIZE]);
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MATMUL_REPEATS; i++) {
    const start = clock();
    const product = tf.matMul(a, b);
    await product.data();
    milliseconds = Math.min(milliseconds, clock() - start);
    product.dispose();
  }
  tf.dispose([a, b]);
  return { size: MATMUL_SIZE, milliseconds, gflops: (2 * MATMUL_SIZE ** 3) / (milliseconds * 1e6) };
}

function describeProbe(probe: BackendProbe, report: BackendReport | null): readonly string[] {
  if (!probe.available) return [probe.name, 'no', `${probe.missing}; ${probe.remedy}`];
  if (probe.name === report?.name) return [probe.name, 'would run', report.device];
  return [probe.name, probe.eligible ? 'yes' : 'emulated', probe.device];
}

function describeReport(report: BackendReport, matmul: TimedMatmul): string {
  const { milliseconds, gflops, size } = matmul;
  const threads = report.threads === undefined ? '' : `, ${report.threads} threads`;
  return [
    `would run: ${report.name} (${report.device}${threads}; ${report.deterministic ? '' : 'not '}deterministic)`,
    `proof: one training step, gradients within ${report.gradientError.toExponential(1)} of js`,
    `matmul: ${size} × ${size} in ${milliseconds.toFixed(1)} ms, ${gflops.toFixed(1)} GFLOP/s`,
  ].join('\n');
}

/** Builds `modewise doctor`. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description(
      'show which tensor backends can run here, what the others lack, and prove the one that would run',
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(relaxedOption());
  return defineVerb<DoctorOptions>(
    command,
    {
      examples: [
        ['modewise doctor', 'the table of backends, the one training would use, and a timed matrix product'],
        [
          'modewise doctor --backend cuda',
          'fails with exit code 1 where CUDA cannot run; nothing takes its place',
        ],
      ],
      seedMeaning: 'seed of the timed matrices',
    },
    async (_, { clock, options, say, signal }) => {
      say('probing the backends');
      const { probeBackends, selectBackend } = await import('../tensor/backend.ts');
      const probes = await probeBackends();
      const versions = packageVersions();
      const machine = {
        platform: `${process.platform}-${process.arch}`,
        cores: availableParallelism(),
        memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
      };
      const facts = { requested: options.backend, backends: probes, versions, machine };
      const versionText = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
      const tail = `versions: ${versionText.join(', ')}\nmachine: ${machine.platform}, ${machine.cores} cores, ${machine.memoryGiB} GiB`;
      const head = (report: BackendReport | null) =>
        table(
          ['backend', 'runs', 'device, or what is missing'],
          probes.map((probe) => describeProbe(probe, report)),
        );
      signal.throwIfAborted();
      try {
        const report = await selectBackend(options.backend, backendOptions(options));
        const matmul = await timeMatmul(options.seed, clock);
        return {
          json: { ok: true, ...facts, selected: report, matmul },
          text: `${head(report)}\n\n${describeReport(report, matmul)}\n${tail}`,
        };
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        const failure = describeFailure(error);
        return {
          json: { ok: false, ...facts, selected: null, matmul: null, ...failure.json },
          text: `${head(null)}\n\n${tail}`,
          exitCode: EXIT.failed,
          warning: failure.text,
        };
      }
    },
  );
}
