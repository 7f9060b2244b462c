import { DatasetError } from '../../errors.ts';
import type { DatasetInfo } from '../dataset.ts';
import type { Episode } from '../episode.ts';
import { isBooleanColumn } from './lerobot-v3-features.ts';

/**
 * Refuses an episode that does not fit its dataset, before anything of it is written.
 *
 * @throws DatasetError naming the column and the place of the first value at fault.
 */
export function checkEpisode(episode: Episode, info: DatasetInfo): void {
  const { length, columns, mode, seed } = episode;
  if (!Number.isInteger(length) || length < 1) {
    throw refused('an episode needs at least one step', 'length', String(length), 'a whole number above 0');
  }
  const names = Object.keys(columns).sort().join(', ');
  const expectedNames = Object.keys(info.columns).sort().join(', ');
  if (names !== expectedNames) {
    throw refused('the columns are not those of the dataset', 'columns', names, expectedNames);
  }
  for (const [name, { width }] of Object.entries(info.columns))
    checkColumn(name, columns[name]!, length, width);
  if (mode !== null && (!Number.isInteger(mode) || mode < 0 || mode >= info.modes.length)) {
    throw refused(
      'the mode is none of the dataset',
      'mode',
      String(mode),
      info.modes.length === 0 ? 'null' : `0 to ${info.modes.length - 1}, or null`,
    );
  }
  if (!Number.isSafeInteger(seed))
    throw refused('the seed cannot be stored', 'seed', String(seed), 'an integer');
}

function checkColumn(name: string, values: Float32Array, length: number, width: number): void {
  if (values.length !== length * width) {
    throw refused(
      'a column has the wrong size',
      `column ${name}`,
      `${values.length} numbers`,
      `${length} steps of ${width}: ${length * width}`,
    );
  }
  for (const [at, value] of values.entries()) {
    const usable = isBooleanColumn(name) ? value === 0 || value === 1 : Number.isFinite(value);
    if (usable) continue;
    throw refused(
      'a value cannot be recorded',
      `column ${name}, step ${Math.floor(at / width)}, position ${at % width}`,
      String(value),
      isBooleanColumn(name) ? '0 or 1' : 'a finite number',
    );
  }
}

function refused(what: string, where: string, found: string, expected: string): DatasetError {
  return new DatasetError({ what: `the episode was not recorded: ${what}`, where, found, expected });
}
