import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../src/cli/failure.ts';
import * as errors from '../../../src/errors.ts';

const report = { what: 'It went wrong', where: 'there', remedy: 'do it otherwise' };

describe('describeFailure', () => {
  it.each([
    [new errors.UsageError(report), 2],
    [new errors.ConfigError(report), 2],
    [new errors.UnregisteredEnvError(report), 2],
    [new errors.OutputExistsError(report), 2],
    [new errors.DatasetError(report), 1],
    [new errors.BackendError(report), 1],
    [new errors.StreamError(report), 1],
    [new errors.InterruptedError(report), 130],
    [new CommanderError(1, 'commander.unknownOption', "error: unknown option '--sed'"), 2],
    [new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'), 0],
  ])('%s ends with exit code %i and without a stack', (error, exitCode) => {
    const failure = describeFailure(error);
    expect(failure.exitCode).toBe(exitCode);
    expect(failure.text).not.toContain('    at ');
  });

  it('tells what, where and what to do, to people and to scripts', () => {
    const failure = describeFailure(new errors.DatasetError(report));
    expect(failure.text).toBe('error: It went wrong\n  where: there\n  remedy: do it otherwise');
    expect(failure.json).toEqual({ error: { name: 'DatasetError', ...report } });
  });

  it('words errors of the operating system', () => {
    const error = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/data/x' });
    expect(describeFailure(error)).toMatchObject({ exitCode: 1, text: 'error: the disk is full: /data/x' });
  });

  it('shows a stack only for a bug, and calls it one', () => {
    const failure = describeFailure(new TypeError('x is not a function'));
    expect(failure.exitCode).toBe(1);
    expect(failure.text).toContain('this is a bug in modewise');
    expect(failure.text).toContain('    at ');
  });
});
