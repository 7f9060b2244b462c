import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { TeleoperationSession } from '../teleoperation/session.ts';
import { datasetOutput } from './collect.ts';
import { envOption, loadNamedEnv } from './env-reference.ts';
import { claimOutput, fillOutput } from './output-folder.ts';
import { projectRoot } from './project.ts';
import { defineVerb, type VerbContext, wholeNumber } from './verb.ts';
import { hostOption, portOption } from './watch.ts';

interface RecordOptions {
  readonly env?: string;
  readonly out: string;
  readonly operator?: string;
  readonly episodes?: number;
  readonly keepFailures: boolean;
  readonly port: number;
  readonly host: string;
  readonly resume: boolean;
  readonly force: boolean;
}

/** Characters that a name may have. */
const MAX_NAME = 100;

/** Checks the name under which episodes are saved; unless given, that of the login. @throws UsageError */
function operatorName(given: string | undefined): string {
  const name = (given ?? loginName()).trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (name !== '' && name.length <= MAX_NAME && !/[\u0000-\u001f\u007f]/.test(name)) return name;
  throw new UsageError({
    what: 'The name of the operator cannot be used',
    where: '--operator',
    found: JSON.stringify(name.slice(0, MAX_NAME)),
    expected: `1 to ${MAX_NAME} characters on one line`,
  });
}

function loginName(): string {
  try {
    return userInfo().username || 'unknown';
  } catch {
    // a user id without an entry, as containers have
    return 'unknown';
  }
}

/** Records into a dataset folder until it is ended. */
async function recordByHand(
  envId: string,
  name: string,
  { clock, options, print, progress, say, signal, warn }: VerbContext<RecordOptions>,
) {
  const { makeTask } = await import('../../envs/task.ts');
  const { recordingInfo } = await import('../../demos/episode-recorder.ts');
  const { createDataset, openDataset } = await import('../data/store.ts');
  const { controlSchemeOf } = await import('../teleoperation/control-scheme.ts');
  const { serveTeleoperation } = await import('../teleoperation/serve.ts');
  const { TeleoperationSession } = await import('../teleoperation/session.ts');
  // refuses an unknown environment, and one that a hand cannot drive, before the output folder is touched
  const made = await makeTask(envId);
  const { modes } = made.task.behavior;
  const info = recordingInfo(envId, made.task);
  try {
    controlSchemeOf(made);
  } finally {
    made.env.close();
  }
  const output = claimOutput(options.out, datasetOutput, options);
  let total = 0;
  return fillOutput(
    output,
    async () => {
      const dataset = output.resuming
        ? await openDataset(output.path, { access: 'append' })
        : await createDataset(output.path, info);
      let session: TeleoperationSession | null = null;
      try {
        session = await TeleoperationSession.create({
          envId,
          dataset,
          operatorName: name,
          seed: options.seed,
          keepsFailures: options.keepFailures,
        });
        const { counts, state } = session;
        const { episodes, host, port } = options;
        await serveTeleoperation({
          session,
          port,
          host,
          page: join(projectRoot(), 'dist', 'viewer'),
          episodes: episodes ?? Number.POSITIVE_INFINITY,
          signal,
          clock,
          wallClock: Date.now,
          onServing(facts) {
            const json = { env: envId, dataset: output.path, operator: name, episodes: state.episodes };
            print({ json: { ...json, ...facts }, text: facts.url });
            say(`recording ${envId} by hand as ${name}; Ctrl-C ends it`);
          },
          onSaved: () => progress.log(`${dataset.length} episodes: ${session?.state.note.text ?? ''}`),
        });
        const covered = counts.filter((count) => count > 0).length;
        const perMode = Object.fromEntries(modes.map((mode, i) => [mode, counts[i] ?? 0]));
        return {
          env: envId,
          dataset: output.path,
          operator: name,
          saved: session.saved,
          episodes: dataset.length,
          modes: { covered, total: modes.length, counts: perMode },
        };
      } finally {
        total = dataset.length;
        session?.close();
        await dataset.close();
      }
    },
    {
      isComplete: ({ episodes }) => episodes > 0,
      isUseful: () => total > 0,
      onKept: (replaced) => warn(`the dataset that was to be replaced is kept in ${replaced}`),
    },
  );
}

/** Builds `modewise record`. */
export function recordCommand(): Command {
  const command = new Command('record')
    .description('demonstrate a task by hand in the browser: mouse, touch, keyboard or gamepad')
    .argument('[env]', 'environment id, e.g. Pushing-v0')
    .addOption(envOption())
    .requiredOption('--out <dir>', 'folder to write the dataset to')
    .option('--operator <name>', 'name that the episodes are saved under (default: the login name)')
    .addOption(
      new Option('--episodes <n>', 'end by itself after so many saved episodes').argParser(
        wholeNumber(1, 100_000),
      ),
    )
    .option('--keep-failures', 'let failed episodes be saved, too; `train` learns from all it finds', false)
    .addOption(portOption())
    .addOption(hostOption())
    .option('--resume', 'add to an existing dataset, whoever made it', false)
    .option('--force', 'replace an existing dataset once an episode of the new one is saved', false);
  return defineVerb<RecordOptions>(
    command,
    {
      examples: [
        [
          'modewise record Pushing-v0 --out data/pushing',
          'open the printed address in a browser; Ctrl-C ends it',
        ],
        ['modewise record Pushing-v0 --out data/pushing --resume --operator anna', 'go on, as somebody else'],
        ['modewise record --env ./my-task.ts#MyTask-v0 --out data/mine', 'a task of your own'],
      ],
      seedMeaning: 'draws the starts of the episodes; --resume with the same seed goes on in their order',
      interruptMessage: 'closing',
    },
    async ([positional], context) => {
      const envId = await loadNamedEnv(positional, context.options.env);
      const name = operatorName(context.options.operator);
      const report = await recordByHand(envId, name, context);
      const { covered, total } = report.modes;
      const { dataset, episodes, saved } = report;
      context.say(`${episodes} episodes, ${saved} of them new; ${covered} of ${total} modes`);
      return { json: report, text: episodes > 0 ? dataset : '' };
    },
  );
}
