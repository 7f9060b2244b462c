/** Draws every registered environment as it starts from seed 0, into `envs/<folder>/<id>.svg`: the READMEs' pictures. */
import { existsSync, writeFileSync } from 'node:fs';
import '../envs/index.ts';
import { list, make } from '../src/gym/registry.ts';

for (const { id } of list()) {
  const folder = id
    .replace(/\d*-v\d+$/, '')
    .replace(/(?<!^)([A-Z])/g, '-$1')
    .toLowerCase();
  const directory = new URL(`../envs/${folder}/`, import.meta.url);
  const env = await make(id, { renderMode: 'svg' });
  if (!existsSync(directory)) throw new Error(`${id} has no folder ${directory.pathname}`);
  env.reset({ seed: 0 });
  // a title of the whole picture, for those who do not see it
  const picture = String(env.render?.()).replace('>', `><title>${id}, the start of an episode</title>`);
  writeFileSync(new URL(`${id}.svg`, directory), picture);
  env.close();
}
