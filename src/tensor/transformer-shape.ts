import { CheckpointError, ConfigError } from '../errors.ts';
import type { Rng } from '../random.ts';
import { elementCount, type NamedArrays, type StoredArray } from './named-arrays.ts';

/**
 * Describes a stack of pre-norm transformer blocks in the manner of GPT-2: learned positions, per block self-attention,
 * attention to a memory where there is one, and two dense layers with GELU between; a layer norm at the end.
 *
 * Tokens enter and leave with the width of the stack: what embeds them and what reads them out are layers of their own.
 */
export interface TransformerShape {
  readonly layers: number;
  /** Attention heads; a divisor of the width. */
  readonly heads: number;
  /** D, the size of a token inside. */
  readonly width: number;
  /** Width of the inner dense layer, as a multiple of D; 4 where left out. */
  readonly expansion?: number;
  /** T at most: there is one learned position for each. */
  readonly tokens: number;
  /** Whether a token looks only at itself and at those before it. */
  readonly causal: boolean;
  /** S, tokens of a memory that every block looks at, all of them; none where left out. Positions are learned too. */
  readonly memoryTokens?: number;
}

/** Lists the arrays of a stack by name, with their shapes: matrices `[1, K, N]`, biases `[1, 1, N]`, gains `[D]`. */
export function transformerArrays(shape: TransformerShape): ReadonlyMap<string, readonly number[]> {
  requireShape(shape);
  const { width, layers, tokens, expansion = 4, memoryTokens = 0 } = shape;
  const arrays = new Map<string, readonly number[]>();
  const linear = (name: string, inputs: number, outputs: number) => {
    arrays.set(`${name}.weights`, [1, inputs, outputs]);
    arrays.set(`${name}.bias`, [1, 1, outputs]);
  };
  const norm = (name: string) => {
    arrays.set(`${name}.gain`, [width]);
    arrays.set(`${name}.offset`, [width]);
  };
  arrays.set('positions', [tokens, width]);
  if (memoryTokens > 0) arrays.set('memory.positions', [memoryTokens, width]);
  for (let layer = 0; layer < layers; layer++) {
    const block = `blocks.${layer}`;
    norm(`${block}.norm1`);
    linear(`${block}.self.in`, width, 3 * width);
    linear(`${block}.self.out`, width, width);
    if (memoryTokens > 0) {
      norm(`${block}.norm2`);
      linear(`${block}.cross.query`, width, width);
      linear(`${block}.cross.memory`, width, 2 * width);
      linear(`${block}.cross.out`, width, width);
    }
    norm(`${block}.norm3`);
    linear(`${block}.dense1`, width, expansion * width);
    linear(`${block}.dense2`, expansion * width, width);
  }
  norm('norm');
  return arrays;
}

function requireShape({
  layers,
  heads,
  width,
  tokens,
  expansion = 4,
  memoryTokens = 0,
}: TransformerShape): void {
  const sizes = [layers, heads, width, tokens, expansion];
  const fits = sizes.every((size) => Number.isInteger(size) && size >= 1) && Number.isInteger(memoryTokens);
  if (fits && width % heads === 0 && memoryTokens >= 0) return;
  throw new ConfigError({
    what: 'The shape of a transformer contradicts itself',
    found: JSON.stringify({ layers, heads, width, tokens, expansion, memoryTokens }),
    expected: 'positive whole numbers, the width a multiple of the heads',
  });
}

/**
 * Draws starting weights as GPT-2 and minGPT do: matrices and positions from N(0, 0.02²), biases and offsets 0, gains 1.
 *
 * @throws ConfigError when the shape contradicts itself.
 */
export function drawTransformer(shape: TransformerShape, rng: Rng): NamedArrays {
  const arrays: Record<string, StoredArray> = {};
  for (const [name, size] of transformerArrays(shape)) {
    const data = new Float32Array(elementCount(size));
    if (name.endsWith('.gain')) data.fill(1);
    if (name.endsWith('weights') || name.endsWith('positions')) {
      const stream = rng.fork(name);
      for (let i = 0; i < data.length; i++) data[i] = stream.normal(0, 0.02);
    }
    arrays[name] = { shape: [...size], data };
  }
  return arrays;
}

/**
 * Takes one array of a stack out of saved ones, not copied.
 *
 * @throws CheckpointError when it is missing or has another type or shape.
 */
export function transformerArray(
  arrays: NamedArrays,
  name: string,
  expected: readonly number[],
): Float32Array {
  const array = arrays[name];
  if (array?.data instanceof Float32Array && array.shape.join() === expected.join()) return array.data;
  throw new CheckpointError({
    what: 'Saved weights do not fit the transformer',
    where: name,
    found:
      array === undefined ? 'no such array' : `${array.data.constructor.name} [${array.shape.join(', ')}]`,
    expected: `Float32Array [${expected.join(', ')}]`,
  });
}
