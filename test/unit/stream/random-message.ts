import type { Rng } from '../../../src/random.ts';

/** A message that is bytes, text, JSON of any kind, or nearly right. */
export function randomMessage(rng: Rng): string | Buffer {
  const bytes = Buffer.from(Array.from({ length: rng.integer(64) }, () => rng.integer(256)));
  const ops = [
    'subscribe',
    'unsubscribe',
    'getParameters',
    'setParameters',
    'advertise',
    'fetchAsset',
    '__proto__',
  ];
  const values: readonly unknown[] = [
    null,
    -1,
    1e308,
    'x',
    [],
    {},
    [[]],
    [{ id: 1, channelId: 3 }],
    ['paused'],
    true,
  ];
  switch (rng.integer(4)) {
    case 0:
      return bytes;
    case 1:
      return bytes.toString('latin1');
    case 2:
      return JSON.stringify(values[rng.integer(values.length)]);
    default:
      return JSON.stringify({
        op: ops[rng.integer(ops.length)],
        subscriptions: values[rng.integer(values.length)],
        subscriptionIds: values[rng.integer(values.length)],
        parameterNames: values[rng.integer(values.length)],
        parameters: values[rng.integer(values.length)],
      });
  }
}
