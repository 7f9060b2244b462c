import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { OutputExistsError, UsageError } from '../errors.ts';
import { taskNames, taskTemplate } from './task-template.ts';
import { defineVerb } from './verb.ts';

interface EnvNewOptions {
  readonly out: string;
  readonly force: boolean;
}

/** Builds `modewise env new`. */
export function envNewCommand(): Command {
  const command = new Command('new')
    .description('write the file of a working task, to be changed into your own')
    .argument('<name>', 'name in PascalCase, e.g. MyTask')
    .option('--out <dir>', 'folder that the file is written to', '.')
    .option('--force', 'replace the file if it exists', false);
  return defineVerb<EnvNewOptions>(
    command,
    {
      examples: [
        ['modewise env new MyTask', 'writes my-task.ts'],
        ['modewise collect --env ./my-task.ts#MyTask-v0 --per-mode 20 --out data', 'uses it'],
      ],
      seedMeaning: 'taken by every verb; nothing is random here',
    },
    async ([name = ''], { options, say }) => {
      if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) {
        throw new UsageError({
          what: 'The name of a task is letters and digits, in PascalCase',
          found: `'${name}'`,
          expected: 'a name such as MyTask',
        });
      }
      const { list } = await import('../gym/registry.ts');
      await import('../../envs/index.ts');
      const names = taskNames(name);
      if (list().some(({ id }) => id === names.id)) {
        throw new UsageError({
          what: `'${names.id}' is a task of the project`,
          remedy: 'choose another name',
        });
      }
      const file = join(options.out, names.file);
      if (existsSync(file) && !options.force) {
        throw new OutputExistsError({
          what: 'The file exists already',
          where: file,
          remedy: 'choose another name or folder, or --force to replace it',
        });
      }
      writeFileSync(file, taskTemplate(names));
      // a path that begins with a dot or a slash cannot be mistaken for an id
      const reference = `${/^\.*\//.test(file) ? '' : './'}${file}#${names.id}`;
      say(`next: modewise collect --env ${reference} --per-mode 20 --out data`);
      return { json: { file, id: names.id, env: reference }, text: file };
    },
  );
}
