/**
 * The geometry of D3IL's Sorting (ALRhub/d3il, commit 0046bec), metres and radians, world frame: x to the right, y
 * away from the robot.
 */

/** Where the rod stands when an episode begins; fixed. */
export const rodStart = { x: 0.525, y: -0.3 } as const;

/** A colour, and where its blocks belong: their centres strictly within a rectangle. */
export interface Sort {
  readonly name: string;
  readonly color: string;
  readonly boxColor: string;
  readonly minX: number;
  readonly maxX: number;
  readonly minY: number;
  readonly maxY: number;
  /** Centre of the box, by D3IL; not quite that of the rectangle. */
  readonly center: { readonly x: number; readonly y: number };
}

/** Red, then blue: a block's sort is an index into this list. */
export const sorts: readonly [Sort, Sort] = [
  {
    name: 'red',
    color: '#d1495b',
    boxColor: '#f1c3c8',
    ...{ minX: 0.3, maxX: 0.5, minY: 0.22, maxY: 0.41 },
    center: { x: 0.4, y: 0.32 },
  },
  {
    name: 'blue',
    color: '#2e86c1',
    boxColor: '#bcd9ec',
    ...{ minX: 0.525, maxX: 0.725, minY: 0.22, maxY: 0.41 },
    center: { x: 0.625, y: 0.32 },
  },
];

/** Ranges of x and of y that make the six cells in which blocks may start. */
export const cellsX = [
  [0.4, 0.5],
  [0.55, 0.65],
] as const;
/** See {@link cellsX}. */
export const cellsY = [
  [-0.15, -0.1],
  [-0.05, 0],
  [0.05, 0.1],
] as const;

/** Least distance of two blocks at the start, metres: cells are so close that blocks drawn in them can overlap. */
export const startGap = 0.002;

/** All blocks must be where they belong for this many control steps in a row: 0.35 s. */
export const holdSteps = 10;

/** Evaluation contexts that exist, and how many of them an evaluation uses unless told otherwise. */
export const contextCount = { all: 600, evaluation: 60 } as const;
