import UPlot from 'uplot';
import { element } from './dom.ts';
import type { GateSeries } from './gate-series.ts';
import { css, type Palette } from './palette.ts';

const HEIGHT = 118;
/** Control steps that the plot has room for at least. */
const SHORTEST = 20;
/** Height of the strip that shows the component in force, pixels. */
const STRIP = 5;

/** Gate probabilities over an episode, stacked, with the component in force as a strip above them. */
export class GatePlot {
  readonly root = element('div', { class: 'gate-plot', role: 'img' });
  #plot: UPlot | null = null;
  /** What the plot has been made for: it is made anew when its series or colours change. */
  #made = '';
  #series: GateSeries | null = null;
  #palette: Palette | null = null;

  /** Shows a series. */
  show(series: GateSeries, palette: Palette): void {
    this.#series = series;
    this.#palette = palette;
    const width = this.root.clientWidth;
    if (width === 0) return;
    const colors = series.components.map((component) => css(palette.color('expert', component)));
    const style = getComputedStyle(this.root);
    const text = style.color;
    const made = `${series.components.join()} ${colors.join()} ${text} ${width}`;
    if (made !== this.#made) {
      this.#made = made;
      this.#plot?.destroy();
      this.#plot = this.#make(width, colors, text, style.getPropertyValue('--track'));
    }
    this.#plot?.setData(stacked(series) as UPlot.AlignedData);
  }

  #make(width: number, colors: readonly string[], text: string, others: string): UPlot {
    const axis = {
      stroke: text,
      font: `11px ${getComputedStyle(this.root).fontFamily}`,
      grid: { show: false },
      ticks: { show: false },
    };
    return new UPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [STRIP + 5, 9, 0, 0],
        scales: {
          x: { time: false, range: (_, __, last) => [0, Math.max(SHORTEST, last)] },
          y: { range: [0, 1] },
        },
        axes: [
          { ...axis, size: 20, gap: 3, incrs: [5, 10, 20, 50, 100, 200, 500, 1000] },
          { ...axis, size: 28, gap: 4, splits: () => [0, 0.5, 1], values: () => ['0', '', '1'] },
        ],
        // the uppermost boundary goes first: each area covers the lower part of the one before
        series: [
          {},
          { fill: others, width: 0, points: { show: false } },
          ...colors.toReversed().map((fill) => ({ fill, stroke: fill, width: 0, points: { show: false } })),
        ],
        hooks: { draw: [(plot) => this.#drawStrip(plot)] },
      },
      [[], [], ...colors.map(() => [])],
      this.root,
    );
  }

  /** Draws which component is in force, above the plot: a bar for as long as it stays the same. */
  #drawStrip(plot: UPlot): void {
    const { ctx } = plot;
    const series = this.#series;
    const palette = this.#palette;
    if (series === null || palette === null) return;
    const pixel = devicePixelRatio;
    const { inForce, steps } = series;
    for (let from = 0, to = 0; from < steps.length; from = to) {
      while (to < steps.length && inForce[to] === inForce[from]) to++;
      const begin = plot.valToPos(steps[from] ?? 0, 'x', true);
      const end = plot.valToPos(steps[to] ?? steps.at(-1) ?? 0, 'x', true);
      ctx.fillStyle = css(palette.color('expert', inForce[from] ?? -1));
      ctx.fillRect(begin, plot.bbox.top - (STRIP + 3) * pixel, Math.max(pixel, end - begin), STRIP * pixel);
    }
  }
}

/** Sums up the probabilities, so that each boundary lies on the one below; the uppermost first, that of all others. */
function stacked({ probabilities, steps }: GateSeries): (readonly number[])[] {
  let below: readonly number[] = steps.map(() => 0);
  const boundaries = probabilities.map((values) => {
    below = values.map((value, i) => Math.min(1, value + (below[i] ?? 0)));
    return below;
  });
  return [steps, steps.map(() => 1), ...boundaries.toReversed()];
}
