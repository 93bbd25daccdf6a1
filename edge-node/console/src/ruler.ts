/**
 * The measuring tool: range and bearing between two ends, each a place on the ground or a track, with which it moves.
 * Clicks go in, a ruler comes out; the map draws it.
 */
import * as format from "./format.ts";
import { rangeBearing } from "./geodesy.ts";
import { type Declination, declination, magneticBearing } from "./magnetic.ts";
import type { Position } from "./protocol.ts";

/** An end that stays where it was put, or one that goes with a track. */
export type End = { at: Position } | { track: string };

/** What the tool needs of the picture. */
export interface Tracks {
  /** Where a track is now, with its name; `null` once it has left the picture. */
  locate(id: string): { at: Position; name: string } | null;
}

/** A ruler as it lies on the map now. */
export interface Ruler {
  from: Position;
  to: Position;
  /** False while the second end still follows the pointer. */
  fixed: boolean;
  lines: readonly string[];
}

export class RulerTool {
  #active = false;
  #from: End | null = null;
  #to: End | null = null;
  #pointer: Position | null = null;

  get active(): boolean {
    return this.#active;
  }

  /** Starts to measure, from a track if one is given. */
  start(track: string | null): void {
    this.#active = true;
    this.#from = track === null ? null : { track };
    this.#to = null;
    this.#pointer = null;
  }

  stop(): void {
    this.#active = false;
    this.#from = null;
    this.#to = null;
  }

  /** A click on the map: the next end; after two, a new ruler begins where the click was. */
  handleClick(end: End): void {
    if (!this.#active) return;
    if (this.#from === null || this.#to !== null) {
      this.#from = end;
      this.#to = null;
      this.#pointer = null;
    } else {
      this.#to = end;
    }
  }

  handlePointer(at: Position | null): void {
    this.#pointer = at;
  }

  /** What to do next, for the hint over the map. */
  hint(tracks: Tracks): string {
    if (!this.#active) return "";
    if (this.#from === null) return "MEASURE · click where to measure from · Esc ends";
    const from = "track" in this.#from ? (tracks.locate(this.#from.track)?.name ?? "a lost track") : "the first point";
    if (this.#to === null) return `MEASURE from ${from} · click where to · Esc ends`;
    return "MEASURE · click to start anew · Esc ends";
  }

  ruler(tracks: Tracks, now_ms: number): Ruler | null {
    const from = place(this.#from, tracks);
    const to = place(this.#to, tracks) ?? (this.#to === null ? this.#pointer : null);
    if (!this.#active || from === null || to === null) return null;
    return { from, to, fixed: this.#to !== null, lines: rulerLines(from, to, now_ms) };
  }
}

/** Range, and the bearing from both norths and backwards, each with the letter that says which it is. */
export function rulerLines(from: Position, to: Position, time_ms: number): string[] {
  const { range_m, bearing_deg } = rangeBearing(from, to);
  const back_deg = rangeBearing(to, from).bearing_deg;
  const here = declination(from, time_ms);
  return [
    `${format.length(range_m)} · ${format.nauticalMiles(range_m)}`,
    `${format.bearing(bearing_deg)} true · back ${format.bearing(back_deg)} true`,
    `${format.bearing(magneticBearing(bearing_deg, here))} magnetic · ${declinationText(here)}`,
  ];
}

function declinationText({ east_deg, current }: Declination): string {
  const side = east_deg < 0 ? "W" : "E";
  return `declination ${Math.abs(east_deg).toFixed(1)}° ${side}${current ? "" : ", model out of date"}`;
}

function place(end: End | null, tracks: Tracks): Position | null {
  if (end === null) return null;
  return "track" in end ? (tracks.locate(end.track)?.at ?? null) : end.at;
}
