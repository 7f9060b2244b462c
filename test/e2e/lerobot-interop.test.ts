import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDataset } from '../../src/data/index.ts';
import { episodeOfSeed, INFO } from '../unit/data/helpers.ts';

/** A Python interpreter with pyarrow, pandas and LeRobot; the tests that it has no packages for are skipped. */
// biome-ignore lint/style/noProcessEnv: a test may look for a foreign tool
const PYTHON = process.env.MODEWISE_PYTHON ?? 'python3';
const EPISODES = 12;
const path = join(mkdtempSync(join(tmpdir(), 'modewise-interop-')), 'set');

/** Runs a Python script on the dataset and returns the JSON on its last line. */
function python(script: string): unknown {
  const output = execFileSync(PYTHON, ['-c', script, path], {
    encoding: 'utf8',
    // biome-ignore lint/style/noProcessEnv: the child keeps its search path, but stays off the network
    env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_CACHE: `${path}-cache` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

/** Says why a Python package cannot be used, or null when it can. */
function missing(module: string): string | null {
  try {
    execFileSync(PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' });
    return null;
  } catch {
    return `${PYTHON} cannot import ${module}; point MODEWISE_PYTHON to an interpreter that can`;
  }
}

const episodes = Array.from({ length: EPISODES }, (_, seed) => episodeOfSeed(seed, 8 + (seed % 3)));
const frames = episodes.reduce((total, { length }) => total + length, 0);
const actions = episodes.flatMap(({ columns }) => [...columns.action!]);

beforeAll(async () => {
  const dataset = await createDataset(path, INFO);
  for (const episode of episodes) await dataset.append(episode);
  await dataset.close();
});

describe('a closed dataset', () => {
  it('reads in pyarrow and pandas with the values that were recorded', (ctx) => {
    const reason = missing('pandas, pyarrow');
    if (reason !== null) ctx.skip(reason);
    const read = python(`
import json, sys, pandas, pyarrow.parquet as pq
root = sys.argv[1]
data = pq.read_table(root + "/data/chunk-000/file-000.parquet")
tasks = pandas.read_parquet(root + "/meta/tasks.parquet")
table = pandas.read_parquet(root + "/meta/episodes/chunk-000/file-000.parquet")
print(json.dumps({
    "types": {name: str(data.schema.field(name).type) for name in ["action", "next.done", "index", "timestamp"]},
    "action": [x for row in data["action"].to_pylist() for x in row],
    "index": data["index"].to_pylist(),
    "tasks": tasks.index.tolist(), "task_index": tasks["task_index"].tolist(),
    "seeds": table["modewise/seed"].tolist(), "hf": b"huggingface" in data.schema.metadata,
}))`);
    expect(read).toEqual({
      types: { action: 'list<element: float>', 'next.done': 'bool', index: 'int64', timestamp: 'float' },
      action: actions,
      index: Array.from({ length: frames }, (_, frame) => frame),
      tasks: ['Avoiding-v0'],
      task_index: [0],
      seeds: episodes.map(({ seed }) => seed),
      hf: true,
    });
  });

  it("opens in LeRobot's own loader, whole, in part and with time windows", (ctx) => {
    const reason = missing('lerobot.datasets.lerobot_dataset');
    if (reason !== null) ctx.skip(reason);
    const read = python(`
import json, sys
from lerobot.datasets.lerobot_dataset import LeRobotDataset
root, fps = sys.argv[1], ${INFO.fps}
whole = LeRobotDataset("modewise/test", root=root)
part = LeRobotDataset("modewise/test", root=root, episodes=[2, 5])
windows = LeRobotDataset("modewise/test", root=root, delta_timestamps={"action": [0.0, 1 / fps, 2 / fps]})
print(json.dumps({
    "frames": len(whole), "episodes": whole.num_episodes, "task": whole[0]["task"],
    "action": [x for i in range(len(whole)) for x in whole[i]["action"].tolist()],
    "part": sorted({int(part[i]["episode_index"]) for i in range(len(part))}),
    "window": windows[3]["action"].tolist(), "padded": windows[${episodes[0]!.length - 1}]["action_is_pad"].tolist(),
    "count": int(whole.meta.stats["action"]["count"][0]),
    "mean": whole.meta.stats["action"]["mean"].tolist(),
}))`) as { mean: number[] };
    const mean = [0, 1].map(
      (d) => actions.filter((_, at) => at % 2 === d).reduce((a, b) => a + b, 0) / frames,
    );
    expect(read).toMatchObject({
      frames,
      episodes: EPISODES,
      task: 'Avoiding-v0',
      action: actions,
      part: [2, 5],
      window: [actions.slice(6, 8), actions.slice(8, 10), actions.slice(10, 12)],
      padded: [false, true, true],
      count: frames,
    });
    for (const d of [0, 1]) expect(read.mean[d]).toBeCloseTo(mean[d]!, 12);
  });
});
