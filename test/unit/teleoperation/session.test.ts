import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../demos/collect.ts';
import { replayEpisode } from '../../../demos/replay.ts';
import { makeTask } from '../../../envs/task.ts';
import type { Episode } from '../../../src/data/episode.ts';
import { DatasetError } from '../../../src/errors.ts';
import { register } from '../../../src/gym/registry.ts';
import type { TeleoperationSession } from '../../../src/teleoperation/session.ts';
import { MemoryDataset } from '../demos/memory-dataset.ts';
import { toyTask } from '../eval/toy-task.ts';
import { driveReach, memorySession } from './drive.ts';

const sessions: TeleoperationSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

async function begin(...args: Parameters<typeof memorySession>) {
  const made = await memorySession(...args);
  sessions.push(made.session);
  return made;
}

/** Drives one episode and saves it. */
async function saveOne(session: TeleoperationSession, side: 'left' | 'right'): Promise<void> {
  expect(session.perform('start')).toBeNull();
  await driveReach(session, side);
  expect(session.perform('save')).toBeNull();
  await session.advance();
}

let toys = 0;
/** Registers a task of one step whose first step does what `wrong` says from its second environment on. */
function registerToy(wrong: 'nothing' | 'the end differs'): string {
  const id = `Toy${++toys}-v0`;
  let made = 0;
  register({
    id,
    description: 'one step',
    disableEnvChecker: true,
    entry: async () => () => {
      const { task } = toyTask(2);
      const number = ++made;
      return Object.assign(task, {
        actionNames: ['delta_choice'],
        observationNames: ['commanded_choice'],
        stateHash: () => (wrong === 'nothing' ? 'same' : `environment ${number}`),
      });
    },
  });
  return id;
}

