/**
 * Matrix products on the `simd` backend: GFLOP/s per shape, on one thread, against the machine's own peak for 128-bit
 * vectors, estimated in the same run by a kernel that multiplies and adds in registers alone.
 *
 * `shapes[].share` is the share of that peak that a shape reaches (higher is better), plain and with fused
 * multiply-adds each against its own peak; `ratio` is the geometric mean of the plain shares. Fastest of many calls.
 */
import { registerSimdBackend } from '../src/tensor/simd/register.ts';
import type { SimdBackend } from '../src/tensor/simd/simd-backend.ts';
import { tf } from '../src/tensor/tf.ts';
import { type Benchmark, round3 } from './support/benchmark.ts';

interface Shape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** How A and B are stored: N as they are multiplied, T transposed. */
  readonly stored: 'NN' | 'TN' | 'NT';
}

/** The products of a training step of 24 experts 4-64-64-2 and of 50 experts 20-256-256-256-2, batch 512. */
const shapes: readonly Shape[] = [
  { M: 512, N: 64, K: 64, stored: 'NN' },
  { M: 512, N: 64, K: 64, stored: 'NT' },
  { M: 64, N: 64, K: 512, stored: 'TN' },
  { M: 512, N: 256, K: 256, stored: 'NN' },
  { M: 512, N: 256, K: 256, stored: 'NT' },
  { M: 256, N: 256, K: 512, stored: 'TN' },
  { M: 512, N: 256, K: 20, stored: 'NN' },
  { M: 512, N: 64, K: 4, stored: 'NN' },
  { M: 512, N: 2, K: 64, stored: 'NN' },
  { M: 512, N: 64, K: 2, stored: 'NT' },
  { M: 64, N: 2, K: 512, stored: 'TN' },
  { M: 4, N: 64, K: 512, stored: 'TN' },
  { M: 1024, N: 1024, K: 1024, stored: 'NN' },
];

const secondsPerShape = 0.4;

/** The rate of multiply-adds in registers, in GFLOP/s. */
function arithmeticPeak(): number {
  const backend = tf.backend() as SimdBackend;
  const out = backend.output([4]);
  const rounds = 200_000;
  const operations = 96 * rounds;
  const start = performance.now();
  let best = Number.POSITIVE_INFINITY;
  do {
    const before = performance.now();
    backend.run('arithmeticPeak', [rounds, backend.pointer(out)], 1, false);
    best = Math.min(best, performance.now() - before);
  } while (performance.now() - start < 1000 * secondsPerShape);
  backend.disposeData(out.dataId);
  return operations / best / 1e6;
}

function gigaflops({ M, N, K, stored }: Shape): number {
  const a = tf.randomNormal(stored === 'TN' ? [K, M] : [M, K]);
  const b = tf.randomNormal(stored === 'NT' ? [N, K] : [K, N]);
  const calls = Math.max(1, Math.round(1e6 / (M * N * K)));
  const start = performance.now();
  let best = Number.POSITIVE_INFINITY;
  do {
    const before = performance.now();
    for (let i = 0; i < calls; i++) tf.matMul(a, b, stored === 'TN', stored === 'NT').dispose();
    best = Math.min(best, (performance.now() - before) / calls);
  } while (performance.now() - start < 1000 * secondsPerShape);
  tf.dispose([a, b]);
  return (2 * M * N * K) / best / 1e6;
}

const label = ({ M, N, K, stored }: Shape): string => `${stored} ${M}x${K}·${K}x${N}`;

async function measure(relaxed: boolean, say: (line: string) => void) {
  const report = await registerSimdBackend({ threads: 1, relaxed });
  await tf.setBackend('simd');
  if (relaxed && !report.relaxed) return undefined;
  const rates = shapes.map((shape) => {
    say(`${relaxed ? 'fused' : 'plain'} ${label(shape)}`);
    return gigaflops(shape);
  });
  // a product that was disturbed less than the estimate corrects it
  return { rates, peak: Math.max(arithmeticPeak(), ...rates) };
}

export const benchmark: Benchmark = {
  description: "matrix products of the training steps, GFLOP/s against the machine's own peak",

  async run(say) {
    const plain = (await measure(false, say)) as { rates: number[]; peak: number };
    const fused = await measure(true, say);
    const rows = shapes.map((shape, i) => ({
      shape: label(shape),
      gflops: round3(plain.rates[i] as number),
      share: round3((plain.rates[i] as number) / plain.peak),
      ...(fused === undefined
        ? {}
        : {
            fusedGflops: round3(fused.rates[i] as number),
            fusedShare: round3((fused.rates[i] as number) / fused.peak),
          }),
    }));
    const ratio = round3(Math.exp(rows.reduce((sum, { share }) => sum + Math.log(share), 0) / rows.length));
    const peaks = { plain: round3(plain.peak), fused: fused === undefined ? null : round3(fused.peak) };
    const table = rows.map(
      (row) =>
        `  ${row.shape.padEnd(24)} ${String(row.gflops).padStart(6)} (${Math.round(100 * row.share)} %)` +
        ('fusedGflops' in row
          ? `  fused ${row.fusedGflops} (${Math.round(100 * (row.fusedShare as number))} %)`
          : ''),
    );
    return {
      text: [
        `GFLOP/s on one thread; peak ${peaks.plain} plain, ${peaks.fused ?? 'not available'} fused`,
        ...table,
        `  geometric mean ${ratio} of the peak`,
      ].join('\n'),
      json: { ratio, peaks, shapes: rows, against: "the machine's 128-bit peak, estimated in the same run" },
    };
  },
};
