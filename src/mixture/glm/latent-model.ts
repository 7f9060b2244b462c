/**
 * A mixture of experts with its data, as the algorithms that fit it see it: a vector of parameters θ of shape `[P]`
 * (gate first, experts after it) and L(θ), the negative log-likelihood per sample.
 */
export interface LatentModel {
  /** P. */
  readonly size: number;
  /** Computes L(θ), nats per sample. */
  loss(theta: Float64Array): number;
  /** Computes ∇L(θ), shape `[P]`; also the gradient at θ of Q(·|θ), the bound that EM minimizes (Fisher's identity). */
  gradient(theta: Float64Array): Float64Array;
  /** Computes the EM update argmin Q(·|θ), shape `[P]`. */
  maximize(theta: Float64Array): Float64Array;
  /** The separable parts of Q, each with a bound of its curvature: where they begin, gate first. */
  readonly blocks: readonly Block[];
}

/** A part of the parameters that Q does not couple with the others. */
export interface Block {
  /** First index. */
  readonly start: number;
  /** One after the last index. */
  readonly end: number;
  /** An upper bound of the eigenvalues of ∇²Q within the block, wherever it is taken. */
  readonly curvature: number;
}

/** A model whose information matrices are known in closed form. */
export interface InformativeModel extends LatentModel {
  /** Computes I_{x,z,y|θ} = ∇²Q(θ|θ), what complete data would tell; row-major, shape `[P, P]`. */
  completeInformation(theta: Float64Array): Float64Array;
  /** Computes I_{z|x,y,θ}, what is lost because components are not observed; row-major, shape `[P, P]`. */
  lostInformation(theta: Float64Array): Float64Array;
}
