import { sceneRenderer } from '../envs/scene-renderer.ts';
import type { Task } from '../envs/task.ts';
import { resolveKwargs } from '../src/gym/kwargs.ts';
import { type EnvRegistration, type EnvSpec, register } from '../src/gym/registry.ts';
import { loadPhysics } from '../src/physics/planar-world.ts';
import { type DemonstrationRequest, type Pilot, registerDemonstrator } from './demonstrator.ts';

export type { Episode, TaskInfo } from '../envs/episode.ts';
export { EpisodicTask, type TaskDefinition, type VectorLayout } from '../envs/episodic-task.ts';
export { knownOptions, type StartOptions } from '../envs/reset-options.ts';
export { drawContexts } from '../envs/table/contexts.ts';
export { d3ilControl } from '../envs/table/control.ts';
export * as mechanics from '../envs/table/mechanics.ts';
export { rodAndBlocks } from '../envs/table/observation.ts';
export type {
  ControlRules,
  Judge,
  ObservationLayout,
  Piece,
  Pose,
  Start,
  TableRules,
  TableState,
} from '../envs/table/table-rules.ts';
export { TableTask } from '../envs/table/table-task.ts';
export type { BehaviorDescriptor, EpisodeOutcome, EvaluationContext, Task } from '../envs/task.ts';
export { checkAction } from '../src/gym/check-action.ts';
export type { EnvMetadata, Info, ResetOptions, ResetResult, StepResult } from '../src/gym/env.ts';
export type { EnvSpec } from '../src/gym/registry.ts';
export { EnvRandomness } from '../src/gym/seeding.ts';
export { Box } from '../src/gym/spaces/box.ts';
export { EndEffector } from '../src/physics/end-effector.ts';
export { type Body, PlanarWorld } from '../src/physics/planar-world.ts';
export type { Scene, ScenePart, Shape } from '../src/physics/scene.ts';
export { TableFriction } from '../src/physics/table-friction.ts';
export { Rng } from '../src/random.ts';
export { sceneRenderModes } from '../src/render/modes.ts';
export { BlockPusher, type PushStyle, type Seen, type SeenBlock } from './block-pusher.ts';
export type { DemonstrationRequest, Pilot } from './demonstrator.ts';
export { drawIdleSteps, drawPushStyle } from './push-style.ts';
export { RodDriver } from './rod-driver.ts';
export { seeBlocks } from './see-blocks.ts';

/** A task that lives in a file of its own, outside the project. */
export interface OwnTask
  extends Pick<EnvRegistration, 'id' | 'description' | 'maxEpisodeSteps' | 'rewardThreshold'> {
  /** The file itself, `import.meta.url`: worker threads import it too. */
  readonly module: string;
  /** Constructs the task; the physics engine is loaded by then. */
  create(spec: EnvSpec): Task;
  /** Begins a demonstration of the mode asked for. */
  demonstrate(request: DemonstrationRequest): Pilot;
}

/**
 * Makes a task and its demonstrator known, so that every verb takes its id. What `modewise env new` writes calls it.
 *
 * @throws UsageError when the id is not of the form `Name-vN` or is taken.
 */
export function defineTask({ create, demonstrate, ...registration }: OwnTask): void {
  register({
    ...registration,
    renderer: sceneRenderer,
    entry: async () => {
      await loadPhysics();
      return (kwargs, spec) => {
        resolveKwargs(kwargs, {});
        return create(spec);
      };
    },
  });
  registerDemonstrator({ envId: registration.id, name: 'scripted', envKwargs: {}, begin: demonstrate });
}
