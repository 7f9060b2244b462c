import type { Dataset, DatasetInfo } from '../../../src/data/dataset.ts';
import type { Episode } from '../../../src/data/episode.ts';

/** A dataset that forgets: what the tests of collecting need of one. */
export class MemoryDataset implements Dataset {
  readonly path = 'memory';
  readonly info: DatasetInfo;
  readonly episodes: Episode[];

  constructor(info: DatasetInfo, episodes: readonly Episode[] = []) {
    this.info = info;
    this.episodes = [...episodes];
  }

  get length(): number {
    return this.episodes.length;
  }

  async episode(index: number): Promise<Episode> {
    const episode = this.episodes[index];
    if (episode === undefined) throw new RangeError(`no episode ${index}`);
    return episode;
  }

  async append(episode: Episode): Promise<void> {
    this.episodes.push(episode);
  }

  async close(): Promise<void> {}

  async *[Symbol.asyncIterator](): AsyncIterator<Episode> {
    yield* this.episodes;
  }
}
