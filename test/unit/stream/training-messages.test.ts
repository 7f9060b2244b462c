import { describe, expect, it } from 'vitest';
import type { TrainingData } from '../../../src/data/training-data.ts';
import { decodeFloats } from '../../../src/stream/floats.ts';
import { GateMap } from '../../../src/stream/gate-map.ts';
import { encodeJson } from '../../../src/stream/json.ts';
import { drawDemonstrations, planarPosition } from '../../../src/stream/planar-paths.ts';
import { TrainingCurves } from '../../../src/stream/training-curves.ts';
import { type CurriculaState, TrainingIterations } from '../../../src/stream/training-iterations.ts';

const bytes = (text: string) => Buffer.from(text, 'base64');
const words = (text: string) => {
  const data = bytes(text);
  return Array.from({ length: data.length / 2 }, (_, i) => data.readUInt16LE(2 * i));
};

/** Straight demonstrations side by side along y: episode e at x = e / 10, observed as command and measurement. */
function lines(episodes: number, steps = 21): TrainingData {
  const rows = Array.from({ length: episodes * steps }, (_, row) => {
    const [x, y] = [Math.floor(row / steps) / 10, (row % steps) / (steps - 1)];
    return [x + 0.01, y + 0.02, x, y];
  });
  return {
    observations: Float32Array.from(rows.flat()),
    actions: new Float32Array(2 * rows.length),
    observationSize: 4,
    actionSize: 2,
    episodeStarts: Int32Array.from({ length: episodes + 1 }, (_, e) => e * steps),
    modes: Int32Array.from({ length: episodes }, (_, e) => e % 3),
    envId: 'Avoiding-v0',
  };
}
const names = ['commanded_x', 'commanded_y', 'measured_x', 'measured_y'];

/** Curricula of C components that each claim every C-th demonstration. */
function state(components: number, episodes: number, iteration = 0): CurriculaState {
  const responsibilities = new Float32Array(episodes * components);
  const curricula = new Float32Array(components * episodes);
  for (let e = 0; e < episodes; e++) {
    responsibilities[e * components + (e % components)] = 1;
    curricula[(e % components) * episodes + e] = components / episodes;
  }
  const prior = new Float32Array(components).fill(1 / components);
  return {
    ...{ iteration, components, episodes, curricula, responsibilities, prior },
    names: Array.from({ length: components }, (_, z) => 10 + z),
  };
}

describe('the position that is drawn', () => {
  it('is where the robot was measured, and the command moves along', () => {
    expect(planarPosition([...names, 'box_x', 'box_y'])).toEqual({
      ...{ name: 'measured', x: 2, y: 3, along: [[0, 1]] },
    });
  });
  it('is that of anything else that moves where no robot is observed', () => {
    const ball = ['speed_wrist', 'goal_x', 'goal_y', 'ball_x', 'ball_y'];
    expect(planarPosition(ball)).toEqual({ name: 'ball', x: 3, y: 4, along: [] });
    expect(planarPosition(['x', 'y'])).toMatchObject({ x: 0, y: 1 });
  });
  it('is none where nothing has an x and a y', () => {
    expect(planarPosition(['angle', 'box_x'])).toBeNull();
  });
});

describe('the demonstrations that are drawn', () => {
  it('keep their ends, and so many points that all fit', () => {
    const message = drawDemonstrations(lines(3, 500), planarPosition(names));
    expect(message).toMatchObject({ episodes: 3, drawn: [0, 1, 2], modes: [0, 1, 2], position: 'measured' });
    expect(message.pathStarts).toEqual([0, 64, 128, 192]);
    const points = decodeFloats(message.points);
    expect([...points.slice(0, 2), ...points.slice(126, 128)]).toEqual([0, 0, 0, 1]);
  });
  it('take bounded room however many there are', () => {
    const message = drawDemonstrations(lines(5000, 40), planarPosition(names));
    expect(message.drawn).toHaveLength(2048);
    expect(message.episodes).toBe(5000);
    expect(encodeJson(message).length).toBeLessThan(700_000);
  });
  it('are none without a position', () => {
    expect(drawDemonstrations(lines(3), null)).toMatchObject({ drawn: [], points: '', position: null });
  });
});

describe('training curves', () => {
  it('keep every number of the log, and leave out what is none', () => {
    const curves = new TrainingCurves();
    curves.add('select', 10, { bound: -3, prior: [1, 2], note: 'x', loss: Number.NaN });
    curves.add('select', 20, { bound: -2 });
    curves.add('gate', 30, { loss: 0.5 });
    expect(curves.message.curves).toEqual([
      { phase: 'select', name: 'bound', at: [10, 20], values: [-3, -2] },
      { phase: 'gate', name: 'loss', at: [30], values: [0.5] },
    ]);
  });
  it('span a training of any length in bounded memory', () => {
    const curves = new TrainingCurves();
    for (let step = 0; step < 100_000; step++) curves.add('train', step, { loss: 1 / 3, [`n${step}`]: step });
    const { curves: all } = curves.message;
    expect(all.length).toBeLessThanOrEqual(64);
    const loss = all.find(({ name }) => name === 'loss');
    expect(loss?.at.length).toBeLessThanOrEqual(512);
    expect(loss?.at[0]).toBe(0);
    expect(loss?.at.at(-1)).toBe(99_999);
    expect(encodeJson(curves.message).length).toBeLessThan(1_000_000);
  });
});

