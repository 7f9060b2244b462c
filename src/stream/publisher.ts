import type { Scene } from '../physics/scene.ts';
import type { Frame } from './frame.ts';
import type { EpisodeMessage, SceneFacts, ScoreMessage, StatusMessage } from './wire.ts';

/** Takes what a loop of rollouts has to show: a stream that is watched, or a recording that is kept. */
export interface Publisher {
  /** Says what is to be drawn; what follows belongs to this scene. */
  publishScene(scene: Scene, facts: SceneFacts): void;
  /**
   * Takes the state of all rollouts. The frame may be reused at once; its `index` is replaced by the publisher's own
   * count.
   *
   * @throws StreamError when it does not have the moving parts of the scene.
   */
  publishFrame(frame: Frame): void;
  publishScore(score: ScoreMessage): void;
  publishStatus(status: StatusMessage): void;
  /** Takes an episode that has finished, with what is needed to repeat it. */
  publishEpisode(episode: EpisodeMessage): void;
}
