import type { Analysis, TaskAnalysis } from './analysis.ts';
import { holm } from './comparison.ts';
import type { Resampled } from './ranking.ts';
import type { OverSeeds, SummaryRow } from './summary.ts';
import type { TableRow } from './table.ts';

/** Words a number; a dash where there is none. */
export function fixed(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? '–' : value.toFixed(digits);
}

/** Words mean and standard deviation over seeds; the deviation of a single seed is not defined. */
export function wordOverSeeds(value: OverSeeds, seeds: number, digits: number): string {
  if (value === null) return '–';
  if (seeds < 2) return fixed(value.mean, digits);
  return `${fixed(value.mean, digits)} ± ${fixed(value.deviation, digits)}`;
}

/** Words milliseconds with two significant digits: they span four orders of magnitude. */
export function wordMs(value: OverSeeds): string {
  if (value === null) return '–';
  return value.mean >= 10 ? value.mean.toFixed(0) : String(Number(value.mean.toPrecision(2)));
}

/** Escapes what would end a cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Lays out a Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

const SUMMARY_HEAD = [
  'method',
  'seeds',
  'success',
  'Wilson 95 %',
  'entropy',
  'ceiling',
  'success × entropy',
  'modes, worst seed',
  'KL to demonstrations',
  'distance, m',
  'steps',
  'ms / action',
  'training, min',
  'training steps',
  'parameters',
];

function summaryLine(row: SummaryRow): string[] {
  const of = (value: OverSeeds, digits: number) => wordOverSeeds(value, row.seeds, digits);
  const name = row.failed === 0 ? row.method : `${row.method} (${row.failed} failed)`;
  if (row.seeds === 0) return [name, ...SUMMARY_HEAD.slice(1).map(() => '–')];
  return [
    name,
    String(row.seeds),
    of(row.success, 3),
    `${fixed(row.interval.low, 3)} to ${fixed(row.interval.high, 3)}`,
    of(row.entropy, 3),
    fixed(row.ceiling?.mean, 3),
    of(row.score, 3),
    `${row.worstCovered ?? '–'} of ${row.modes ?? '–'}`,
    of(row.kl, 3),
    of(row.distance, 3),
    of(row.steps, 1),
    wordMs(row.msPerAction),
    of(row.trainMinutes, 1),
    String(row.trainingSteps ?? '–'),
    String(row.parameters ?? '–'),
  ];
}

/** The table of a task: mean ± sample standard deviation over seeds. */
export function summaryTable(rows: readonly SummaryRow[]): string[] {
  return markdownTable(SUMMARY_HEAD, rows.map(summaryLine));
}

/** Words who is the reference's best competitor, and how far apart they are; empty where one of them is missing. */
export function contestLine(reference: SummaryRow | undefined, competitor: SummaryRow | undefined): string[] {
  if (reference === undefined || competitor === undefined) return [];
  const word = (row: SummaryRow) =>
    `success × entropy ${wordOverSeeds(row.score, row.seeds, 3)}, success ${wordOverSeeds(row.success, row.seeds, 3)}`;
  return [
    `Best competitor of ${reference.method}: **${competitor.method}**, ${word(competitor)}; ${reference.method}: ${word(reference)}.`,
  ];
}

const interval = ({ high, low, value }: Resampled, digits: number) =>
  `${fixed(value, digits)} (${fixed(low, digits)} to ${fixed(high, digits)})`;

function wordP(p: number): string {
  // less than double precision tells from 0
  if (p < 1e-300) return '< 1e-300';
  return p < 1e-4 ? p.toExponential(1) : p.toFixed(4);
}

function comparisonLines({ comparisons, reference }: TaskAnalysis): string[] {
  const shown = comparisons.filter(({ a, b }) => a === reference || b === reference);
  if (shown.length === 0) return [];
  const adjusted = holm(shown.map(({ p }) => p));
  const rows = shown.map((pair, index) => {
    const first = pair.a === reference;
    const [other, ours, theirs] = first ? [pair.b, pair.onlyA, pair.onlyB] : [pair.a, pair.onlyB, pair.onlyA];
    const counts = [pair.pairs, pair.bothSucceed, ours, theirs, pair.neither].map(String);
    return [other, ...counts, wordP(pair.p), wordP(adjusted[index] as number)];
  });
  const head = ['against', 'pairs', 'both succeed', `only ${reference}`, 'only the other', 'neither'];
  return [
    `### ${reference} against the others, episode by episode`,
    '',
    "Same start, same randomness of the environment, same training seed. p: McNemar's exact test, two-sided; then Holm's correction for the number of lines. Episodes of one trained policy share its weights, so p says how sure the difference between *these policies* is; for the methods, see the ranks.",
    '',
    ...markdownTable([...head, 'p', 'p, Holm'], rows),
    '',
  ];
}

