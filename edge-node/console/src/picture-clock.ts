/**
 * The time of the picture, as the page knows it: the time of the node's messages, carried on between them by the local
 * monotonic clock times the speed of the replay. The PC's wall clock is never read, so a wrong clock on the operator's
 * machine cannot make an old track look fresh.
 */

/** A message further off than this, at natural speed, is a jump (seek, loop, resumed laptop), not jitter of the link. */
export const STEP_MS = 2_000;

/** The part of a small error that one message corrects; the rest is taken for jitter. */
const GAIN = 0.2;

export class PictureClock {
  #picture_ms = 0;
  #local_ms = 0;
  #speed = 1;
  #running = false;

  /** Takes the time of a message that arrived at `local_ms` of the monotonic clock. */
  handleTime(picture_ms: number, local_ms: number): void {
    const predicted_ms = this.now(local_ms);
    const error_ms = picture_ms - predicted_ms;
    const jumped = !this.#running || Math.abs(error_ms) > STEP_MS * Math.max(1, this.#speed);
    this.#picture_ms = jumped ? picture_ms : predicted_ms + GAIN * error_ms;
    this.#local_ms = local_ms;
    this.#running = true;
  }

  /** Takes the speed of the picture in picture seconds per second; 0 while a replay is paused. */
  handleSpeed(speed: number, local_ms: number): void {
    if (speed === this.#speed) return;
    this.#picture_ms = this.now(local_ms);
    this.#local_ms = local_ms;
    this.#speed = speed;
  }

  get speed(): number {
    return this.#speed;
  }

  /** False until the first message told the time. */
  get running(): boolean {
    return this.#running;
  }

  /** Picture time at `local_ms`, in Unix milliseconds. */
  now(local_ms: number): number {
    return this.#picture_ms + Math.max(0, local_ms - this.#local_ms) * this.#speed;
  }

  /** Forgets the time: the next message sets it outright. */
  reset(): void {
    this.#running = false;
    this.#speed = 1;
  }
}
