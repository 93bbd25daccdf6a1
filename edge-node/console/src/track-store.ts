/**
 * The picture the page holds: system tracks with their trails, lines of bearing, sensors and their state.
 * It knows nothing of sockets, clocks or drawing; messages go in by `handle*`, everything else only reads.
 */
import type { Bearing, Hello, Sensor, SensorStatus, Snapshot, Status, Track, Update } from "./protocol.ts";
import { Notices } from "./notices.ts";
import { Trail } from "./trail.ts";

/** Tracks held at once; further ones are left out and counted in `overflow`. */
export const TRACKS_MAX = 20_000;

/** Lines of bearing held at once; the oldest makes room and is counted in `overflow`. */
export const BEARINGS_MAX = 500;

/** A line of bearing is a glimpse: after this long it is forgotten. */
export const BEARING_KEPT_MS = 10_000;

/** One track and where it has been. */
export interface Entry {
  track: Track;
  readonly trail: Trail;
}

/** A sensor as the hello declared it and as the latest status told it; either may be missing. */
export interface SensorEntry {
  name: string;
  sensor: Sensor | null;
  status: SensorStatus | null;
}

export class TrackStore {
  readonly notices = new Notices();
  readonly #tracks = new Map<string, Entry>();
  readonly #bearings = new Map<string, Bearing>();
  readonly #statuses = new Map<string, SensorStatus>();
  #sensors: Sensor[] = [];
  #counters: Record<string, number> = {};
  #overflow = 0;

  handleHello(hello: Hello): void {
    this.#sensors = hello.sensors;
    this.#statuses.clear();
    this.#counters = {};
  }

  /** Replaces the picture; trails of tracks that go on are kept. */
  handleSnapshot(snapshot: Snapshot): void {
    const kept = new Set(snapshot.tracks.map((track) => track.id));
    for (const id of [...this.#tracks.keys()]) if (!kept.has(id)) this.#tracks.delete(id);
    this.#bearings.clear();
    this.#put(snapshot.tracks);
    this.#putBearings(snapshot.bearings, snapshot.time_ms);
  }

  handleUpdate(update: Update): void {
    const before = update.tracks.map(({ id }) => this.#tracks.get(id)?.track);
    for (const id of update.gone) this.#tracks.delete(id);
    for (const id of update.left) this.#tracks.delete(id);
    this.#put(update.tracks);
    for (const [index, track] of update.tracks.entries()) {
      this.notices.handleTrack(before[index], track, (id) => this.#tracks.has(id), update.time_ms);
    }
    this.#putBearings(update.bearings, update.time_ms);
  }

  handleStatus(status: Status): void {
    this.#statuses.clear();
    for (const one of status.sensors) this.#statuses.set(one.name, one);
    this.#counters = status.counters;
  }

  /** Forgets the whole picture: another node, or another recording, is about to be shown. */
  clear(): void {
    this.#tracks.clear();
    this.#bearings.clear();
    this.notices.clear();
  }

  get(id: string | null): Entry | undefined {
    return id === null ? undefined : this.#tracks.get(id);
  }

  entries(): Iterable<Entry> {
    return this.#tracks.values();
  }

  bearings(): Iterable<Bearing> {
    return this.#bearings.values();
  }

  /** Declared sensors in the order of the hello, then any that only the status names. */
  sensors(): SensorEntry[] {
    const declared = new Map(this.#sensors.map((sensor) => [sensor.name, sensor]));
    const names = new Set([...declared.keys(), ...this.#statuses.keys()]);
    return [...names].map((name) => ({
      name,
      sensor: declared.get(name) ?? null,
      status: this.#statuses.get(name) ?? null,
    }));
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  get size(): number {
    return this.#tracks.size;
  }

  /** How often `TRACKS_MAX` or `BEARINGS_MAX` was hit. */
  get overflow(): number {
    return this.#overflow;
  }

  #put(tracks: Track[]): void {
    for (const track of tracks) {
      const entry = this.#tracks.get(track.id) ?? this.#newEntry(track);
      if (entry === undefined) continue;
      entry.track = track;
      // The last point of a smoothed trail is the track's own.
      if (track.trail.length > 0) entry.trail.mend(track.trail);
      else entry.trail.push(track.time_ms, track.lat_deg, track.lon_deg);
    }
  }

  #newEntry(track: Track): Entry | undefined {
    if (this.#tracks.size >= TRACKS_MAX) {
      this.#overflow += 1;
      return undefined;
    }
    const entry = { track, trail: new Trail() };
    this.#tracks.set(track.id, entry);
    return entry;
  }

  #putBearings(bearings: Bearing[], now_ms: number): void {
    for (const [id, bearing] of this.#bearings) {
      if (Math.abs(now_ms - bearing.time_ms) > BEARING_KEPT_MS) this.#bearings.delete(id);
    }
    for (const bearing of bearings) {
      this.#bearings.delete(bearing.id);
      this.#bearings.set(bearing.id, bearing);
    }
    for (const oldest of this.#bearings.keys()) {
      if (this.#bearings.size <= BEARINGS_MAX) break;
      this.#bearings.delete(oldest);
      this.#overflow += 1;
    }
  }
}
