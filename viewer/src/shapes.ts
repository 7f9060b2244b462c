import * as three from 'three';
import type { ScenePart } from '../../src/stream/wire.ts';

/** Radius of the rounded upper edge of solids, metres. */
const EDGE = 0.004;
/** Painted marks lie this far above the table, so that they do not flicker in it, metres. */
export const MARK_LIFT = 0.0006;

/**
 * Solids are drawn no taller than this, metres. The simulation is planar, heights are only for the eye: a rod as
 * tall as a robot's would hide the table, and a hundred of them each other.
 */
const TALLEST = 0.05;
const TALLEST_ROBOT = 0.035;

/** Makes the solid, or for height 0 the flat mark, of a part: in its own frame, standing on z = 0. */
export function partGeometry(part: ScenePart): three.BufferGeometry {
  const { shape } = part;
  const height = Math.min(part.height, part.role === 'robot' ? TALLEST_ROBOT : TALLEST);
  if (shape.kind === 'disc') return height > 0 ? roundedCylinder(shape.radius, height) : disc(shape.radius);
  const outline = new three.Shape(
    shape.kind === 'polygon'
      ? shape.points.map(([x, y]) => new three.Vector2(x, y))
      : [
          new three.Vector2(-shape.halfWidth, -shape.halfDepth),
          new three.Vector2(shape.halfWidth, -shape.halfDepth),
          new three.Vector2(shape.halfWidth, shape.halfDepth),
          new three.Vector2(-shape.halfWidth, shape.halfDepth),
        ],
  );
  return height > 0 ? extruded(outline, height) : lifted(new three.ShapeGeometry(outline));
}

function disc(radius: number): three.BufferGeometry {
  return lifted(new three.CircleGeometry(radius, 64));
}

function lifted(geometry: three.BufferGeometry): three.BufferGeometry {
  return geometry.translate(0, 0, MARK_LIFT);
}

/** A cylinder whose upper edge is rounded, so that it catches the light. */
function roundedCylinder(radius: number, height: number): three.BufferGeometry {
  const edge = Math.min(EDGE, radius * 0.5, height * 0.5);
  // a second point just below the edge keeps the rounding out of the normals of the side
  const profile = [0, height - edge - 1e-4, height - edge].map((z) => new three.Vector2(radius, z));
  // hundreds of thin rods need fewer corners than a thick obstacle
  const corners = radius > 0.015 ? 64 : 16;
  const steps = radius > 0.015 ? 6 : 1;
  for (let i = 1; i <= steps; i++) {
    const angle = ((Math.PI / 2) * i) / steps;
    profile.push(
      new three.Vector2(radius - edge + edge * Math.cos(angle), height - edge + edge * Math.sin(angle)),
    );
  }
  profile.push(new three.Vector2(0, height));
  return new three.LatheGeometry(profile, corners).rotateX(Math.PI / 2);
}

function extruded(outline: three.Shape, height: number): three.BufferGeometry {
  const edge = Math.min(EDGE, height * 0.25);
  const geometry = new three.ExtrudeGeometry(outline, {
    depth: height - 2 * edge,
    bevelEnabled: true,
    bevelSize: edge,
    // the bevel grows outward: start inside, so that the widest section is the given outline
    bevelOffset: -edge,
    bevelThickness: edge,
    bevelSegments: 3,
  });
  return geometry.translate(0, 0, edge);
}
