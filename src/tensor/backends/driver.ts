/** The tensor backends, in the order in which `auto` tries them. */
export const backendNames = ['cuda', 'native', 'webgpu', 'simd', 'js'] as const;

/** The name of a tensor backend. */
export type BackendName = (typeof backendNames)[number];

/** What the caller of a backend may choose. */
export interface BackendOptions {
  /** Worker threads of `simd`; the number of cores where left out. Other backends choose their own. */
  readonly threads?: number;
  /**
   * Asks `simd` for the same bits on every machine and thread count, at the cost of fused multiply-adds; true where
   * left out. Other backends have no such choice.
   */
  readonly deterministic?: boolean;
}

/** What a probe found: the backend can be tried here, or what it lacks. */
export type BackendFinding =
  | {
      readonly available: true;
      /** The device as its driver names it. */
      readonly device: string;
      /** Whether a GPU interface is emulated on the CPU: correct, but slower than any CPU backend. */
      readonly software: boolean;
      /** Versions by package or library name. */
      readonly versions: Readonly<Record<string, string>>;
    }
  | {
      readonly available: false;
      /** What is missing, as a sentence without a full stop. */
      readonly missing: string;
      readonly remedy: string;
    };

/** What an activated backend says of itself. */
export interface ActiveBackend {
  /** The name under which tfjs knows it. */
  readonly tfjsName: string;
  readonly device: string;
  readonly software: boolean;
  readonly versions: Readonly<Record<string, string>>;
  /** Threads that compute, where the backend tells. */
  readonly threads?: number;
  /** Whether the same seed gives the same bits on every machine. */
  readonly deterministic: boolean;
  /** What was asked for and could not be had, such as threads in a page without shared memory. */
  readonly notes: readonly string[];
}

/** One way to run tensors: how to find out whether it can run, and how to start it. */
export interface BackendDriver {
  readonly name: BackendName;
  /** The largest relative error of gradients against `js` that its arithmetic explains. */
  readonly gradientTolerance: number;
  /** Finds out whether it could run here, without touching the backend that is active in this process. */
  probe(): Promise<BackendFinding>;
  /**
   * Registers the backend with tfjs and makes it the active one.
   *
   * @throws BackendError when it cannot run here.
   */
  activate(options: BackendOptions): Promise<ActiveBackend>;
}