function rankLines({ rankedSeeds, standings, unranked }: TaskAnalysis, { bootstrap }: Analysis): string[] {
  if (standings.length < 2) return [];
  const sorted = [...standings].sort((a, b) => a.rank.value - b.rank.value);
  const words = [
    `Of training seeds ${rankedSeeds.join(', ')}; 95 % intervals of ${bootstrap} resamplings of these and, within them, of contexts (of rollouts where there is one context); all methods get the same draws.`,
    ...(rankedSeeds.length > 1
      ? []
      : ['With one training seed they are about *these policies*, not about the methods.']),
    ...(unranked.length === 0
      ? []
      : [`Not ranked, for want of some of these seeds: ${unranked.join(', ')}.`]),
  ];
  return [
    '### Ranks by success × entropy',
    '',
    words.join(' '),
    '',
    ...markdownTable(
      ['method', 'rank', 'success × entropy', 'success', 'alone in first place'],
      sorted.map(({ first, name, rank, score, success }) => [
        name,
        interval(rank, 1),
        interval(score, 3),
        interval(success, 3),
        `${(100 * first).toFixed(1)} %`,
      ]),
    ),
    '',
  ];
}

function seedLine(row: TableRow): string[] {
  if (row.status === 'failed') return [`${row.method}`, `${row.seed}`, 'failed', '–', '–', '–', '–', '–'];
  return [
    `${row.method}`,
    `${row.seed}`,
    fixed(row.success, 3),
    `${fixed(row.success_low, 3)} to ${fixed(row.success_high, 3)}`,
    fixed(row.entropy, 3),
    fixed(row.entropy_ceiling, 3),
    `${row.modes_covered} of ${row.modes}`,
    `${row.contexts_without_success} of ${row.contexts}`,
  ];
}

function metricLines(cells: readonly TableRow[]): string[] {
  const measured = cells.filter(({ metrics }) => metrics !== null);
  if (measured.length === 0) return [];
  return [
    ...measured.map(({ method, metrics, seed }) => {
      const values = Object.entries(JSON.parse(metrics ?? '{}') as Record<string, number>);
      return `- ${method}, seed ${seed}: ${values.map(([name, value]) => `${name} ${fixed(value, 3)}`).join(', ')}`;
    }),
    '',
  ];
}

function taskLines(found: TaskAnalysis, analysis: Analysis): string[] {
  const { cells, competitor, figures, reference, rows, task } = found;
  const { contexts, demonstrations, envId, rollouts } = task;
  const failures = cells.filter(({ status }) => status === 'failed');
  const episodes = rows.find((row) => row.demonstrations !== null)?.demonstrations ?? '–';
  const source =
    'data' in demonstrations
      ? `of ${demonstrations.data}`
      : `${demonstrations.perMode} of each of ${task.modes.length} modes, seed ${demonstrations.seed}`;
  const rowOf = (name: string | null) => rows.find(({ method }) => method === name);
  const evaluationSeed = cells[0]?.evaluation_seed ?? '–';
  return [
    `## ${envId}`,
    '',
    `${episodes} demonstrations (${source}), the same for all. ${rollouts} rollouts of each policy over ${contexts} context${contexts === 1 ? '' : 's'}, evaluation seed ${evaluationSeed}. Training seeds: ${analysis.seeds.join(', ')}.`,
    '',
    ...summaryTable(rows),
    '',
    ...contestLine(rowOf(reference), rowOf(competitor)),
    '',
    ...metricLines(cells),
    ...(failures.length === 0 ? [] : ['Failed:', '']),
    ...failures.map(({ method, reason, seed }) => `- ${method}, seed ${seed}: ${reason}`),
    ...(failures.length === 0 ? [] : ['']),
    ...figures.slice(0, 2).flatMap(({ file, title }) => [`![${title}](figures/${file})`, '']),
    ...comparisonLines(found),
    ...rankLines(found, analysis),
    '### Every policy',
    '',
    ...markdownTable(
      ['method', 'seed', 'success', 'Wilson 95 %', 'entropy', 'ceiling', 'modes', 'contexts without success'],
      cells.map(seedLine),
    ),
    '',
    ...(figures.length < 3 ? [] : ['### Learning curves', '']),
    ...figures.slice(2).flatMap(({ file, title }) => [`![${title}](figures/${file})`, '']),
  ];
}

/** Words a benchmark as Markdown: its report. */
export function benchmarkReport(analysis: Analysis): string {
  const overall =
    analysis.overall.length === 0
      ? []
      : [
          '## All tasks',
          '',
          'Mean rank over the tasks by success × entropy, with the interval of the same resamplings.',
          '',
          ...markdownTable(
            ['method', 'mean rank'],
            [...analysis.overall]
              .sort((a, b) => a.rank.value - b.rank.value)
              .map(({ name, rank }) => [name, interval(rank, 2)]),
          ),
          '',
        ];
  const lines = [
    '# Benchmark',
    '',
    'Success is over all rollouts; entropy is that of the modes of the successful ones given the start, to the base of the number of modes, and the ceiling is what a perfectly uniform policy with as many successes would score on average (docs/scoring.md). Figures are means ± sample standard deviations over training seeds. The Wilson interval counts all rollouts of all seeds: it says how well *these policies* were measured. `ms / action` is for one episode at a time on one thread. `ms / action` and `training` differ from run to run; nothing else does on the `simd` and `js` backends, for any number of workers.',
    '',
    ...analysis.tasks.flatMap((task) => taskLines(task, analysis)),
    ...overall,
  ];
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}