describe('a session of driving by hand', () => {
  it('saves a solved episode that replays, with who drove it and by what', async () => {
    const { dataset, session } = await begin();
    expect(session.state).toMatchObject({ phase: 'ready', counts: [0, 0], saved: 0, maxSteps: 150 });
    await saveOne(session, 'right');
    expect(session.state).toMatchObject({ phase: 'ready', counts: [0, 1], saved: 1, episodes: 1 });
    expect(session.state.note.text).toMatch(/^saved: right, \d+ steps$/);
    const [episode] = dataset.episodes as [Episode];
    expect(episode).toMatchObject({ success: true, mode: 1, resetOptions: {} });
    expect(episode.provenance).toEqual({
      source: 'teleoperated',
      author: 'anna',
      settings: { device: 'mouse', seed: 0, index: 0, envKwargs: {} },
    });
    expect(Object.keys(episode.columns)).toEqual(Object.keys(dataset.info.columns));
    expect([...(episode.columns['next.done'] ?? [])].indexOf(1)).toBe(episode.length - 1);
    const fresh = await makeTask('Reach-v0');
    expect(replayEpisode(fresh, episode).same).toBe(true);
  });

  it('takes differences of the command within the action space, in a straight line to the point', async () => {
    const { dataset, session } = await begin('Reach-v0', { keepsFailures: true });
    session.perform('start');
    session.steer({ kind: 'point', point: [0.6, -0.15] }, 'mouse');
    for (let t = 0; t < 12; t++) await session.advance();
    session.perform('save');
    await session.advance();
    const [episode] = dataset.episodes as [Episode];
    const actions = episode.columns.action as Float32Array;
    const largest = 0.0125;
    expect(actions[0]).toBeCloseTo(largest, 6);
    expect(actions[1]).toBeCloseTo(largest / 2, 6);
    expect(Math.max(...actions.map(Math.abs))).toBeLessThanOrEqual(Math.fround(largest));
    // arrived: 8 steps of 12.5 mm
    expect([...actions.subarray(2 * 9)]).toEqual(new Array(6).fill(0));
    const observations = episode.columns['observation.state'] as Float32Array;
    expect(observations[4 * 9]).toBeCloseTo(0.6, 5);
    expect(observations[4 * 9 + 1]).toBeCloseTo(-0.15, 5);
  });

  it('moves by velocity until it is not sent for half a second', async () => {
    const { session } = await begin();
    session.perform('start');
    session.steer({ kind: 'velocity', velocity: [0, 1] }, 'keyboard');
    for (let t = 0; t < 40; t++) await session.advance();
    const [, y = 0] = session.state.commanded;
    // 15 steps of 35 ms are the first that reach half a second
    expect(y).toBeCloseTo(-0.2 + 15 * 0.0125, 5);
  });

  it('does not step before the start and after the end, and drops what is asked for meanwhile', async () => {
    const { session } = await begin();
    session.steer({ kind: 'point', point: [0.7, 0] }, 'mouse');
    await session.advance();
    expect(session.state.step).toBe(0);
    session.perform('start');
    await session.advance();
    expect(session.state.commanded).toEqual([0.5, Math.fround(-0.2)]);
    await driveReach(session, 'left');
    const { step } = session.state;
    session.steer({ kind: 'point', point: [0.7, 0] }, 'mouse');
    await session.advance();
    expect(session.state.step).toBe(step);
    expect(session.phase).toBe('ended');
  });

  it('says why a button does nothing now', async () => {
    const { dataset, session } = await begin();
    expect(session.perform('save')).toMatch(/nothing to save/);
    expect(session.perform('redo')).toMatch(/nothing to do again/);
    session.perform('start');
    expect(session.perform('start')).toMatch(/runs already/);
    expect(session.perform('save')).toMatch(/nothing to save/);
    await session.advance();
    expect(session.perform('save')).toMatch(/not solved, and only successes are kept/);
    expect(session.phase).toBe('recording');
    await driveReach(session, 'left');
    expect(session.perform('start')).toMatch(/save it, discard it or do it again/);
    expect(session.perform('save')).toBeNull();
    for (const action of ['start', 'save', 'discard', 'redo'] as const) {
      expect(session.perform(action)).toMatch(/is being saved/);
    }
    await session.advance();
    expect(dataset.length).toBe(1);
  });

  it('redoes the same start, and discards for the next one', async () => {
    const { session } = await begin('Pushing-v0');
    const start = () => [...session.frame.poses];
    const first = start();
    session.perform('start');
    await session.advance();
    session.perform('redo');
    expect(session.phase).toBe('ready');
    expect(start()).toEqual(first);
    session.perform('discard');
    expect(start()).not.toEqual(first);
    expect(session.frame.episode[0]).toBe(3);
  });

  it('goes on with the starts where an earlier session of the same seed ended', async () => {
    const { dataset, session } = await begin('Reach-v0', { seed: 5 });
    await saveOne(session, 'left');
    session.perform('discard');
    await saveOne(session, 'right');
    const again = await begin('Reach-v0', { seed: 5, dataset });
    expect(again.session.state).toMatchObject({ counts: [1, 1], episodes: 2, saved: 0 });
    await saveOne(again.session, 'left');
    const other = await begin('Reach-v0', { seed: 6, dataset });
    await saveOne(other.session, 'left');
    const settings = dataset.episodes.map(({ provenance }) => provenance.settings);
    expect(settings.map(({ seed, index }) => [seed, index])).toEqual([
      [5, 0],
      [5, 2],
      [5, 3],
      [6, 0],
    ]);
    expect(new Set(dataset.episodes.map(({ seed }) => seed)).size).toBe(4);
  });

  it('saves a failure only where it was asked to, and counts it for no mode', async () => {
    const { dataset, session } = await begin('Reach-v0', { keepsFailures: true });
    session.perform('start');
    session.steer({ kind: 'velocity', velocity: [0, 1] }, 'gamepad');
    await session.advance();
    session.steer({ kind: 'point', point: [0.4, -0.2] }, 'touch');
    await session.advance();
    expect(session.perform('save')).toBeNull();
    await session.advance();
    expect(dataset.episodes[0]).toMatchObject({ success: false, length: 2 });
    expect(dataset.episodes[0]?.provenance.settings.device).toBe('gamepad+touch');
    expect(session.state).toMatchObject({ counts: [0, 0], saved: 1 });
  });

  it('refuses an episode that does not replay', async () => {
    const { dataset, session } = await begin(registerToy('the end differs'));
    session.perform('start');
    session.steer({ kind: 'velocity', velocity: [0.3] }, 'keyboard');
    await session.advance();
    expect(session.state).toMatchObject({ phase: 'ended', success: true });
    expect(session.perform('save')).toBeNull();
    await session.advance();
    expect(dataset.length).toBe(0);
    expect(session.state).toMatchObject({ phase: 'ready', saved: 0, counts: [0, 0] });
    expect(session.state.note).toMatchObject({
      isGood: false,
      text: expect.stringMatching(/not saved: a replay/),
    });
  });

  it('keeps an episode that could not be written for another try', async () => {
    class FullDisk extends MemoryDataset {
      full = true;
      override async append(episode: Episode): Promise<void> {
        if (this.full) throw new DatasetError({ what: 'there is no space left' });
        await super.append(episode);
      }
    }
    const id = registerToy('nothing');
    const { dataset: like } = await begin(id);
    const dataset = new FullDisk(like.info);
    const { session } = await begin(id, { dataset });
    session.perform('start');
    session.steer({ kind: 'velocity', velocity: [0.3] }, 'keyboard');
    await session.advance();
    session.perform('save');
    await session.advance();
    expect(session.state).toMatchObject({
      phase: 'ended',
      note: { text: expect.stringMatching(/no space left/) },
    });
    dataset.full = false;
    session.perform('save');
    await session.advance();
    expect(session.state).toMatchObject({ phase: 'ready', saved: 1, counts: [1, 0] });
  });

  it('drops the running episode when its driver goes, and keeps a finished one', async () => {
    const { session } = await begin();
    session.perform('start');
    await session.advance();
    session.abandon();
    expect(session.state).toMatchObject({ phase: 'ready', step: 0 });
    session.perform('start');
    await driveReach(session, 'left');
    session.abandon();
    expect(session.phase).toBe('ended');
    expect(session.perform('save')).toBeNull();
  });

  it('counts what the dataset held before, scripted or by hand', async () => {
    const { dataset, session } = await begin();
    await saveOne(session, 'left');
    await collect({ envId: 'Reach-v0', perMode: 2, seed: 0, dataset });
    expect(dataset.length).toBe(5);
    const again = await begin('Reach-v0', { dataset });
    expect(again.session.state.counts).toEqual([3, 2]);
  });

  it('refuses a dataset of another environment', async () => {
    const { dataset } = await begin('Avoiding-v0');
    await expect(memorySession('Reach-v0', { dataset })).rejects.toThrow(DatasetError);
  });
});
