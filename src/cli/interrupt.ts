/** The stop request of the user, as a signal that long work listens to. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Puts the default behaviour of Ctrl-C back. */
  dispose(): void;
}

/**
 * Turns Ctrl-C (SIGINT) and SIGTERM into an abort signal: the first one asks the work to finish what it is at and to
 * save, the second ends the process at once. Everything finished is on disk already, so nothing is lost by it.
 *
 * @param onFirst - told about the first one, to say so to the user.
 */
export function listenForInterrupt(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const handler = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    onFirst();
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', handler);
      process.off('SIGTERM', handler);
    },
  };
}
