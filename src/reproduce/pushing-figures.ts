import { holm, type PairedComparison } from '../benchmark/comparison.ts';
import { successEntropyChart } from '../benchmark/figures.ts';
import { markdownTable } from '../benchmark/markdown.ts';
import type { Resampled, Standing } from '../benchmark/ranking.ts';
import type { FinishedBenchmark } from '../benchmark/report.ts';
import type { SummaryRow } from '../benchmark/summary.ts';
import type { Column, TableRow } from '../benchmark/table.ts';
import { deviation, mean } from '../statistics.ts';
import type { Figure, Part, Published } from './reproduction.ts';

/** What success was published to gain over EM. */
const PUBLISHED_GAIN = 0.3;
const SOURCE =
  'ports of both to transformers, on D3IL’s human demonstrations, VDD project page; another simulator';
/** The row that is expectation maximization as in the published comparison: by single steps, with the gate in its responsibilities. */
export const TEXTBOOK_EM = 'em-textbook';
const PUBLISHED: Readonly<Record<string, Published>> = {
  imc: { value: '0.76 ± 0.04', mark: 'verified', source: `IMC-GPT, ${SOURCE}` },
  [TEXTBOOK_EM]: { value: '0.16 ± 0.07', mark: 'verified', source: `EM-GPT, ${SOURCE}` },
};

/** What a comparison is about. */
export interface Contest {
  readonly task: string;
  /** Row that is to be at least level with every other. */
  readonly reference: string;
  /** Whether it was run on too little to judge anything. */
  readonly quick: boolean;
}

type Quantity = Extract<Column, 'success' | 'success_times_entropy'>;

const QUANTITIES = [
  { column: 'success', standing: 'success', name: 'success' },
  { column: 'success_times_entropy', standing: 'score', name: 'success × entropy' },
] as const;

const MEASURES = [
  { column: 'success', name: 'success' },
  { column: 'entropy', name: 'entropy' },
  { column: 'entropy_ceiling', name: 'entropy of a uniform policy with as many successes' },
  { column: 'success_times_entropy', name: 'success × entropy' },
  { column: 'modes_covered', name: 'modes covered' },
] as const satisfies readonly { readonly column: Column; readonly name: string }[];

function finishedRows(rows: readonly TableRow[], method: string): TableRow[] {
  return rows.filter((row) => row.method === method && row.status === 'done');
}

/** The figures of one method, over its finished seeds. */
function figuresOf(rows: readonly TableRow[], method: string): Figure[] {
  const finished = finishedRows(rows, method);
  return MEASURES.map(({ column, name }) => {
    const values = finished.map((row) => row[column] as number);
    const published = column === 'success' ? PUBLISHED[method] : undefined;
    return {
      name: `${name}, ${method}`,
      ...(values.length === 0
        ? { mean: null, spread: null }
        : { mean: mean(values), spread: deviation(values) }),
      count: values.length,
      ...(published === undefined ? {} : { published }),
    };
  });
}

/** What a row gains over another one, seed by seed. */
function gains(rows: readonly TableRow[], [a, b]: readonly [string, string], column: Quantity): number[] {
  const others = new Map(finishedRows(rows, b).map((row) => [row.seed, row[column] as number]));
  return finishedRows(rows, a).flatMap((row) => {
    const other = others.get(row.seed);
    return other === undefined ? [] : [(row[column] as number) - other];
  });
}

/** Compares the reference with the best of the others in one quantity. */
function levelFigure(
  { rows }: FinishedBenchmark,
  standings: readonly Standing[],
  { column, name, quick, reference, standing }: Contest & (typeof QUANTITIES)[number],
): Figure[] {
  const own = standings.find((one) => one.name === reference)?.[standing];
  const best = standings
    .filter((one) => one.name !== reference)
    .toSorted((a, b) => b[standing].value - a[standing].value)[0];
  if (own === undefined || best === undefined) return [];
  const other = best[standing];
  const values = gains(rows, [reference, best.name], column);
  return [
    {
      name: `${name} that ${reference} gains over the best of the others, ${best.name}`,
      ...{ mean: mean(values), spread: deviation(values), count: values.length },
      ...(quick ? {} : { target: '95 % intervals overlap, or better', holds: own.high >= other.low }),
    },
  ];
}

/** What the reference gains over both forms of EM; judged is the one that was published. */
function gainsOverEm({ rows }: FinishedBenchmark, { quick, reference }: Contest): Figure[] {
  return [TEXTBOOK_EM, 'em'].flatMap((other) => {
    const values = gains(rows, [reference, other], 'success');
    if (values.length === 0) return [];
    const gain = mean(values);
    const judged = other === TEXTBOOK_EM && !quick;
    return [
      {
        name: `success that ${reference} gains over ${other}`,
        ...{ mean: gain, spread: deviation(values), count: values.length },
        ...(judged && { target: `≥ ${PUBLISHED_GAIN}`, holds: gain >= PUBLISHED_GAIN }),
        ...(other === TEXTBOOK_EM && {
          published: { value: '0.60 (0.76 − 0.16)', mark: 'verified' as const, source: SOURCE },
        }),
      },
    ];
  });
}

