import { Command } from 'commander';
import type { EnvSpec } from '../gym/registry.ts';
import { envNewCommand } from './env-new.ts';
import { loadEnv } from './env-reference.ts';
import { EXIT } from './failure.ts';
import { table } from './table.ts';
import { defineVerb } from './verb.ts';

/** Loads the registry with every environment of the project in it. */
async function registry() {
  await import('../../envs/index.ts');
  return import('../gym/registry.ts');
}

function describe(specs: readonly EnvSpec[]): string {
  const rows = specs.map((spec) => [spec.id, String(spec.maxEpisodeSteps ?? 'none'), spec.description]);
  return table(['environment', 'step limit', 'what it is'], rows);
}

/** Builds `modewise env list | check | new`. */
export function envCommand(): Command {
  const command = new Command('env').description(
    'list the environments, check that they keep the contract, begin one of your own',
  );

  defineVerb(
    command.command('list').description('list the registered environments'),
    {
      examples: [
        ['modewise env list', 'a table of ids, step limits and descriptions'],
        ['modewise env list --json', 'the registered specifications'],
      ],
      seedMeaning: 'taken by every verb; nothing is random here',
    },
    async () => {
      const { list } = await registry();
      const specs = list();
      return { json: { envs: specs }, text: describe(specs) };
    },
  );

  defineVerb(
    command
      .command('check')
      .description(
        'check environments against the Gymnasium contract: spaces, seeding, determinism, step order',
      )
      .argument('[ids...]', 'environment ids; all when none is given'),
    {
      examples: [
        ['modewise env check', 'checks every registered environment'],
        ['modewise env check Avoiding-v0 --seed 3', 'checks one, with another seed'],
        ['modewise env check ./my-task.ts#MyTask-v0', 'checks one of your own'],
      ],
      seedMeaning: 'seed of the checked episodes',
    },
    async (positional, { options, say }) => {
      const { list, spec } = await registry();
      const { checkRegistered } = await import('../gym/check-env.ts');
      // a mistyped id must be reported before any check has run
      const named = await Promise.all(positional.map(loadEnv));
      const ids = named.length > 0 ? named.map((id) => spec(id).id) : list().map(({ id }) => id);
      const checked: { id: string; ok: boolean; problem?: string }[] = [];
      for (const id of ids) {
        say(`checking ${id}`);
        try {
          await checkRegistered(id, { seed: options.seed });
          checked.push({ id, ok: true });
        } catch (error) {
          checked.push({ id, ok: false, problem: error instanceof Error ? error.message : String(error) });
        }
      }
      const ok = checked.every((check) => check.ok);
      const text = table(
        ['environment', 'result'],
        checked.map((check) => [check.id, check.ok ? 'ok' : (check.problem ?? 'failed')]),
      );
      return { json: { ok, checked }, text, exitCode: ok ? EXIT.done : EXIT.failed };
    },
  );
  command.addCommand(envNewCommand());
  return command;
}
