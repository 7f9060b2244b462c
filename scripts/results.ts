/**
 * Puts measured results into README.md: `npm run results -- [DIR...]`.
 *
 * Each DIR is what `modewise bench --out` or `modewise reproduce --out` wrote. What a reader needs to check the numbers is
 * copied into `benchmarks/results/NAME`, NAME being that of the folder; then the README's results are written anew
 * from all that is there. Without DIR the README is only written anew.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { benchmarkSection, parseTable, replaceResults } from '../src/benchmark/results-section.ts';
import { tableFiles } from '../src/benchmark/table.ts';
import { writeDurably } from '../src/durable-file.ts';
import { ModewiseError, UsageError } from '../src/errors.ts';
import { formatMeasured, type ReproductionResult } from '../src/reproduce/report.ts';
import { readIdentity, reproductionFiles } from '../src/reproduce/units.ts';

const root = join(import.meta.dirname, '..');
const store = join(root, 'benchmarks', 'results');

/** What is copied of a folder, where it is there. */
const COPIED = [
  tableFiles.csv,
  'comparisons.csv',
  'report.md',
  'figures',
  reproductionFiles.header,
  reproductionFiles.results,
];

function isReproduction(folder: string): boolean {
  return existsSync(join(folder, reproductionFiles.results));
}

/** Words the results of one folder. @throws UsageError when it holds none, or not all columns. */
function sectionOf(folder: string): string[] {
  const path = join(folder, tableFiles.csv);
  if (existsSync(path)) {
    const suite = join('benchmarks', `${basename(folder)}.yaml`);
    const command = existsSync(join(root, suite))
      ? `modewise bench ${suite} --out reports/${basename(folder)}`
      : undefined;
    return benchmarkSection(parseTable(readFileSync(path, 'utf8'), path), command);
  }
  const identity = readIdentity(folder);
  if (!isReproduction(folder) || identity === undefined) {
    throw new UsageError({
      what: 'The folder holds no results',
      where: folder,
      expected: `${tableFiles.csv} of modewise bench, or ${reproductionFiles.results} of modewise reproduce`,
    });
  }
  const result: ReproductionResult = JSON.parse(
    readFileSync(join(folder, reproductionFiles.results), 'utf8'),
  );
  const command = `modewise reproduce ${identity.name}${identity.quick ? ' --quick' : ''} --seed ${identity.seed}`;
  const judged = result.figures.filter(({ target }) => target !== undefined);
  return [
    `\`${command}\`: **${result.verdict}**; mean ± sample standard deviation over n repetitions ([whole report](benchmarks/results/${basename(folder)}/report.md)).`,
    '',
    '| figure | measured | must reach |',
    '| --- | --- | --- |',
    ...judged.map(
      (figure) => `| ${figure.part}: ${figure.name} | ${formatMeasured(figure)} | ${figure.target} |`,
    ),
    '',
  ];
}

function main(folders: readonly string[]): void {
  for (const folder of folders) {
    // refused before anything is copied
    sectionOf(resolve(folder));
    const target = join(store, basename(resolve(folder)));
    if (resolve(folder) === target) continue;
    // figures of rows that are no more go too
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    // the charts of a reproduction lie beside its report
    const charts = readdirSync(folder).filter((name) => name.endsWith('.svg'));
    for (const name of [...COPIED, ...charts]) {
      const source = join(folder, name);
      if (existsSync(source)) cpSync(source, join(target, name), { recursive: true });
    }
  }
  const stored = existsSync(store) ? readdirSync(store).sort() : [];
  if (stored.length === 0) {
    throw new UsageError({
      what: 'There are no results yet',
      where: store,
      remedy: 'npm run results -- DIR, with the --out of modewise bench',
    });
  }
  const readme = join(root, 'README.md');
  // benchmarks first: they are what the claims rest on
  const ordered = [
    ...stored.filter((name) => !isReproduction(join(store, name))),
    ...stored.filter((name) => isReproduction(join(store, name))),
  ];
  const section = ordered.flatMap((name) => sectionOf(join(store, name)));
  writeDurably(readme, replaceResults(readFileSync(readme, 'utf8'), section, readme));
  console.error(`README.md: results of ${ordered.join(', ')}`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ModewiseError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
