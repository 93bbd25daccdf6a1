/**
 * What became of numbers: a track that merged into another, or split off one. Said for a while in a corner of the map, and
 * kept a little longer, so that what was selected can be followed to its new number.
 */
import type { Track } from "./protocol.ts";

/** Notices shown at once; the oldest makes room. */
export const NOTICES_MAX = 5;

/** So long, in picture time, a notice is shown. */
export const NOTICE_KEPT_MS = 30_000;

/** Numbers whose successor is remembered; the oldest makes room. */
export const SUCCESSORS_MAX = 500;

export interface Notice {
  text: string;
  time_ms: number;
}

export class Notices {
  #notices: Notice[] = [];
  readonly #successors = new Map<string, string>();

  /** Takes in a track as it is now and as it was before; `held` says which ids the picture still has. */
  handleTrack(before: Track | undefined, now: Track, held: (id: string) => boolean, time_ms: number): void {
    if (now.former.length === 0) return;
    const known = new Set((before?.former ?? []).map(({ id }) => id));
    for (const former of now.former) {
      if (known.has(former.id) || former.id === now.id) continue;
      if (held(former.id)) {
        this.#say(`${now.name} was part of ${former.name}`, time_ms);
      } else {
        this.#say(`${former.name} is now ${now.name}`, time_ms);
        this.#succeed(former.id, now.id);
      }
    }
  }

  /** The number under which a track that is gone goes on. */
  successor(id: string): string | undefined {
    return this.#successors.get(id);
  }

  /** What is still to be shown, oldest first. */
  at(now_ms: number): readonly Notice[] {
    this.#notices = this.#notices.filter(({ time_ms }) => Math.abs(now_ms - time_ms) <= NOTICE_KEPT_MS);
    return this.#notices;
  }

  clear(): void {
    this.#notices = [];
    this.#successors.clear();
  }

  #say(text: string, time_ms: number): void {
    this.#notices.push({ text, time_ms });
    this.#notices.splice(0, Math.max(0, this.#notices.length - NOTICES_MAX));
  }

  #succeed(id: string, by: string): void {
    this.#successors.delete(id);
    this.#successors.set(id, by);
    for (const oldest of this.#successors.keys()) {
      if (this.#successors.size <= SUCCESSORS_MAX) break;
      this.#successors.delete(oldest);
    }
  }
}
