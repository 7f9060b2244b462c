import { existsSync, readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { BenchmarkSummary, FinishedBenchmark } from '../benchmark/report.ts';
import type { SummaryRow } from '../benchmark/summary.ts';
import { ConfigError } from '../errors.ts';
import { fillBenchmark, wordRow } from './benchmark-run.ts';
import { loadEnv } from './env-reference.ts';
import { EXIT } from './failure.ts';
import { claimOutput, fillOutput, type OutputKind } from './output-folder.ts';
import { table } from './table.ts';
import { defineVerb, type VerbContext, wholeNumber } from './verb.ts';

interface BenchOptions {
  readonly out: string;
  readonly workers?: number;
  readonly resume: boolean;
  readonly force: boolean;
}

function readSuite(file: string): string {
  if (!existsSync(file)) {
    throw new ConfigError({ what: 'There is no such benchmark file', where: file });
  }
  return readFileSync(file, 'utf8');
}

/** Lays out the means of a benchmark for the terminal. */
async function wordSummary({ report, tasks }: BenchmarkSummary): Promise<string> {
  const { fixed, wordMs, wordOverSeeds } = await import('../benchmark/markdown.ts');
  const line = (row: SummaryRow) => [
    row.method,
    wordOverSeeds(row.success, row.seeds, 3),
    wordOverSeeds(row.entropy, row.seeds, 3),
    fixed(row.ceiling?.mean, 3),
    wordOverSeeds(row.score, row.seeds, 3),
    wordMs(row.msPerAction),
    fixed(row.trainMinutes?.mean, 1),
  ];
  const head = ['method', 'success', 'entropy', 'ceiling', 'success × entropy', 'ms/action', 'training, min'];
  const parts = tasks.map(({ competitor, reference, rows, task }) => {
    const contest = competitor === null ? '' : `\nbest competitor of ${reference}: ${competitor}`;
    return `${task}\n${table(head, rows.map(line))}${contest}\n`;
  });
  return [...parts, report].join('\n');
}

/** Runs the benchmark of a file into a folder. */
async function bench(
  file: string,
  { options, progress, say, signal, warn }: VerbContext<BenchOptions>,
): Promise<FinishedBenchmark> {
  const { parseSuite } = await import('../benchmark/suite.ts');
  const { planBenchmark } = await import('../benchmark/plan.ts');
  const { isBenchmark } = await import('../benchmark/benchmark.ts');
  const suite = parseSuite(readSuite(file), file);
  // everything that can be refused is refused before the output folder is touched
  const plan = await planBenchmark(suite, loadEnv);
  const kind: OutputKind = { name: 'benchmark', recognize: isBenchmark };
  const output = claimOutput(options.out, kind, options);
  return fillOutput(
    output,
    () =>
      fillBenchmark(plan, suite, { folder: output.path, progress, say, signal, workers: options.workers }),
    {
      isComplete: ({ rows }) => rows.every(({ status }) => status === 'done'),
      isUseful: () => isBenchmark(output.path),
      onKept: (replaced) => warn(`the benchmark that was to be replaced is kept in ${replaced}`),
    },
  );
}

/** Builds `modewise bench`. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description(
      'compare methods on tasks over seeds, by one protocol: table, figures, paired comparison, ranks',
    )
    .argument('<file>', 'YAML file with the keys tasks, methods, seeds, rollouts (see docs/benchmark.md)')
    .requiredOption('--out <dir>', 'folder to write the benchmark to')
    .addOption(
      new Option('--workers <n>', 'processes at a time (default: what the file says, else 1)').argParser(
        wholeNumber(1, 256),
      ),
    )
    .option('--resume', 'go on with an interrupted benchmark; finished cells are not run again', false)
    .option('--force', 'replace an existing benchmark once the new one is complete', false);
  return defineVerb<BenchOptions>(
    command,
    {
      examples: [
        ['modewise bench benchmarks/quick.yaml --out reports/quick --workers 2', 'a small one, in minutes'],
        [
          'modewise bench benchmarks/avoiding.yaml --out reports/avoiding --resume',
          'goes on where Ctrl-C or a kill stopped it',
        ],
      ],
      seedMeaning: 'has no effect here: the file lists the seeds',
      interruptMessage: 'stopping: the trainings that run are being saved',
    },
    async ([file = ''], context) => {
      const { rows, summary } = await bench(file, context);
      const failed = rows.filter(({ status }) => status === 'failed');
      const json = { ...summary };
      const text = await wordSummary(summary);
      if (failed.length === 0) return { json, text };
      const list = failed.map((row) => `  ${wordRow(row, false)}`).join('\n');
      return {
        json,
        text,
        exitCode: EXIT.failed,
        warning: `${failed.length} of ${rows.length} cells failed; --resume tries them again:\n${list}`,
      };
    },
  );
}
