import type { Rng } from '../random.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { Curriculum } from './curriculum.ts';
import { CurriculumSampler } from './curriculum-sampler.ts';
import type { ExpertData } from './experts.ts';

/** Steps drawn for each component: the standard error of a deviation is 1.6 % of it. */
const stepsEach = 2048;

/**
 * Measures how widely the demonstrations that every component is responsible for scatter around its expert:
 * σ_zd² = Σ_n p(z|n) (a_nd − μ_zd(o_n))² / Σ_n p(z|n), the M-step of a diagonal Gaussian's variance (Bishop 2006, Pattern
 * Recognition and Machine Learning, equation 9.19), on a sample of steps. p(z|n) is the posterior that a gate is fitted to: weighed by
 * p(n|z), what is explained best would count most, and the deviations would come out too small.
 *
 * @param data - normalized; borrowed.
 * @param experts - C networks and their weights as the acting kernel takes them; borrowed.
 * @param rng - of this measurement alone.
 * @returns σ in standard deviations of the data's actions, shape `[C][Da]`.
 */
export function residualDeviations(
  { actions, actionSize, observations, observationSize, unitStarts }: ExpertData,
  curriculum: Curriculum,
  { arrays, shape }: { readonly arrays: NamedArrays; readonly shape: MlpShape },
  rng: Rng,
): number[][] {
  const { components, form } = curriculum;
  const logWeights = curriculum.posterior().map(Math.log);
  const responsibilities = Curriculum.fromState(components, form, { logWeights, posteriorIsUniform: false });
  const experts = new InferenceMlp(shape, arrays);
  const steps = new Int32Array(components * stepsEach);
  new CurriculumSampler(responsibilities, unitStarts).draw(rng, steps);
  const inputs = new Float32Array(stepsEach * observationSize);
  const means = new Float32Array(stepsEach * actionSize);
  return Array.from({ length: components }, (_, component) => {
    const selected = steps.subarray(component * stepsEach, (component + 1) * stepsEach);
    for (const [row, step] of selected.entries()) {
      const observation = observations.subarray(step * observationSize, (step + 1) * observationSize);
      inputs.set(observation, row * observationSize);
    }
    experts.forward(component, inputs, means, stepsEach);
    return Array.from({ length: actionSize }, (_, d) => {
      let squared = 0;
      for (const [row, step] of selected.entries()) {
        const residual = (actions[step * actionSize + d] as number) - (means[row * actionSize + d] as number);
        squared += residual * residual;
      }
      return Math.sqrt(squared / stepsEach);
    });
  });
}
