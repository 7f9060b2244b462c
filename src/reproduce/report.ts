import { join } from 'node:path';
import { drawChart } from '../chart.ts';
import { writeDurably } from '../durable-file.ts';
import { type Figure, judge, type Part, type Reproduction, type Verdict } from './reproduction.ts';
import { type RunIdentity, reproductionFiles } from './units.ts';

/** What `--json` prints, and `results.json` holds. */
export interface ReproductionResult {
  readonly name: string;
  readonly verdict: Verdict;
  readonly figures: readonly (Figure & { readonly part: string })[];
}

/** Joins the figures of all parts with the verdict on them. */
export function toResult(name: string, parts: readonly Part[]): ReproductionResult {
  const figures = parts.flatMap((part) => part.figures.map((figure) => ({ part: part.title, ...figure })));
  return { name, verdict: judge(parts), figures };
}

/** Words a number with three significant digits or more. */
export function formatNumber(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** Words mean and spread. */
export function formatMeasured({ count, mean, spread, spreadIs }: Figure): string {
  if (mean === null) return 'not reached';
  if (spread === null || count === 1) return formatNumber(mean);
  return `${formatNumber(mean)} ± ${formatNumber(spread)}${spreadIs === 'interval' ? ' (95 % interval)' : ''}, n = ${count}`;
}

const MARKS = { verified: 'verified', figure: 'read off a figure', unverified: 'unverified' } as const;

function figureRow(figure: Figure): string {
  const { holds, name, published, target = '' } = figure;
  const paper =
    published === undefined ? '' : `${published.value} (${MARKS[published.mark]}; ${published.source})`;
  const reached = holds === undefined ? '' : holds ? 'yes' : '**no**';
  return `| ${name} | ${formatMeasured(figure)} | ${target} | ${reached} | ${paper} |`;
}

function describePart(part: Part): string[] {
  const lines = [`## ${part.title}`, ''];
  if (part.notRun !== undefined) lines.push(`**Not run.** ${part.notRun}`, '');
  if (part.protocol.length > 0) lines.push(...part.protocol.map((line) => `- ${line}`), '');
  if (part.figures.length > 0) {
    lines.push('| figure | measured | must reach | reached | published |', '| --- | --- | --- | --- | --- |');
    lines.push(...part.figures.map(figureRow), '');
  }
  for (const { file, title } of part.charts) lines.push(`![${title}](${file}.svg)`, '');
  for (const note of part.notes) lines.push(note, '');
  return lines;
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  holds: 'every figure with a target reaches it',
  'falls-short': 'at least one figure misses its target',
  'not-run': 'a part could not be run here, or no figure has a target; nothing that was run misses one',
};

/** Words a reproduction as Markdown. */
export function formatReport(
  reproduction: Reproduction,
  identity: RunIdentity,
  parts: readonly Part[],
): string {
  const verdict = judge(parts);
  const command = `modewise reproduce ${identity.name}${identity.quick ? ' --quick' : ''} --seed ${identity.seed}`;
  const lines = [
    `# ${reproduction.name}`,
    '',
    `${reproduction.summary}. Paper: ${reproduction.paper}.`,
    '',
    `**Verdict: ${verdict}** (${VERDICTS[verdict]}).`,
    '',
    `Command: \`${command}\`. Measured numbers are means ± standard deviations unless they say otherwise.`,
    '',
    ...parts.flatMap(describePart),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/**
 * Writes `report.md`, its charts and `results.json` into a folder.
 *
 * @returns the path of the report.
 */
export function writeReport(
  folder: string,
  reproduction: Reproduction,
  identity: RunIdentity,
  parts: readonly Part[],
): string {
  for (const chart of parts.flatMap(({ charts }) => charts)) {
    writeDurably(join(folder, `${chart.file}.svg`), drawChart(chart));
  }
  const result = toResult(identity.name, parts);
  writeDurably(join(folder, reproductionFiles.results), `${JSON.stringify(result, null, 2)}\n`);
  const path = join(folder, reproductionFiles.report);
  writeDurably(path, formatReport(reproduction, identity, parts));
  return path;
}
