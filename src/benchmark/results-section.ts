import { UsageError } from '../errors.ts';
import { decodeCsv } from './csv.ts';
import { contestLine, fixed, markdownTable, wordMs, wordOverSeeds } from './markdown.ts';
import { contestOf, type OverSeeds, type SummaryRow, summarizeTable } from './summary.ts';
import { type Column, columns, type TableRow } from './table.ts';

/**
 * Reads the table of a benchmark back from CSV.
 *
 * @param where - path of the file, for messages.
 * @throws UsageError when columns are missing, a row is too short, or a number is none.
 */
export function parseTable(text: string, where: string): TableRow[] {
  const [names = [], ...lines] = decodeCsv(text);
  const missing = (Object.keys(columns) as Column[]).filter((column) => !names.includes(column));
  if (missing.length > 0 || lines.length === 0) {
    throw new UsageError({
      what: 'This is not a whole table of a benchmark',
      where,
      found: missing.length > 0 ? `no column ${missing.join(', ')}` : 'no rows',
      remedy: 'run the benchmark again with this version: modewise bench FILE --out DIR',
    });
  }
  return lines.map((fields, index) => {
    const value = (column: Column) => {
      const field = fields[names.indexOf(column)];
      const number = Number(field);
      if (field === undefined || (columns[column] !== 'string' && Number.isNaN(number))) {
        throw new UsageError({
          what: 'A row of the table cannot be read',
          where: `${where}:${index + 2}`,
          found: `${column}: ${field ?? 'nothing'}`,
        });
      }
      if (field === '') return null;
      return columns[column] === 'string' ? field : number;
    };
    return Object.fromEntries(
      (Object.keys(columns) as Column[]).map((column) => [column, value(column)]),
    ) as TableRow;
  });
}

const HEAD = [
  'method',
  'seeds',
  'success',
  'Wilson 95 %, these policies',
  'entropy',
  'ceiling',
  'success × entropy',
  'modes, worst seed',
  'ms / action',
  'training, min',
  'training steps',
  'parameters',
];

function line(row: SummaryRow): string[] {
  if (row.seeds === 0) return [row.method, '0', 'failed', ...HEAD.slice(3).map(() => '–')];
  const of = (value: OverSeeds) => wordOverSeeds(value, row.seeds, 3);
  return [
    row.failed === 0 ? row.method : `${row.method} (${row.failed} of ${row.failed + row.seeds} seeds failed)`,
    String(row.seeds),
    of(row.success),
    `${fixed(row.interval.low, 3)} to ${fixed(row.interval.high, 3)}`,
    of(row.entropy),
    fixed(row.ceiling?.mean, 3),
    of(row.score),
    `${row.worstCovered} of ${row.modes}`,
    wordMs(row.msPerAction),
    fixed(row.trainMinutes?.mean, 1),
    String(row.trainingSteps ?? '–'),
    String(row.parameters ?? '–'),
  ];
}

/**
 * Words the table of a benchmark for the README, a part for each task.
 *
 * @param command - what repeats it, where that is known.
 */
export function benchmarkSection(table: readonly TableRow[], command?: string): string[] {
  const summary = summarizeTable(table);
  const tasks = [...new Set(summary.map(({ task }) => task))];
  return tasks.flatMap((task) => {
    const rows = summary.filter((row) => row.task === task);
    const cells = table.filter((row) => row.task === task);
    const seeds = new Set(cells.map(({ seed }) => seed)).size;
    const even = rows.every((row) => row.seeds + row.failed === seeds);
    const known = rows.find(({ rollouts }) => rollouts !== null);
    const contexts = cells.find((cell) => cell.contexts !== null)?.contexts ?? null;
    const reference = rows.find(({ algorithm }) => algorithm === 'imc') ?? (rows[0] as SummaryRow);
    const contest = contestOf(rows, reference.method);
    const words = [
      `**${task}**: ${known?.demonstrations ?? '–'} demonstrations, ${known?.rollouts ?? '–'} rollouts over ${contexts ?? '–'} context${contexts === 1 ? '' : 's'} for each policy, ${seeds} training seed${seeds === 1 ? '' : 's'}${even ? '' : ' at most'}`,
      seeds > 1 ? ', mean ± sample standard deviation' : '',
      command === undefined ? '.' : `; \`${command}\`.`,
    ];
    return [
      words.join(''),
      '',
      ...markdownTable(HEAD, rows.map(line)),
      '',
      ...contestLine(contest?.reference, contest?.competitor),
      '',
    ];
  });
}

const BEGIN = /<!-- results:begin[^>]*-->\n/;
const END = '<!-- results:end';

/**
 * Puts a section between the markers `<!-- results:begin … -->` and `<!-- results:end -->` of a text, in place of what stands there.
 *
 * @throws UsageError when a marker is missing, or they are in the wrong order.
 */
export function replaceResults(text: string, section: readonly string[], where: string): string {
  const begin = BEGIN.exec(text);
  const from = begin === null ? -1 : begin.index + begin[0].length;
  const to = text.indexOf(END, Math.max(0, from));
  if (from < 0 || to < 0) {
    throw new UsageError({
      what: 'The text has no place for results',
      where,
      expected: 'a line <!-- results:begin --> and, after it, a line <!-- results:end -->',
    });
  }
  const body = section
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return `${text.slice(0, from)}${body}\n${text.slice(to)}`;
}
