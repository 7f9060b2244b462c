/** Lower and upper edge at every point of a series. */
export interface Band {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** One line of a chart, or one set of points. */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** A band around the line; the vertical bars of points. */
  readonly band?: Band;
  /** The horizontal bars of points. */
  readonly xBand?: Band;
  /** Draws points with bars instead of a line. */
  readonly points?: boolean;
}

/** A chart of lines or points. */
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
  /** Values that the axes show in any case. */
  readonly xShown?: readonly number[];
  readonly yShown?: readonly number[];
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
export const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
const DASHES = ['', '7 4', '2 3', '9 3 2 3', '4 2', '12 4', '1 2'];

/** Writes text so that XML takes it literally. */
export const escapeXml = (text: string) =>
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

/** Shapes that tell points apart where colours repeat or cannot be seen. */
const MARKERS = 3;

interface MarkerStyle {
  readonly color: string;
  readonly marker: number;
}

function drawMarker(x: number, y: number, { color, marker }: MarkerStyle): string {
  const [a, b] = [x.toFixed(1), y.toFixed(1)];
  if (marker === 0) return `<circle cx="${a}" cy="${b}" r="5" fill="${color}"/>`;
  const turn = marker === 1 ? '' : ` transform="rotate(45 ${a} ${b})"`;
  return `<rect x="${(x - 4.5).toFixed(1)}" y="${(y - 4.5).toFixed(1)}" width="9" height="9" fill="${color}"${turn}/>`;
}

/** Points with a bar for each band. */
function drawPoints(series: Series, x: Axis, y: Axis, style: MarkerStyle): string[] {
  const bar = (from: readonly [number, number], to: readonly [number, number]) =>
    `<line x1="${x.at(from[0]).toFixed(1)}" y1="${y.at(from[1]).toFixed(1)}" x2="${x.at(to[0]).toFixed(1)}" y2="${y.at(to[1]).toFixed(1)}" stroke="${style.color}" stroke-width="1.5"/>`;
  return series.x.flatMap((a, i) => {
    const b = series.y[i] as number;
    const { band, xBand } = series;
    return [
      ...(xBand === undefined ? [] : [bar([xBand.low[i] as number, b], [xBand.high[i] as number, b])]),
      ...(band === undefined ? [] : [bar([a, band.low[i] as number], [a, band.high[i] as number])]),
      drawMarker(x.at(a), y.at(b), style),
    ];
  });
}

/** A line with its band. */
function drawLine(
  { band, x, y }: Series,
  point: (a: number, b: number) => string,
  { color, dash }: { readonly color: string; readonly dash: string },
): string[] {
  const parts: string[] = [];
  if (band !== undefined) {
    const upper = x.map((a, i) => point(a, band.high[i] as number));
    const lower = x.map((a, i) => point(a, band.low[i] as number)).reverse();
    parts.push(`<polygon points="${[...upper, ...lower].join(' ')}" fill="${color}" opacity="0.15"/>`);
  }
  const line = x.map((a, i) => point(a, y[i] as number)).join(' ');
  parts.push(
    `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`,
  );
  return parts;
}

/** Draws a chart as an SVG document. */
export function drawChart(chart: Chart): string {
  const { floor = Number.MIN_VALUE, logX = false, logY = false, series } = chart;
  const extent = (values: readonly number[], band?: Band) => [
    ...values,
    ...(band?.low ?? []),
    ...(band?.high ?? []),
  ];
  const xs = [...(chart.xShown ?? []), ...series.flatMap((s) => extent(s.x, s.xBand))];
  const ys = [...(chart.yShown ?? []), ...series.flatMap((s) => extent(s.y, s.band))];
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
  series.forEach((one, s) => {
    const color = COLORS[s % COLORS.length] as string;
    const legendY = TOP + 12 + 16 * s;
    const legendX = WIDTH - RIGHT + 14;
    if (one.points === true) {
      parts.push(...drawPoints(one, x, y, { color, marker: s % MARKERS }));
      parts.push(drawMarker(legendX + 15, legendY, { color, marker: s % MARKERS }));
    } else {
      const dash = DASHES[s % DASHES.length] as string;
      parts.push(...drawLine(one, point, { color, dash }));
      parts.push(
        `<line x1="${legendX}" x2="${legendX + 30}" y1="${legendY}" y2="${legendY}" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`,
      );
    }
    parts.push(
      `<text x="${legendX + 36}" y="${legendY}" dominant-baseline="middle">${escapeXml(one.name)}</text>`,
    );
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}
