/** A value that others want to know of: each listener is told of every change, and at once of what is there. */
export class Signal<T> {
  readonly #listeners: ((value: T) => void)[] = [];
  #value: T | undefined;

  /** The last value; undefined before the first. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Takes a value and tells all listeners, in the order in which they came. */
  set(value: T): void {
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }

  /** Calls the listener on every change, and now if there is a value. */
  subscribe(listener: (value: T) => void): void {
    this.#listeners.push(listener);
    if (this.#value !== undefined) listener(this.#value);
  }
}
