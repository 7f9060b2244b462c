import { expect, it } from 'vitest';
import { trainCommand } from '../../../src/cli/train.ts';
import { listMethods } from '../../../src/policies/registry.ts';

it('the help of train names every method', () => {
  const help = trainCommand().helpInformation().replaceAll(/\s+/g, ' ');
  for (const { name } of listMethods()) expect(help).toMatch(new RegExp(`[ ,]${name}[ ,]`));
});
