import { ColliderDesc } from '@dimforge/rapier2d-deterministic-compat';
import { ModewiseError } from '../errors.ts';
import type { Shape } from './scene.ts';

/** Finds the radius of a circle about the origin that holds the whole shape, metres. */
export function boundingRadius(shape: Shape): number {
  switch (shape.kind) {
    case 'disc':
      return shape.radius;
    case 'box':
      return Math.hypot(shape.halfWidth, shape.halfDepth);
    case 'polygon':
      return Math.max(...shape.points.map(([x, y]) => Math.hypot(x, y)));
  }
}

/** Describes a shape to the engine; a polygon becomes its convex hull. @throws ModewiseError when it has none. */
export function colliderOf(shape: Shape): ColliderDesc {
  switch (shape.kind) {
    case 'disc':
      return ColliderDesc.ball(shape.radius);
    case 'box':
      return ColliderDesc.cuboid(shape.halfWidth, shape.halfDepth);
    case 'polygon': {
      const hull = spansArea(shape.points)
        ? ColliderDesc.convexHull(new Float32Array(shape.points.flat()))
        : null;
      if (hull !== null) return hull;
      throw new ModewiseError({
        what: 'A polygon has no convex hull',
        found: JSON.stringify(shape.points),
        expected: 'at least three points that are not on one line',
      });
    }
  }
}

/** Says whether the points are not all on one line; the engine traps on those that are. */
function spansArea(points: readonly (readonly [number, number])[]): boolean {
  const [origin] = points;
  if (origin === undefined) return false;
  const arms = points.map(([x, y]) => [x - origin[0], y - origin[1]] as const);
  return arms.some(([ax, ay]) => arms.some(([bx, by]) => Math.abs(ax * by - ay * bx) > 1e-12));
}
