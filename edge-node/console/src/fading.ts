/** How old a track looks. Drawing and panels ask here, so that the map and the list never disagree. */
import type { Track } from "./protocol.ts";

/** From this age on a track starts to fade. It is longer than one turn of a slow long-range radar. */
export const STALE_AFTER_S = 15;

/** At this age a track is as faint as it gets; whether it is deleted is the tracker's decision, not the page's. */
export const FAINT_AT_S = 60;

export const FAINTEST = 0.35;

/** Opacity for an age: 1 while fresh, falling to `FAINTEST`. */
export function opacity(age_s: number): number {
  const part = (age_s - STALE_AFTER_S) / (FAINT_AT_S - STALE_AFTER_S);
  return 1 - (1 - FAINTEST) * Math.min(1, Math.max(0, part));
}

export function isStale(age_s: number): boolean {
  return age_s >= STALE_AFTER_S;
}

/** When a track was last told of; what the node only reckons on is as old as the last word of it. */
export function told_ms(track: Pick<Track, "time_ms" | "silent_since_ms">): number {
  return track.silent_since_ms ?? track.time_ms;
}
