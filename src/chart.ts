/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Lower and upper edge of a band around the line. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

/** A line chart. */
export interface Chart {
  /** File name without ending; unique within a reproduction. */
  readonly file: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** Least value shown on a logarithmic axis: what lies below is rounding. */
  readonly floor?: number;
  readonly series: readonly Series[];
}

const WIDTH = 860;
const HEIGHT = 400;
const LEFT = 72;
/** Wide enough for the names of the lines, beside the plot. */
const RIGHT = 260;
const TOP = 40;
const BOTTOM = 56;
/** Told apart by people with any colour vision (Okabe and Ito). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
const DASHES = ['', '7 4', '2 3', '9 3 2 3', '4 2', '12 4', '1 2'];

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One axis: from values to pixels, with ticks at round values. */
class Axis {
  readonly #log: boolean;
  readonly #low: number;
  readonly #high: number;
  readonly #from: number;
  readonly #to: number;
  readonly #floor: number;

  constructor(values: readonly number[], log: boolean, from: number, to: number, floor: number) {
    this.#log = log;
    this.#floor = floor;
    this.#from = from;
    this.#to = to;
    const scaled = values.filter((v) => Number.isFinite(v)).map((v) => this.#scale(v));
    const low = scaled.length === 0 ? 0 : Math.min(...scaled);
    const high = scaled.length === 0 ? 1 : Math.max(...scaled);
    const margin = log ? 0.05 * (high - low || 1) : 0.04 * (high - low || 1);
    this.#low = low - margin;
    this.#high = high + margin;
  }

  #scale(value: number): number {
    return this.#log ? Math.log10(Math.max(value, this.#floor)) : value;
  }

  at(value: number): number {
    const share = (this.#scale(value) - this.#low) / (this.#high - this.#low);
    return this.#from + share * (this.#to - this.#from);
  }

  ticks(): readonly number[] {
    const span = this.#high - this.#low;
    const raw = span / 7;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
    // a logarithmic axis has ticks at whole powers of ten, unless it spans less than two of them
    const unit = this.#log && span > 2 ? Math.max(1, Math.round(step)) : step;
    const ticks: number[] = [];
    for (let v = Math.ceil(this.#low / unit) * unit; v <= this.#high + 1e-9; v += unit) {
      ticks.push(this.#log ? 10 ** v : v);
    }
    return ticks;
  }
}

function label(value: number): string {
  if (value === 0 || Math.abs(value) < 1e-12) return '0';
  if (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3) return value.toExponential(0);
  return String(Number(value.toPrecision(3)));
}

/** Draws a chart as an SVG document. */
export function drawChart(chart: Chart): string {
  const { floor = Number.MIN_VALUE, logX = false, logY = false, series } = chart;
  const xs = series.flatMap(({ x }) => x);
  const ys = series.flatMap(({ band, y }) => [...y, ...(band?.low ?? []), ...(band?.high ?? [])]);
  const x = new Axis(xs, logX, LEFT, WIDTH - RIGHT, Number.MIN_VALUE);
  const y = new Axis(ys, logY, HEIGHT - BOTTOM, TOP, floor);
  const point = (a: number, b: number) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="14" font-weight="bold">${escapeXml(chart.title)}</text>`,
  ];
  for (const tick of y.ticks()) {
    const at = y.at(tick).toFixed(1);
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#ddd"/>`);
    parts.push(
      `<text x="${LEFT - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${label(tick)}</text>`,
    );
  }
  for (const tick of x.ticks()) {
    const at = x.at(tick).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#eee"/>`);
    parts.push(`<text x="${at}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${label(tick)}</text>`);
  }
  parts.push(
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escapeXml(chart.xLabel)}</text>`,
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(chart.yLabel)}</text>`,
  );
  series.forEach(({ band, name, x: at, y: values }, s) => {
    const color = COLORS[s % COLORS.length];
    if (band !== undefined) {
      const upper = at.map((a, i) => point(a, band.high[i] as number));
      const lower = at.map((a, i) => point(a, band.low[i] as number)).reverse();
      parts.push(`<polygon points="${[...upper, ...lower].join(' ')}" fill="${color}" opacity="0.15"/>`);
    }
    const line = at.map((a, i) => point(a, values[i] as number)).join(' ');
    const dash = DASHES[s % DASHES.length];
    parts.push(
      `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`,
    );
    const legendY = TOP + 12 + 16 * s;
    parts.push(
      `<line x1="${WIDTH - RIGHT + 14}" x2="${WIDTH - RIGHT + 44}" y1="${legendY}" y2="${legendY}" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`,
      `<text x="${WIDTH - RIGHT + 50}" y="${legendY}" dominant-baseline="middle">${escapeXml(name)}</text>`,
    );
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}
