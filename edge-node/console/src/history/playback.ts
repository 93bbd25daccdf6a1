/**
 * Where in the recorder the page stands: live, or at a moment of the past that stands still or runs. Times are picture
 * times; the monotonic clock goes in with every call, so that this has neither clock nor timer.
 */

/** What the recorder holds, in Unix milliseconds. */
export interface Span {
  from_ms: number;
  to_ms: number;
}

export const SPEEDS = [0.5, 1, 2, 5, 10, 30] as const;

export class Playback {
  #span: Span | null = null;
  /** The moment shown at `#since_ms`; `null` while live. */
  #at_ms: number | null = null;
  #since_ms = 0;
  #speed = 1;
  #playing = false;

  get live(): boolean {
    return this.#at_ms === null;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get speed(): number {
    return this.#speed;
  }

  get span(): Span | null {
    return this.#span;
  }

  handleSpan(span: Span | null): void {
    this.#span = span;
  }

  /** The moment on the screen, never outside what the recorder holds; `null` while live. */
  at(local_ms: number): number | null {
    if (this.#at_ms === null) return null;
    const run_ms = this.#playing ? Math.max(0, local_ms - this.#since_ms) * this.#speed : 0;
    return this.#within(this.#at_ms + run_ms);
  }

  /** Leaves the live picture, or moves within the past. Playing goes on if it was on. */
  seek(at_ms: number, local_ms: number): void {
    this.#at_ms = this.#within(at_ms);
    this.#since_ms = local_ms;
  }

  /** Moves by so much from the moment shown, or back from `live_ms` while live. */
  step(by_ms: number, live_ms: number, local_ms: number): void {
    this.seek((this.at(local_ms) ?? live_ms) + by_ms, local_ms);
  }

  play(playing: boolean, local_ms: number): void {
    this.#anchor(local_ms);
    this.#playing = playing && !this.live;
  }

  setSpeed(speed: number, local_ms: number): void {
    this.#anchor(local_ms);
    this.#speed = speed;
  }

  backToLive(): void {
    this.#at_ms = null;
    this.#playing = false;
  }

  /** At the end of the recording playing stops, and says so by returning true; it never slips into live by itself. */
  handleTimeout(local_ms: number): boolean {
    const at_ms = this.at(local_ms);
    if (!this.#playing || at_ms === null || this.#span === null || at_ms < this.#span.to_ms) return false;
    this.#anchor(local_ms);
    this.#playing = false;
    return true;
  }

  #anchor(local_ms: number): void {
    this.#at_ms = this.at(local_ms);
    this.#since_ms = local_ms;
  }

  #within(at_ms: number): number {
    const { from_ms, to_ms } = this.#span ?? { from_ms: -Infinity, to_ms: Infinity };
    return Math.min(to_ms, Math.max(from_ms, at_ms));
  }
}