describe('the iterations of a training', () => {
  const data = lines(6);
  const demonstrations = drawDemonstrations(data, planarPosition(names));

  it('say who claims what, and how much of its curriculum it is', () => {
    const iterations = new TrainingIterations(data.modes, demonstrations, null);
    iterations.add(state(3, 6), 0);
    const [first] = iterations.message.iterations;
    expect(first).toMatchObject({ names: [10, 11, 12], claimed: [2, 2, 2], modes: [0, 1, 2], map: null });
    expect(first?.entropy[0]).toBeCloseTo(Math.log(2), 4);
    expect(words(first?.claims ?? '')).toEqual([0, 1, 2, 0, 1, 2]);
    expect([...bytes(first?.weights ?? '')]).toEqual(new Array(6).fill(255));
  });

  it('say that nobody claims what is held out', () => {
    const iterations = new TrainingIterations(
      data.modes,
      demonstrations,
      new GateMap(data, planarPosition(names)!),
    );
    const { curricula, responsibilities, ...rest } = state(3, 6);
    for (let z = 0; z < 3; z++) {
      curricula[z * 6 + 3] = 0;
      responsibilities[3 * 3 + z] = 0;
    }
    iterations.add({ ...rest, curricula, responsibilities }, 0);
    const [first] = iterations.message.iterations;
    expect(first?.claimed).toEqual([1, 2, 2]);
    expect(words(first?.claims ?? '')).toEqual([0, 1, 2, 65535, 1, 2]);
    expect(bytes(first?.weights ?? '')[3]).toBe(0);
  });

  it('keep the first and the newest, and bounded room, however many there are', () => {
    const map = new GateMap(data, planarPosition(names)!);
    const iterations = new TrainingIterations(data.modes, demonstrations, map);
    const one = state(256, 6);
    for (let iteration = 0; iteration < 200; iteration++) iterations.add({ ...one, iteration }, iteration);
    const { iterations: kept } = iterations.message;
    expect(kept.length).toBeLessThanOrEqual(64);
    expect(kept[0]?.number).toBe(0);
    expect(kept.at(-1)).toMatchObject({ number: 199, iteration: 199 });
    expect(encodeJson(iterations.message).length).toBeLessThan(2_000_000);
  });
});

describe('the gate map', () => {
  const data = lines(4);
  const map = new GateMap(data, planarPosition(names)!);
  const { bounds, columns, rows } = map.grid;
  const cellAt = (x: number, y: number) =>
    Math.floor(((y - bounds[1]) / (bounds[3] - bounds[1])) * rows) * columns +
    Math.floor(((x - bounds[0]) / (bounds[2] - bounds[0])) * columns);

  it('covers all demonstrations, and says nothing far from them', () => {
    expect(bounds[0]).toBeLessThan(0);
    expect(bounds[3]).toBeGreaterThan(1);
    const { shares } = map.ofDemonstrations(state(4, 4).responsibilities, 4);
    expect(bytes(shares)[cellAt(0.05, 0.5)]).toBe(0);
    expect(bytes(shares)[cellAt(0.1, 0.5)]).toBe(255);
  });

  it('asks a gate for the observation of the nearest step, command and measurement moved into the cell', () => {
    const asked = map.observations();
    for (let row = 0; row < asked.length; row += 4) {
      const [commandedX = 0, commandedY = 0, x = 0, y = 0] = asked.subarray(row, row + 4);
      expect([commandedX - x, commandedY - y]).toEqual([expect.closeTo(0.01, 4), expect.closeTo(0.02, 4)]);
    }
  });

  it('shows what the gate answers, cell by cell', () => {
    const asked = map.observations();
    const probabilities = new Float32Array(asked.length / 2);
    for (let row = 0; row < asked.length / 4; row++) {
      const isRight = (asked[4 * row + 2] as number) > 0.15;
      probabilities.set(isRight ? [0.2, 0.8] : [0.6, 0.4], 2 * row);
    }
    const drawn = map.ofGate(probabilities, 2);
    const experts = words(drawn?.experts ?? '');
    expect(experts[cellAt(0, 0.5)]).toBe(0);
    expect(experts[cellAt(0.3, 0.5)]).toBe(1);
    expect(bytes(drawn?.shares ?? '')[cellAt(0.3, 0.5)]).toBe(204);
  });

  it('is that of the demonstrations nearby until a gate is fitted, which is when it answers differently', () => {
    const constant = Float32Array.from(
      { length: map.observations().length / 2 },
      (_, i) => [0.9, 0.1][i % 2] ?? 0,
    );
    expect(map.ofGate(constant, 2)).toBeNull();
    const nearby = map.ofDemonstrations(state(2, 4).responsibilities, 2);
    expect(nearby.source).toBe('demonstrations');
    expect([0, 0.1, 0.2, 0.3].map((x) => words(nearby.experts)[cellAt(x, 0.5)])).toEqual([0, 1, 0, 1]);
  });
});
