import { Command, CommanderError } from 'commander';
import { benchCommand } from './bench.ts';
import { collectCommand } from './collect.ts';
import { dataCommand } from './data.ts';
import { doctorCommand } from './doctor.ts';
import { envCommand } from './env.ts';
import { evalCommand } from './eval.ts';
import { describeFailure, EXIT } from './failure.ts';
import { projectVersion } from './project.ts';
import { quickstartCommand } from './quickstart.ts';
import { recordCommand } from './record.ts';
import { reproduceCommand } from './reproduce.ts';
import { trainCommand } from './train.ts';
import { watchCommand } from './watch.ts';

const OVERVIEW = `
Start here:
  $ modewise quickstart avoiding          collect, train, score and watch, in one go
Step by step:
  $ modewise collect Avoiding-v0 --per-mode 4 --out data/avoiding --seed 0
  $ modewise train imc --data data/avoiding --out runs/avoiding --seed 0
  $ modewise eval runs/avoiding --rollouts 480 --seed 1
  $ modewise watch runs/avoiding --port 8137

Results go to stdout, progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted with work saved.`;

/** Builds the command line: one subcommand per verb. */
export function buildProgram(): Command {
  const program = new Command('modewise')
    .description('Learns every way of doing a task: simulate, collect, train, score, watch.')
    .version(projectVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', OVERVIEW)
    .configureHelp({ helpWidth: 100 });
  for (const verb of [
    quickstartCommand(),
    collectCommand(),
    recordCommand(),
    trainCommand(),
    evalCommand(),
    watchCommand(),
    benchCommand(),
    reproduceCommand(),
    dataCommand(),
    envCommand(),
    doctorCommand(),
  ])
    program.addCommand(verb);
  return program;
}

/** Makes every command of the tree throw instead of exiting, so that exit codes are decided in one place. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}

/**
 * Runs the command line.
 *
 * @param args - the arguments after the program's name.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted with work saved.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  // a reader that went away (`modewise env list | head -1`) is no failure of ours
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    throw error;
  });
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${describeFailure(error).text}\n`);
    process.exit(EXIT.failed);
  });
  const program = buildProgram();
  throwInsteadOfExit(program);
  if (args.length === 0) {
    program.outputHelp();
    return EXIT.done;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.done;
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.text !== '') process.stderr.write(`${failure.text}\n`);
    const asked = error instanceof CommanderError && error.exitCode === 0;
    if (!asked && args.includes('--json')) process.stdout.write(`${JSON.stringify(failure.json)}\n`);
    return failure.exitCode;
  }
}
