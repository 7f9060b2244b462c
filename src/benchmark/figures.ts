import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Chart, COLORS, drawChart, escapeXml, type Series } from '../chart.ts';
import { writeDurably } from '../durable-file.ts';
import { runFiles } from '../policies/run-directory.ts';
import { cellFiles } from './cell-files.ts';
import { type CellSpec, cellFolder } from './plan.ts';
import type { SummaryRow } from './summary.ts';

/** A figure of a benchmark. */
export interface BenchmarkFigure {
  /** File name. */
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** Names a file after a task, and a row where it is about one; without ending. */
function fileOf(kind: string, task: string, name?: string): string {
  return [kind, task.replaceAll('/', '__'), ...(name === undefined ? [] : [name])].join('-');
}

/** Draws a chart as a figure. */
export function toFigure(chart: Chart): BenchmarkFigure {
  return { file: `${chart.file}.svg`, title: chart.title, svg: drawChart(chart) };
}

/**
 * Draws success against entropy, a point for each row: Wilson 95 % interval over all rollouts, one sample standard
 * deviation of the entropy over training seeds to either side.
 *
 * @param rows - of one task.
 */
export function successEntropyChart(task: string, rows: readonly SummaryRow[]): Chart {
  const series = rows.flatMap(({ entropy, interval, method, success }): Series[] => {
    if (success === null || entropy === null) return [];
    const { deviation, mean } = entropy;
    return [
      {
        name: method,
        points: true,
        x: [mean],
        y: [success.mean],
        xBand: { low: [Math.max(0, mean - deviation)], high: [Math.min(1, mean + deviation)] },
        band: { low: [interval.low], high: [interval.high] },
      },
    ];
  });
  return {
    file: fileOf('success-entropy', task),
    title: `${task}: success against entropy`,
    xLabel: 'behavior entropy, ± one standard deviation over seeds',
    yLabel: 'success, Wilson 95 % interval',
    xShown: [0, 1],
    yShown: [0, 1],
    series,
  };
}

/** Successful rollouts of a row by mode, over all its seeds. */
export interface ModeCounts {
  readonly method: string;
  /** Shape `[K]`. */
  readonly counts: readonly number[];
}

const STRIP = 44;
const PLOT_LEFT = 150;
const PLOT_WIDTH = 640;
const FIGURE_WIDTH = 860;
/** Height of the slanted names of modes. */
const LABELS = 84;

/**
 * Draws in which modes the successful rollouts of each row went: a strip of bars for each row, as shares of its successes, with
 * a line where all modes would be alike; every strip has a scale of its own.
 */
export function modeFigure(
  task: string,
  modes: readonly string[],
  rows: readonly ModeCounts[],
): BenchmarkFigure {
  const title = `${task}: modes of successful rollouts`;
  const height = 48 + STRIP * rows.length + LABELS;
  const width = PLOT_WIDTH / modes.length;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FIGURE_WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${FIGURE_WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="24" font-size="14" font-weight="bold">${escapeXml(title)}</text>`,
  ];
  rows.forEach(({ counts, method }, index) => {
    const base = 48 + STRIP * (index + 1);
    // each strip has its own scale: next to a policy that knows one mode, an even one would be flat
    const tallest = Math.max(2 / modes.length, Math.max(...counts) / Math.max(1, total(counts)));
    const scale = (STRIP - 8) / tallest;
    parts.push(
      `<text x="${PLOT_LEFT - 10}" y="${base - 12}" text-anchor="end">${escapeXml(method)}</text>`,
      `<text x="${PLOT_LEFT + PLOT_WIDTH + 8}" y="${base - 12}" fill="#666">n = ${total(counts)}</text>`,
    );
    counts.forEach((count, mode) => {
      const bar = (scale * count) / Math.max(1, total(counts));
      const x = PLOT_LEFT + mode * width;
      parts.push(
        `<rect x="${(x + 0.1 * width).toFixed(1)}" y="${(base - bar).toFixed(1)}" width="${(0.8 * width).toFixed(1)}" height="${bar.toFixed(1)}" fill="${COLORS[0]}"><title>${escapeXml(`${method}, ${modes[mode]}: ${count}`)}</title></rect>`,
      );
    });
    const even = (base - scale / modes.length).toFixed(1);
    parts.push(
      `<line x1="${PLOT_LEFT}" x2="${PLOT_LEFT + PLOT_WIDTH}" y1="${even}" y2="${even}" stroke="${COLORS[1]}" stroke-dasharray="4 3"/>`,
      `<line x1="${PLOT_LEFT}" x2="${PLOT_LEFT + PLOT_WIDTH}" y1="${base}" y2="${base}" stroke="#999"/>`,
    );
  });
  const labelY = 48 + STRIP * rows.length + 14;
  modes.forEach((mode, index) => {
    const x = (PLOT_LEFT + (index + 0.5) * width).toFixed(1);
    parts.push(
      `<text x="${x}" y="${labelY}" text-anchor="end" font-size="11" transform="rotate(-55 ${x} ${labelY})">${escapeXml(mode)}</text>`,
    );
  });
  return { file: `${fileOf('modes', task)}.svg`, title, svg: `${[...parts, '</svg>'].join('\n')}\n` };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** A row of a training log, as far as curves need it. */
type LogRow = Readonly<Record<string, unknown>>;

/** Reads a training log; a resumed training repeats what it had logged after its checkpoint: the last word counts. */
function readLog(path: string): LogRow[] {
  if (!existsSync(path)) return [];
  const rows = new Map<string, LogRow>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    try {
      const row: LogRow = JSON.parse(line);
      rows.set(`${row.phase} ${row.step ?? row.iteration}`, row);
    } catch {
      // a kill cuts the last line short
    }
  }
  return [...rows.values()];
}

/** How a loss fell. */
interface LearningCurve {
  /** `training loss` or `validation loss`. */
  readonly quantity: string;
  /** `step` or `iteration`. */
  readonly at: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The curve of one training: the phase with most rows, its loss on episodes held out where that was measured. */
function curveOf(path: string): LearningCurve | undefined {
  const rows = readLog(path);
  const phases = new Map<unknown, LogRow[]>();
  for (const row of rows) phases.set(row.phase, [...(phases.get(row.phase) ?? []), row]);
  const longest = [...phases.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const column = longest.some(({ validationLoss }) => typeof validationLoss === 'number')
    ? 'validationLoss'
    : 'loss';
  const shown = longest.filter((row) => Number.isFinite(row[column]));
  if (shown.length === 0) return undefined;
  const at = shown.every(({ step }) => typeof step === 'number') ? 'step' : 'iteration';
  return {
    quantity: column === 'loss' ? 'training loss' : 'validation loss',
    at,
    x: shown.map((row) => Number(row[at])),
    y: shown.map((row) => Number(row[column])),
  };
}

/**
 * Draws the learning curves of a row on a task, a line for each seed; undefined where no log holds a loss. Losses of
 * different methods are different quantities, so each has a figure of its own.
 *
 * @param cells - of one row and task.
 */
export function learningFigure(folder: string, cells: readonly CellSpec[]): BenchmarkFigure | undefined {
  const [first] = cells;
  const curves = cells.flatMap((spec) => {
    const curve = curveOf(join(cellFolder(folder, spec), cellFiles.run, runFiles.metrics));
    return curve === undefined ? [] : [{ ...curve, name: `seed ${spec.seed}` }];
  });
  const [any] = curves;
  if (first === undefined || any === undefined) return undefined;
  return toFigure({
    file: fileOf('learning', first.task, first.name),
    title: `${first.name} on ${first.task}: ${any.quantity}`,
    xLabel: `training ${any.at}`,
    yLabel: any.quantity,
    series: curves.map(({ name, x, y }) => ({ name, x, y })),
  });
}

/** Writes figures into a folder. */
export function writeFigures(folder: string, figures: readonly BenchmarkFigure[]): void {
  for (const { file, svg } of figures) writeDurably(join(folder, 'figures', file), svg);
}