/** The intervals that decide what is level. */
function intervalTable(standings: readonly Standing[]): string {
  const word = ({ high, low, value }: Resampled) =>
    `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  return markdownTable(
    ['method', 'success, 95 % interval', 'success × entropy, 95 % interval', 'rank'],
    standings.map(({ name, rank, score, success }) => [name, word(success), word(score), String(rank.value)]),
  ).join('\n');
}

/** McNemar's test of the reference against every other row. */
function pairedTable(comparisons: readonly PairedComparison[], reference: string): string {
  const pairs = comparisons.filter(({ a }) => a === reference);
  const adjusted = holm(pairs.map(({ p }) => p));
  return markdownTable(
    [
      `${reference} against`,
      'episodes',
      `only ${reference} succeeds`,
      'only the other',
      'McNemar’s exact p, after Holm',
    ],
    pairs.map(({ b, onlyA, onlyB, pairs: n }, index) => {
      const p = adjusted[index] as number;
      return [b, `${n}`, `${onlyA}`, `${onlyB}`, p < 0.001 ? '< 0.001' : p.toFixed(3)];
    }),
  ).join('\n');
}

function describeProtocol({ rows }: FinishedBenchmark, summaries: readonly SummaryRow[]): string[] {
  const [first] = rows;
  const measured = summaries.find(({ seeds }) => seeds > 0);
  const seeds = [...new Set(rows.map(({ seed }) => seed))].join(', ');
  const trained = summaries.flatMap(({ method, trainMinutes, trainingSteps }) =>
    trainMinutes === null ? [] : [`${method} ${trainingSteps} in ${trainMinutes.mean.toFixed(1)} min`],
  );
  return [
    `${measured?.demonstrations ?? 0} scripted demonstrations, the same for all; training seeds ${seeds}.`,
    `${measured?.rollouts ?? 0} rollouts of each policy over 30 contexts, evaluation seed ${first?.evaluation_seed}; all policies meet the same starts. Entropy: base 4, of the successful rollouts of a context, mean over contexts, 0 where none succeeds.`,
    'Every method with its preset for the task (docs/benchmark.md, Tuning, has what each was given) but for what `suite.yaml` sets. IMC, EM and ML-Cur assign whole episodes and keep a component for one; EM in textbook form and MDN draw one at each step. All but ML-Cur draw their actions.',
    `Training steps, over all phases, and mean duration: ${trained.join('; ')}.`,
  ];
}

/** Turns a finished benchmark into the part of a report. */
export function pushingPart(finished: FinishedBenchmark, contest: Contest): Part {
  const { rows, summary } = finished;
  const {
    comparisons = [],
    ranks = [],
    rows: summaries = [],
  } = summary.tasks.find(({ task }) => task === contest.task) ?? {};
  const { failed } = summary;
  const reasons = failed.map(({ method, reason, seed }) => `${method}, seed ${seed}: ${reason}`);
  const missing = [
    ...(contest.quick
      ? [
          'The comparison: what --quick trains on is too little to learn the task, so that nothing is judged. It shows that all of it runs.',
        ]
      : []),
    ...(failed.length > 0
      ? [
          `${failed.length} of ${rows.length} trainings failed; --resume tries them again. ${reasons.join('. ')}`,
        ]
      : []),
  ];
  return {
    title: 'Pushing, 4 modes',
    protocol: describeProtocol(finished, summaries),
    figures: [
      ...QUANTITIES.flatMap((quantity) => levelFigure(finished, ranks, { ...contest, ...quantity })),
      ...gainsOverEm(finished, contest),
      ...summaries.flatMap(({ method }) => figuresOf(rows, method)),
    ],
    charts: [successEntropyChart(contest.task, summaries)],
    notes: [
      intervalTable(ranks),
      pairedTable(comparisons, contest.reference),
      'Intervals: bootstrap over seeds, and for each over contexts with all their rollouts; the same draws for all methods. Episodes of one policy share its weights: McNemar’s p is about these policies.',
      'The published comparison is of other networks, on human demonstrations, in another simulator; its EM is that of the row in textbook form. docs/benchmark.md (Tuning, Pushing-v0) says what was measured about these demonstrations: without memory, they can be imitated state by state, so that single steps do not fail altogether; and EM with the level, start and draws of IMC comes close to it.',
      'The cells, with policies to watch, are in `benchmark/`, which `modewise bench` can go on with: `suite.yaml` is its file.',
    ],
    ...(missing.length === 0 ? {} : { notRun: missing.join(' ') }),
  };
}
