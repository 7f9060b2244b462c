/** A drawable shape in the body's own frame; metres and radians. */
export type Shape =
  | { readonly kind: 'disc'; readonly radius: number }
  | { readonly kind: 'box'; readonly halfWidth: number; readonly halfDepth: number }
  | { readonly kind: 'polygon'; readonly points: readonly (readonly [number, number])[] };

/** What a part is for; the viewer chooses material and colour by it. */
export type PartRole = 'robot' | 'obstacle' | 'object' | 'target' | 'finish' | 'table';

/** One thing on the table. */
export interface ScenePart {
  readonly name: string;
  readonly role: PartRole;
  readonly shape: Shape;
  /** Height of the drawn solid above the table, metres; 0 is a mark painted on the table. */
  readonly height: number;
  /** Pose in the world frame [x, y, angleRad]; for moving parts the pose at the start of an episode. */
  readonly poseInWorld: readonly [number, number, number];
  /** Colour as `#rrggbb`, when the task gives the part a colour of its own. */
  readonly color?: string;
  /** Index into the per-frame poses for a moving part; absent for a fixed one. */
  readonly poseIndex?: number;
}

/** All that a viewer needs to draw a task: sent once; afterwards only poses travel. */
export interface Scene {
  readonly parts: readonly ScenePart[];
  /** Visible area of the table in the world frame: [minX, minY, maxX, maxY], metres. */
  readonly bounds: readonly [number, number, number, number];
  /** Number of moving parts, M. */
  readonly movingParts: number;
}
