import UPlot from 'uplot';
import type { TrainingCurve } from '../../src/stream/training-wire.ts';
import { element, setText } from './dom.ts';
import { brief } from './training-numbers.ts';

const HEIGHT = 88;
/** Points up to which each of them is marked. */
const SPARSE = 40;

/** A curve as a chart draws it. */
interface ChartLine {
  readonly phase: string;
  readonly name: string;
  readonly label: string;
  /** A custom property of the style sheets. */
  readonly color: string;
  /** Names of the columns that bound an area around it. */
  readonly band?: readonly [low: string, high: string];
}

/** What a chart shows: those of its lines that the training has. */
export interface ChartPlan {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly range?: readonly [number, number];
}

/** All charts, in their order; those without any line are not shown. */
export const CHARTS: readonly ChartPlan[] = [
  {
    id: 'scores',
    title: 'Policy so far',
    range: [0, 1],
    lines: [
      {
        ...{ phase: 'evaluation', name: 'success', label: 'success', color: '--good' },
        band: ['successLow', 'successHigh'],
      },
      { phase: 'evaluation', name: 'entropy', label: 'entropy', color: '--accent' },
    ],
  },
  {
    id: 'bound',
    title: 'Bound',
    lines: [{ phase: 'select', name: 'bound', label: '', color: '--accent' }],
  },
  {
    id: 'loss',
    title: 'Loss',
    lines: [
      { phase: 'select', name: 'loss', label: 'experts', color: '--accent' },
      { phase: 'refine', name: 'loss', label: 'refined', color: '--line-3' },
      { phase: 'gate', name: 'loss', label: 'gate', color: '--line-2' },
      { phase: 'train', name: 'loss', label: 'training', color: '--accent' },
      { phase: 'train', name: 'validationLoss', label: 'held out', color: '--line-2' },
      { phase: 'select', name: 'validationLoss', label: 'held out', color: '--line-4' },
    ],
  },
  {
    id: 'claims',
    title: 'Entropy of the claims',
    lines: [{ phase: 'select', name: 'posteriorEntropy', label: '', color: '--line-3' }],
  },
  {
    id: 'rate',
    title: 'Learning rate',
    lines: [{ phase: 'train', name: 'learningRate', label: '', color: '--line-3' }],
  },
];

type Column = (number | null | undefined)[];

/** One chart of a training over its steps. */
export class TrainingChart {
  readonly root: HTMLElement;
  readonly #plan: ChartPlan;
  readonly #legend = element('span', { class: 'chart-legend' });
  readonly #canvas = element('div', { class: 'chart-plot' });
  #plot: UPlot | null = null;
  #made = '';

  constructor(plan: ChartPlan) {
    this.#plan = plan;
    const heading = element('header', {}, element('h2', {}, plan.title), this.#legend);
    this.root = element('div', { class: 'chart', id: `chart-${plan.id}`, hidden: '' }, heading, this.#canvas);
  }

  /** Draws what there is. @param total - steps of the whole training. */
  show(curves: readonly TrainingCurve[], total: number): void {
    const find = (phase: string, name: string) =>
      curves.find((curve) => curve.phase === phase && curve.name === name);
    const lines = this.#plan.lines.flatMap((line) => {
      const curve = find(line.phase, line.name);
      const area = line.band?.map((name) => find(line.phase, name)) ?? [];
      return curve === undefined ? [] : [{ line, curve, area: area.filter((one) => one !== undefined) }];
    });
    this.root.hidden = lines.length === 0;
    const width = this.#canvas.clientWidth;
    if (lines.length === 0 || width === 0) return;
    const style = getComputedStyle(this.#canvas);
    const made = `${lines.map(({ area, line }) => line.color + line.label + area.length)} ${style.color} ${width} ${total}`;
    if (made !== this.#made) {
      this.#made = made;
      this.#plot?.destroy();
      this.#plot = this.#make(
        lines.map(({ area, line }) => ({ ...line, hasArea: area.length === 2 })),
        { style, total, width },
      );
    }
    const tables = lines.flatMap(({ area, curve }) => [curve, ...(area.length === 2 ? area : [])]);
    const joined = UPlot.join(tables.map(({ at, values }) => [[...at], [...values]] as UPlot.AlignedData));
    this.#plot?.setData(joined as UPlot.AlignedData);
    const words = lines.map(({ curve, line }) => {
      const value = element('b', {}, brief(curve.values.at(-1) ?? 0));
      value.style.color = `var(${line.color})`;
      return element('span', {}, line.label === '' ? '' : `${line.label} `, value);
    });
    this.#legend.replaceChildren(...words);
    this.#canvas.dataset.points = String(Math.max(...tables.map(({ at }) => at.length)));
    setText(this.root.querySelector('h2') as HTMLElement, this.#plan.title);
  }

  #make(
    lines: readonly (ChartLine & { readonly hasArea: boolean })[],
    {
      style,
      total,
      width,
    }: { readonly style: CSSStyleDeclaration; readonly total: number; readonly width: number },
  ): UPlot {
    const { range } = this.#plan;
    const axis = {
      stroke: style.color,
      font: `10.5px ${style.fontFamily}`,
      grid: { stroke: style.getPropertyValue('--track'), width: 1 },
      ticks: { show: false },
    };
    const series: UPlot.Series[] = [{}];
    const bands: UPlot.Band[] = [];
    for (const line of lines) {
      const stroke = style.getPropertyValue(line.color);
      const points = { show: isSparse, size: 4, fill: stroke, stroke };
      series.push({ stroke, width: 1.75, points, spanGaps: true });
      if (!line.hasArea) continue;
      const edge = { stroke: 'transparent', width: 0, points: { show: false }, spanGaps: true };
      const at = series.push(edge, edge);
      bands.push({ series: [at - 1, at - 2], fill: `color-mix(in srgb, ${stroke} 16%, transparent)` });
    }
    return new UPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [6, 14, 0, 0],
        scales: {
          x: { time: false, range: (plot) => [0, Math.max(1, total, plot.data[0].at(-1) ?? 0)] },
          y: range === undefined ? {} : { range: () => [...range] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 18, gap: 2, space: 60, values: (_, at) => at.map(steps) },
          { ...axis, size: 40, gap: 4, space: 26, values: (_, at) => at.map(brief) },
        ],
        series,
        bands,
      },
      [[], ...series.slice(1).map(() => [] as Column)] as UPlot.AlignedData,
      this.#canvas,
    );
  }
}

/** Whether the points of a curve are few enough to be told apart. */
function isSparse(plot: UPlot): boolean {
  return plot.data[0].length <= SPARSE;
}

/** Writes a number of steps in little room. */
function steps(count: number): string {
  return count >= 1000 ? `${Number((count / 1000).toPrecision(3))}k` : String(count);
}
