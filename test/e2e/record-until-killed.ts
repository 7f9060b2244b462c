import { createDataset } from '../../src/data/index.ts';
import { episodeOfSeed, INFO } from '../unit/data/helpers.ts';

/** Records episodes with seeds 0, 1, 2, … and says each one that is durable, until it is killed. */
const dataset = await createDataset(process.argv[2]!, INFO);
for (let seed = 0; ; seed++) {
  await dataset.append(episodeOfSeed(seed));
  process.stdout.write(`${seed}\n`);
}
