/**
 * One training step (forward, backward, Adam) of many experts at once on the `simd` backend, against PyTorch on the CPU
 * where a Python with torch is found (MODEWISE_PYTHON, else python3), else against tfjs's own CPU backend.
 *
 * All competitors are alive at once and take turns, so that whatever else the machine does hits them alike.
 * Ratios are ours over theirs, lower is better: `ratio` compares the fastest steps with fused multiply-adds (relaxed),
 * `deterministic` without them, `unchanged` with no operation of ours in the model; `medianRatio` compares medians.
 * PyTorch is given the better of 1 thread and as many as there are cores, for each figure.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Benchmark, median, round3 } from './support/benchmark.ts';
import { LineProcess } from './support/line-process.ts';
import { trainStepSizes } from './support/train-step-sizes.ts';

type SizeName = keyof typeof trainStepSizes;

interface Answer {
  readonly times: readonly number[];
  readonly loss: number;
}

interface Competitor {
  readonly name: string;
  readonly process: LineProcess;
  readonly suffix: string;
  readonly times: number[];
  readonly stepsPerRound: number;
}

const plan = {
  small: { rounds: 8, steps: 60, warmUp: 30 },
  large: { rounds: 4, steps: 3, warmUp: 2 },
} as const;

const support = join(import.meta.dirname, 'support');

async function startOurs(size: SizeName, variant: string, steps: number): Promise<Competitor | undefined> {
  const file = join(support, 'train-step-process.ts');
  const started = await LineProcess.start(process.execPath, ['--import', 'tsx', file, size, variant]);
  return started && { name: variant, process: started.process, suffix: '', times: [], stepsPerRound: steps };
}

interface Torch {
  readonly version: string;
  readonly competitors: readonly Competitor[];
}

async function startTorch(size: SizeName, steps: number): Promise<Torch | undefined> {
  const { networks, batch, widths } = trainStepSizes[size];
  const python = process.env.MODEWISE_PYTHON ?? 'python3';
  const args = [join(support, 'train_step_torch.py'), networks, batch, ...widths].map(String);
  const started = await LineProcess.start<{ version: string; adam: string }>(python, args);
  if (started === undefined) return undefined;
  const threads = [...new Set([1, availableParallelism()])];
  return {
    version: `PyTorch ${started.hello.version} on the CPU (${started.hello.adam} Adam)`,
    competitors: threads.map((count) => ({
      name: `torch, threads ${count}`,
      process: started.process,
      suffix: ` ${count}`,
      times: [],
      stepsPerRound: steps,
    })),
  };
}

async function turn(competitor: Competitor, steps: number): Promise<readonly number[]> {
  return (await competitor.process.ask<Answer>(`${steps}${competitor.suffix}`)).times;
}

const fastest = (times: readonly number[]): number => Math.min(...times);

async function runSize(size: SizeName, say: (line: string) => void) {
  const { rounds, steps, warmUp } = plan[size];
  const torch = await startTorch(size, steps);
  // the CPU backend takes a minute for a step of the large model: one is all it gets
  const slow = size === 'large' ? 1 : 2;
  const js = torch === undefined ? await startOurs(size, 'js', slow) : undefined;
  const wasm = await startOurs(size, 'wasm', size === 'large' ? 1 : 4);
  const ours = await Promise.all(
    ['deterministic', 'relaxed', 'unchanged'].map((variant) => startOurs(size, variant, steps)),
  );
  const theirs = torch?.competitors ?? (js === undefined ? [] : [js]);
  const all = [...ours, wasm, ...theirs].filter((competitor) => competitor !== undefined);
  try {
    for (const competitor of all) {
      say(`${size}: warming up ${competitor.name}`);
      if (competitor.stepsPerRound === steps) await turn(competitor, warmUp);
    }
    for (let round = 0; round < rounds; round++) {
      say(`${size}: round ${round + 1} of ${rounds}`);
      for (const competitor of all) {
        if (competitor.stepsPerRound !== steps && round > 0) continue;
        competitor.times.push(...(await turn(competitor, competitor.stepsPerRound)));
      }
    }
  } finally {
    for (const competitor of all) competitor.process.stop();
  }
  return {
    size,
    against: torch?.version ?? 'the js backend (no Python with torch was found)',
    all,
    theirs,
    wasm,
  };
}

type Outcome = Awaited<ReturnType<typeof runSize>>;

function summarize({ all, theirs, wasm }: Outcome) {
  const best = Math.min(...theirs.map(({ times }) => fastest(times)));
  const typical = Math.min(...theirs.map(({ times }) => median(times)));
  const times = (name: string) => all.find((competitor) => competitor.name === name)?.times ?? [];
  const relaxed = times('relaxed');
  return {
    ratio: round3(fastest(relaxed) / best),
    medianRatio: round3(median(relaxed) / typical),
    deterministic: round3(fastest(times('deterministic')) / best),
    deterministicMedianRatio: round3(median(times('deterministic')) / typical),
    unchanged: round3(fastest(times('unchanged')) / best),
    unchangedMedianRatio: round3(median(times('unchanged')) / typical),
    tfjsWasm:
      wasm === undefined
        ? 'skipped: @tensorflow/tfjs-backend-wasm is not installed'
        : round3(fastest(relaxed) / fastest(wasm.times)),
    milliseconds: Object.fromEntries(
      all.map((competitor) => [
        competitor.name,
        { fastest: round3(fastest(competitor.times)), median: round3(median(competitor.times)) },
      ]),
    ),
  };
}

function describe({ size, against }: Outcome, summary: ReturnType<typeof summarize>): string {
  const { networks, widths, batch } = trainStepSizes[size];
  const rows = Object.entries(summary.milliseconds).map(
    ([name, { fastest, median }]) =>
      `  ${name.padEnd(20)} ${String(fastest).padStart(8)} ms fastest, ${median} ms median`,
  );
  return [
    `${size}: ${networks} experts ${widths.join('-')}, batch ${batch}, against ${against}`,
    ...rows,
    `  ratio ${summary.ratio} relaxed, ${summary.deterministic} deterministic, ${summary.unchanged} unchanged tfjs code`,
    `  tfjs-wasm: ${summary.tfjsWasm}`,
  ].join('\n');
}

export const benchmark: Benchmark = {
  description: 'a training step on simd against PyTorch on the CPU, small and large',

  async run(say) {
    const small = await runSize('small', say);
    const large = await runSize('large', say);
    const summaries = { small: summarize(small), large: summarize(large) };
    return {
      text: `${describe(small, summaries.small)}\n${describe(large, summaries.large)}`,
      json: { ...summaries, against: small.against, threads: availableParallelism() },
    };
  },
};
