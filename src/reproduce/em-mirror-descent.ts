import { randomInvert } from './random-invert.ts';
import type { Reproduction } from './reproduction.ts';
import { syntheticEm } from './synthetic-em.ts';

/** EM against its gradient relatives: on data of the model, and on Fashion-MNIST. */
export const emMirrorDescent: Reproduction = {
  name: 'em-mirror-descent',
  summary: 'EM for mixtures of experts against gradient EM and gradient descent',
  paper:
    'Fruytier, Mokhtari and Sanghavi, Learning Mixtures of Experts with EM: A Mirror Descent Perspective (arXiv 2411.06056, ICML 2025)',
  duration: '--quick about a minute; the whole about twenty minutes on a free core',
  async run(context) {
    return [await syntheticEm(context), await randomInvert(context)];
  },
};
