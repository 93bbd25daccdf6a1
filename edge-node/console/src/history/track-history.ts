/** The samples of the selected track: what the recorder has of it, asked now and then, and what was seen since. */
import { ask } from "../node-api.ts";
import type { Track } from "../protocol.ts";
import { SAMPLES_MAX, type Sample, merged, readPoints, sampleOf } from "./series.ts";

/** How often the recorder is asked while a track stays selected. */
export const REFRESH_MS = 15_000;

export class TrackHistory {
  #id = "";
  #recorded: Sample[] = [];
  #seen: Sample[] = [];
  #asked_at_ms = Number.NEGATIVE_INFINITY;
  #asked_for_ms = 0;
  #busy = false;
  #missing = false;

  /** A node greeted: it may have a recorder where the one before had none. */
  handleGreeting(): void {
    this.#missing = false;
    this.#asked_at_ms = Number.NEGATIVE_INFINITY;
  }

  /** Takes in the track as it is now; another id starts anew. */
  handleTrack(track: Track): void {
    if (track.id !== this.#id) {
      this.#id = track.id;
      this.#recorded = [];
      this.#seen = [];
      this.#asked_at_ms = Number.NEGATIVE_INFINITY;
    }
    const last_ms = this.#seen.at(-1)?.time_ms ?? Number.NEGATIVE_INFINITY;
    if (track.time_ms > last_ms) this.#seen.push(sampleOf(track));
    if (this.#seen.length > SAMPLES_MAX) this.#seen.shift();
  }

  /** Asks the recorder for the time between two moments, unless it was asked just now or has no answer. */
  refresh(from_ms: number, to_ms: number, local_ms: number): void {
    const due = local_ms - this.#asked_at_ms >= REFRESH_MS || to_ms < this.#asked_for_ms - REFRESH_MS;
    if (this.#id === "" || this.#missing || this.#busy || !due) return;
    this.#asked_at_ms = local_ms;
    this.#asked_for_ms = to_ms;
    void this.#ask(this.#id, Math.round(from_ms), Math.round(to_ms));
  }

  samples(): Sample[] {
    return merged(this.#recorded, this.#seen);
  }

  /** Where the samples are from. */
  get note(): string {
    return this.#recorded.length > 0 ? "From the recording." : "Since it was selected.";
  }

  async #ask(id: string, from_ms: number, to_ms: number): Promise<void> {
    this.#busy = true;
    const answer = await ask(`history/track/${encodeURIComponent(id)}?from=${from_ms}&to=${to_ms}`);
    this.#busy = false;
    if (answer.state === "missing") this.#missing = true;
    if (answer.state === "ok" && id === this.#id) this.#recorded = readPoints(answer.body);
  }
}
