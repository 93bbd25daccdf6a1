/**
 * Where a track has been: a ring of points thinned in time, so that its memory is bounded whatever the update rate.
 */

/** Points kept per trail; with the longest window this is one every two and a half seconds. */
export const TRAIL_POINTS_MAX = 240;

/** The longest window that can be shown. */
export const TRAIL_MINUTES_MAX = 10;

/** Two kept points are at least this far apart in time; the newest point follows every update all the same. */
export const TRAIL_SPACING_MS = (TRAIL_MINUTES_MAX * 60_000) / TRAIL_POINTS_MAX;

const FIELDS = 3;

export class Trail {
  readonly #ring = new Float64Array(TRAIL_POINTS_MAX * FIELDS);
  #first = 0;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  /** Adds a point. A time that runs backwards (a replay that was rewound) starts the trail anew. */
  push(time_ms: number, lat_deg: number, lon_deg: number): void {
    if (this.#count > 0 && time_ms < this.time(this.#count - 1)) this.#count = 0;
    if (this.#newestIsKept()) this.#advance();
    const at = this.#offset(this.#count - 1);
    this.#ring[at] = time_ms;
    this.#ring[at + 1] = lat_deg;
    this.#ring[at + 2] = lon_deg;
  }

  /** Replaces what there is from the first of these points on: later measurements have shown it better. */
  mend(points: readonly { time_ms: number; lat_deg: number; lon_deg: number }[]): void {
    const from_ms = points[0]?.time_ms ?? Infinity;
    this.#count = this.since(from_ms);
    for (const point of points) this.push(point.time_ms, point.lat_deg, point.lon_deg);
  }

  /** Time of point `index`; 0 is the oldest. */
  time(index: number): number {
    return this.#ring[this.#offset(index)] ?? 0;
  }

  lat(index: number): number {
    return this.#ring[this.#offset(index) + 1] ?? 0;
  }

  lon(index: number): number {
    return this.#ring[this.#offset(index) + 2] ?? 0;
  }

  /** Index of the oldest point not before `time_ms`. */
  since(time_ms: number): number {
    let index = this.#count;
    while (index > 0 && this.time(index - 1) >= time_ms) index -= 1;
    return index;
  }

  /** The newest point gives way to the next one until it is far enough from the one before. */
  #newestIsKept(): boolean {
    return this.#count < 2 || this.time(this.#count - 1) - this.time(this.#count - 2) >= TRAIL_SPACING_MS;
  }

  #advance(): void {
    if (this.#count < TRAIL_POINTS_MAX) this.#count += 1;
    else this.#first = (this.#first + 1) % TRAIL_POINTS_MAX;
  }

  #offset(index: number): number {
    return ((this.#first + index) % TRAIL_POINTS_MAX) * FIELDS;
  }
}
