/**
 * The life of the connection, without a socket and without a clock: events go in with the monotonic time at which they
 * happened, and the next thing to do comes out. `connection.ts` is its shell.
 */

/** A picture is called stale when nothing was heard for this long; the node speaks at least once a second. */
export const STALE_AFTER_MS = 3_000;

/** A socket silent for this long is taken for dead even if TCP has not noticed, and is opened anew. */
export const DEAD_AFTER_MS = 10_000;

export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_LAST_MS = 10_000;

/** What the shell must do now. */
export type Action = "open" | "close" | "nothing";

export type Phase = "connecting" | "open" | "waiting";

/** What a reader of the page needs to know about the connection. */
export interface LinkState {
  phase: Phase;
  /** True while the picture on the screen can no longer be trusted to be current. */
  stale: boolean;
  /** Time since anything was heard, or since the page was opened. */
  silent_ms: number;
  /** Time until the next attempt, 0 unless waiting. */
  retry_in_ms: number;
}

export class Link {
  #phase: Phase = "waiting";
  #failures = 0;
  #heard_ms: number;
  #since_ms: number;
  #retry_ms: number;
  #paused = false;

  constructor(now_ms: number) {
    this.#heard_ms = now_ms;
    this.#since_ms = now_ms;
    this.#retry_ms = now_ms;
  }

  handleOpen(now_ms: number): void {
    this.#enter("open", now_ms);
  }

  /** A whole message arrived. Only this, not the open socket, ends the backoff: a proxy may accept and then drop. */
  handleMessage(now_ms: number): void {
    this.#heard_ms = now_ms;
    this.#failures = 0;
  }

  /** The socket closed or could not be opened. `chance` in 0..1 spreads the consoles of one node apart. */
  handleClose(now_ms: number, chance: number): void {
    this.#retry_ms = now_ms + backoff(this.#failures, chance);
    this.#failures += 1;
    this.#enter("waiting", now_ms);
  }

  /** Nobody looks at the page, and the node was asked to say nothing: silence means nothing now. */
  handlePause(): void {
    this.#paused = true;
  }

  /** Somebody looks again: from now on silence counts. */
  handleResume(now_ms: number): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#since_ms = now_ms;
  }

  /** The network came back or the operator asked: do not wait any longer. */
  handleWake(now_ms: number): void {
    this.#failures = 0;
    if (this.#phase === "waiting") this.#retry_ms = now_ms;
  }

  handleTimeout(now_ms: number): Action {
    if (this.#phase === "waiting") {
      if (now_ms < this.#retry_ms) return "nothing";
      this.#enter("connecting", now_ms);
      return "open";
    }
    if (this.#paused) return "nothing";
    return now_ms - Math.max(this.#heard_ms, this.#since_ms) > DEAD_AFTER_MS ? "close" : "nothing";
  }

  state(now_ms: number): LinkState {
    const silent_ms = Math.max(0, now_ms - this.#heard_ms);
    return {
      phase: this.#phase,
      stale: silent_ms > STALE_AFTER_MS,
      silent_ms,
      retry_in_ms: this.#phase === "waiting" ? Math.max(0, this.#retry_ms - now_ms) : 0,
    };
  }

  #enter(phase: Phase, now_ms: number): void {
    this.#phase = phase;
    this.#since_ms = now_ms;
  }
}

/** Delay before the next attempt: doubling, capped, and spread by ±20 %. */
export function backoff(failures: number, chance: number): number {
  const doubled = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 16));
  return doubled * (0.8 + 0.4 * chance);
}
