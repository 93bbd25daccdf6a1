/**
 * The picture of a past moment: fetched from the recorder, at most one request under way, always the latest wish next. The
 * live picture goes on beside it untouched, so that the way back to live takes no time.
 */
import { ask, trouble } from "../node-api.ts";
import { type Hello, decode } from "../protocol.ts";
import { TrackStore } from "../track-store.ts";

/** Moments closer together than this, at natural speed, are shown from one picture by dead reckoning. */
export const SPACING_MS = 1_000;

/** After a failure the recorder is left alone for so long. */
export const RETRY_MS = 3_000;

/** Over a jump longer than this no trail is drawn: nobody fetched what lay between. */
const TRAIL_JUMP_MS = 60_000;

export class PastPicture {
  readonly store = new TrackStore();
  readonly #changed: () => void;
  #loaded_ms: number | null = null;
  #wanted_ms: number | null = null;
  #busy = false;
  #retry_at_ms = 0;
  #trouble = "";

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Why the picture on the screen is not the wanted one; empty if it is. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Whether a picture of the wanted moment is still on its way. */
  get loading(): boolean {
    return this.#busy && this.#trouble === "";
  }

  /** Takes sensors and rings from the node's hello; the recorder keeps none. */
  handleHello(hello: Hello): void {
    this.store.handleHello(hello);
  }

  /** Wants the picture of a moment that runs at `speed`; nearby ones do for it. */
  want(at_ms: number, speed: number, local_ms: number): void {
    const near_ms = SPACING_MS * Math.max(1, speed / 2);
    const since_ms = this.#loaded_ms === null ? Infinity : at_ms - this.#loaded_ms;
    if (since_ms >= 0 && since_ms < near_ms) return;
    this.#wanted_ms = at_ms;
    if (!this.#busy && local_ms >= this.#retry_at_ms) void this.#load();
  }

  forget(): void {
    this.store.clear();
    this.#loaded_ms = null;
    this.#wanted_ms = null;
    this.#trouble = "";
    this.#retry_at_ms = 0;
  }

  async #load(): Promise<void> {
    const at_ms = this.#wanted_ms;
    if (at_ms === null) return;
    this.#busy = true;
    this.#wanted_ms = null;
    const answer = await ask(`history/picture?at=${Math.round(at_ms)}`);
    this.#busy = false;
    const { message } = answer.state === "ok" ? decode(JSON.stringify(answer.body)) : { message: null };
    if (message?.type === "snapshot") {
      if (this.#loaded_ms === null || Math.abs(at_ms - this.#loaded_ms) > TRAIL_JUMP_MS) this.store.clear();
      this.store.handleSnapshot(message);
      this.#loaded_ms = at_ms;
      this.#trouble = "";
    } else {
      this.#trouble = `recording: ${trouble(answer) || "the answer made no sense"}`;
      this.#retry_at_ms = performance.now() + RETRY_MS;
    }
    this.#changed();
  }
}
