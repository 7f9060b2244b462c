import type { Task } from '../../envs/task.ts';
import { PlanarWorld } from '../../src/physics/planar-world.ts';

/** A task's bodies without the task: nothing is commanded, rubbed, observed or judged. */
export interface BareScene {
  /** Advances as many control steps as asked for, and returns the mean time of one, microseconds. */
  time(controlSteps: number): number;
  dispose(): void;
}

/**
 * Puts the bodies of a task's scene into the bare engine: the robot's slide, objects move, obstacles stay. What is
 * painted on the table is left out.
 *
 * @param subSteps - engine steps in a control step of the task.
 */
export function bareScene(task: Task, subSteps: number): BareScene {
  const world = new PlanarWorld({ subStepSeconds: task.dtSeconds / subSteps, lengthUnit: 0.02 });
  const motions = { robot: 'sliding', object: 'dynamic', obstacle: 'fixed' } as const;
  const bodies = task.scene.parts.flatMap(({ name, poseInWorld, role, shape }) => {
    const motion = role in motions ? motions[role as keyof typeof motions] : null;
    if (motion === null) return [];
    return [{ role, body: world.add({ name, shape, poseInWorld, motion, friction: 0.3 }) }];
  });
  const rod = bodies.find(({ role }) => role === 'robot')?.body.rigidBody;
  if (rod === undefined) throw new Error(`${task.spec?.id} has no robot in its scene`);
  const home = { x: rod.translation().x, y: rod.translation().y };
  return {
    time(controlSteps) {
      const start = performance.now();
      for (let i = 0; i < controlSteps; i++) {
        // to and fro: a body at rest would be cheaper
        rod.setLinvel({ x: 0.3, y: i % 4 < 2 ? 0.3 : -0.3 }, true);
        if (i % 20 === 0) rod.setTranslation(home, true);
        for (let j = 0; j < subSteps; j++) world.step();
      }
      return ((performance.now() - start) * 1000) / controlSteps;
    },
    dispose: () => world.dispose(),
  };
}
