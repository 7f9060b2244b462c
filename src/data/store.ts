import { existsSync, readdirSync, statSync } from 'node:fs';
import { DatasetError, OutputExistsError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { Dataset, DatasetInfo } from './dataset.ts';
import { LeRobotV3Dataset } from './formats/lerobot-v3-dataset.ts';
import { AUTOMATIC_FEATURES } from './formats/lerobot-v3-features.ts';

/** Refuses a description that could not be written or read back. */
function checkInfo({ envId, modes, fps, columns }: DatasetInfo): void {
  const refuse = (what: string, found: string, expected: string) => {
    throw new DatasetError({ what: `the dataset cannot be created: ${what}`, found, expected });
  };
  if (envId === '') refuse('it names no environment', "''", 'an environment id such as Avoiding-v0');
  if (!(fps > 0 && Number.isFinite(fps)))
    refuse('the rate is unusable', String(fps), 'control steps per second, above 0');
  if (new Set(modes).size < modes.length)
    refuse('two modes share a name', modes.join(', '), 'distinct names');
  if (Object.keys(columns).length === 0) refuse('it has no columns', 'none', 'at least one');
  for (const [name, { width, names }] of Object.entries(columns)) {
    if (name.includes('/') || name === '' || Object.hasOwn(AUTOMATIC_FEATURES, name)) {
      refuse(
        'a column name is not allowed',
        `'${name}'`,
        `no '/', not one of ${Object.keys(AUTOMATIC_FEATURES).join(', ')}`,
      );
    }
    if (!Number.isInteger(width) || width < 1)
      refuse(`column ${name} is unusable`, `width ${width}`, 'a width above 0');
    if (names.length !== 0 && names.length !== width) {
      refuse(
        `column ${name} is unusable`,
        `${names.length} component names`,
        `${width}, as many as it is wide, or none`,
      );
    }
  }
}

/**
 * Creates an empty dataset, open to be appended to.
 *
 * @param path - a folder that does not exist, or is empty.
 * @throws OutputExistsError when the folder holds anything; DatasetError when the description is unusable or the
 *   folder cannot be written.
 *
 * @example
 * const dataset = await createDataset('demos/avoiding', info);
 * await dataset.append(episode);
 * await dataset.close();
 */
export async function createDataset(path: string, info: DatasetInfo): Promise<Dataset> {
  checkInfo(info);
  if (existsSync(path) && (!statSync(path).isDirectory() || readdirSync(path).length > 0)) {
    throw new OutputExistsError({
      what: 'the output exists already',
      where: path,
      remedy: 'choose another folder, overwrite it with --force, or add to it with --resume',
    });
  }
  try {
    makeFolder(path);
  } catch (cause) {
    throw new DatasetError(
      {
        what: 'the folder of the dataset cannot be made',
        where: path,
        found: cause instanceof Error ? cause.message : String(cause),
        remedy: 'choose another folder, or check the permissions',
      },
      { cause },
    );
  }
  return LeRobotV3Dataset.create(path, info);
}

/**
 * Opens a dataset.
 *
 * Episodes that a crashed recording finished are seen in both accesses; `append` also has `close` put the folder
 * in order. Reading writes nothing.
 *
 * @param options.access - `read`, or `append` for one writer at a time.
 * @throws DatasetError when there is no dataset, when it is damaged, of another format or version, or when it is
 *   opened to append while another process does so, or another program wrote it.
 */
export async function openDataset(
  path: string,
  { access }: { readonly access: 'read' | 'append' },
): Promise<Dataset> {
  return LeRobotV3Dataset.open(path, access);
}
