import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { FinishedBenchmark } from '../benchmark/report.ts';
import { UsageError } from '../errors.ts';
import type { ReproductionResult } from '../reproduce/report.ts';
import { type BenchmarkRun, fillBenchmark } from './benchmark-run.ts';
import { loadEnv } from './env-reference.ts';
import { claimOutput, fillOutput, type OutputKind } from './output-folder.ts';
import { packageVersions } from './project.ts';
import { table } from './table.ts';
import { defineVerb } from './verb.ts';

interface ReproduceOptions {
  readonly quick: boolean;
  readonly out?: string;
  readonly data?: string;
  readonly resume: boolean;
  readonly force: boolean;
}

/** Lays out what was measured for the terminal. */
async function describeResult(
  { figures, name, verdict }: ReproductionResult,
  report: string,
): Promise<string> {
  const { formatMeasured } = await import('../reproduce/report.ts');
  const parts = [...new Set(figures.map(({ part }) => part))].map((part) => {
    const rows = figures
      .filter((figure) => figure.part === part)
      .map((figure) => [
        figure.name,
        formatMeasured(figure),
        figure.target ?? '',
        figure.holds === undefined ? '' : figure.holds ? 'yes' : 'no',
      ]);
    return `${part}\n${table(['figure', 'measured', 'must reach', 'reached'], rows)}\n`;
  });
  return [...parts, `${name}: ${verdict}`, report].join('\n');
}

/** Processor time that all threads of this process have used, in milliseconds. */
function processorTime(): number {
  const { system, user } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Cells of a benchmark that run at a time, at most: each holds demonstrations and networks of its own. */
const MOST_WORKERS = 4;

/** Runs the benchmark of a suite as `modewise bench` does, on all cores. */
async function runSuite(text: string, where: string, run: BenchmarkRun): Promise<FinishedBenchmark> {
  const { parseSuite } = await import('../benchmark/suite.ts');
  const { planBenchmark } = await import('../benchmark/plan.ts');
  const suite = parseSuite(text, where);
  const plan = await planBenchmark(suite, loadEnv);
  return fillBenchmark(plan, suite, { workers: Math.min(MOST_WORKERS, availableParallelism()), ...run });
}

/** Builds `modewise reproduce`. */
export function reproduceCommand(): Command {
  const command = new Command('reproduce')
    .description("obtain a paper's claim again, or refute it: a report with protocol, figures and verdict")
    .argument('[name]', 'which one; without it they are listed')
    .option('--quick', 'less data and fewer repetitions: minutes instead of hours', false)
    .option('--out <dir>', 'folder for the report (default: reports/NAME, or reports/NAME-quick)')
    .option(
      '--data <dir>',
      'folder with data that are not part of modewise, e.g. the IDX files of Fashion-MNIST',
    )
    .option('--resume', 'continue after an interruption; finished work is not done again', false)
    .option('--force', 'replace an existing report once the new one is complete', false);
  return defineVerb<ReproduceOptions>(
    command,
    {
      examples: [
        ['modewise reproduce', 'lists what can be reproduced'],
        ['modewise reproduce em-mirror-descent --quick', 'EM against gradient descent, in about a minute'],
        ['modewise reproduce softmax-gating-rates --resume', 'goes on where Ctrl-C or a kill stopped it'],
      ],
      seedMeaning: 'seed of data, starts and everything else that is drawn',
      interruptMessage: 'stopping after this piece of work',
    },
    async ([name], { given, options, progress, say, signal, warn }) => {
      const { findReproduction, reproductions } = await import('../reproduce/registry.ts');
      if (name === undefined) {
        const known = reproductions.map(({ duration, name: id, summary }) => ({
          name: id,
          summary,
          duration,
        }));
        return {
          json: { reproductions: known },
          text: table(
            ['name', 'claim'],
            known.map((row) => [row.name, `${row.summary} (${row.duration})`]),
          ),
        };
      }
      const reproduction = findReproduction(name);
      const { readIdentity, reproductionFiles, Units } = await import('../reproduce/units.ts');
      const { toResult, writeReport } = await import('../reproduce/report.ts');
      const kind: OutputKind = {
        name: 'reproduction',
        // work that was begun elsewhere can be gone on with, but is no report that may be replaced
        recognize: (folder) =>
          readIdentity(folder) !== undefined || (options.resume && reproduction.isBegun?.(folder) === true),
      };
      const out = options.out ?? join('reports', options.quick ? `${name}-quick` : name);
      const output = claimOutput(out, kind, options);
      const before = output.resuming ? readIdentity(output.path) : undefined;
      // a resumed run keeps what it began with, unless something else is asked for: that is then refused
      const seed = given('seed') || before === undefined ? options.seed : before.seed;
      const quick = given('quick') || before === undefined ? options.quick : before.quick;
      const identity = { name: reproduction.name, quick, seed };
      progress.start(reproduction.name);
      const { parts, report } = await fillOutput(
        output,
        async () => {
          const onUnit = (done: number, unit: string) => say(`${reproduction.name}: ${unit} (${done} done)`);
          const units = new Units(output.path, identity, { signal, onUnit });
          const found = await reproduction
            .run({
              quick,
              seed,
              folder: output.path,
              signal,
              versions: packageVersions(),
              processorTime,
              units,
              benchmark: (suite, where, folder) => runSuite(suite, where, { folder, progress, say, signal }),
              ...(options.data === undefined ? {} : { dataFolder: options.data }),
            })
            .catch((error: unknown) => {
              // work begun elsewhere that does not fit this scale or seed may fit another
              if (output.resuming && before === undefined && error instanceof UsageError) {
                rmSync(join(output.path, reproductionFiles.header), { force: true });
              }
              throw error;
            });
          return { parts: found, report: writeReport(output.path, reproduction, identity, found) };
        },
        {
          isComplete: () => true,
          isUseful: () =>
            existsSync(join(output.path, reproductionFiles.units)) ||
            reproduction.isBegun?.(output.path) === true,
          onKept: (replaced) => warn(`the report that was to be replaced is kept in ${replaced}`),
        },
      );
      for (const { notRun, title } of parts) if (notRun !== undefined) warn(`${title}: not run. ${notRun}`);
      const result = toResult(reproduction.name, parts);
      return { json: { ...result, report }, text: await describeResult(result, report) };
    },
  );
}
