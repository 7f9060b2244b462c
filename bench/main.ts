/**
 * Runs one benchmark: `npm run bench -- NAME [--json]`.
 *
 * Prints prose for people; with `--json` the last line of stdout is one object that holds `name` and ratios. Progress goes
 * to stderr. Exits with 2 for an unknown name or flag, with 1 when the benchmark fails.
 */
import { readdirSync } from 'node:fs';
import { ModewiseError } from '../src/errors.ts';
import { didYouMean } from '../src/nearest-name.ts';
import type { Benchmark } from './support/benchmark.ts';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

const say = (line: string): void => console.error(line);

async function load(name: string): Promise<Benchmark> {
  const { benchmark } = (await import(`./${name}.ts`)) as { benchmark: Benchmark };
  return benchmark;
}

async function list(json: boolean): Promise<void> {
  const rows = await Promise.all(
    names.map(async (name) => ({ name, description: (await load(name)).description })),
  );
  if (json) {
    console.log(JSON.stringify({ name: 'list', benchmarks: rows }));
    return;
  }
  console.log('npm run bench -- NAME [--json], NAME being one of:');
  const width = Math.max(...names.map((name) => name.length));
  for (const { name, description } of rows) console.log(`  ${name.padEnd(width)}  ${description}`);
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const unknownFlag = args.find((argument) => argument.startsWith('-') && argument !== '--json');
  if (unknownFlag !== undefined) {
    say(`There is no flag ${unknownFlag}; ${didYouMean(unknownFlag, ['--json'])}`);
    return 2;
  }
  const [name, extra] = args.filter((argument) => argument !== '--json');
  if (name === undefined) {
    await list(json);
    return 0;
  }
  if (extra !== undefined) {
    say(`One benchmark at a time: '${name}' was named, then '${extra}'`);
    return 2;
  }
  if (!names.includes(name)) {
    say(`There is no benchmark '${name}'; ${didYouMean(name, names)}`);
    return 2;
  }
  try {
    const result = await (await load(name)).run(say);
    console.log(json ? JSON.stringify({ name, ...result.json }) : result.text);
    return 0;
  } catch (error) {
    say(error instanceof ModewiseError ? error.message : String((error as Error).stack ?? error));
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
