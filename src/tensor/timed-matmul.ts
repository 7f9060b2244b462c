import { tf } from './tf.ts';

/** The outcome of {@link timedMatmul}. */
export interface MatmulTiming {
  /** Rows and columns of both matrices. */
  readonly size: number;
  /** The fastest of the repetitions. */
  readonly milliseconds: number;
  /** Billions of multiplications and additions per second in that repetition. */
  readonly gigaflops: number;
}

/**
 * Times a product of two square float32 matrices on the active backend, after one product to warm up.
 *
 * @param now - a monotonic clock in milliseconds.
 * @param size - rows and columns.
 */
export async function timedMatmul(now: () => number, size = 512, repetitions = 5): Promise<MatmulTiming> {
  const [a, b] = [tf.ones([size, size]), tf.ones([size, size])];
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= repetitions; i++) {
    const start = now();
    const product = tf.matMul(a, b);
    // a GPU queues work: only the numbers themselves prove that it is done
    const corner = tf.slice(product, [0, 0], [1, 1]);
    await corner.data();
    const elapsed = now() - start;
    if (i > 0) milliseconds = Math.min(milliseconds, elapsed);
    tf.dispose([product, corner]);
  }
  tf.dispose([a, b]);
  return { size, milliseconds, gigaflops: (2 * size ** 3) / (milliseconds * 1e6) };
}
