/** One value that others can watch. */
export class Signal<T> {
  readonly #watchers: ((value: T) => void)[] = [];
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of this.#watchers) watcher(value);
  }

  /** Calls `watcher` after every change. */
  onChange(watcher: (value: T) => void): void {
    this.#watchers.push(watcher);
  }

  /** Calls `watcher` now and after every change. */
  watch(watcher: (value: T) => void): void {
    this.onChange(watcher);
    watcher(this.#value);
  }
}
