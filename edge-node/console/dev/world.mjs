/**
 * A made-up picture for the mock server: tracks that fly, sail and drive about, some of them noisy, stale, tentative or
 * lost. Everything follows from the seed and the time that has passed, so two runs show the same.
 */

const EARTH_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** The corner of the sea the mock plays in. */
export const ORIGIN = { lat_deg: 54.45, lon_deg: 18.9 };

export const SENSORS = [
  { name: "radar-n", kind: "radar", lat_deg: 54.72, lon_deg: 18.41, range_m: 90_000 },
  { name: "radar-s", kind: "radar", lat_deg: 54.21, lon_deg: 19.02, range_m: 60_000 },
  { name: "adsb", kind: "adsb", lat_deg: 54.4, lon_deg: 18.6 },
  { name: "df-1", kind: "direction-finder", lat_deg: 54.31, lon_deg: 18.78, range_m: 40_000 },
  { name: "df-2", kind: "direction-finder", lat_deg: 54.61, lon_deg: 19.35, range_m: 40_000 },
  { name: "acoustic-3", kind: "acoustic", lat_deg: 54.52, lon_deg: 18.55, range_m: 8_000 },
];

/** Where another node stands that hears the same emitters. */
const ELSEWHERE = { name: "bravo", lat_deg: 54.2, lon_deg: 18.45 };

const LABELS = [
  "UNCLASSIFIED REL TO POL, GBR, UKR",
  "UNCLASSIFIED REL TO POL, GBR, UKR",
  "UNCLASSIFIED REL TO POL",
  "UNCLASSIFIED",
];

/** Kinds with their share, speeds in m/s and heights in metres. */
const KINDS = [
  { class: "air", share: 0.42, speed: [90, 250], height: [1500, 11_500], sensors: ["radar-n", "radar-s", "adsb"] },
  { class: "uav", share: 0.18, speed: [15, 60], height: [60, 1200], sensors: ["radar-s", "acoustic-3"] },
  { class: "rotary", share: 0.08, speed: [25, 75], height: [60, 900], sensors: ["radar-n", "radar-s"] },
  { class: "surface", share: 0.14, speed: [2, 16], height: null, sensors: ["radar-n"] },
  { class: "ground", share: 0.06, speed: [0, 22], height: null, sensors: ["radar-s"] },
  { class: "emitter", share: 0.04, speed: [0, 0], height: null, sensors: ["df-1", "df-2"] },
  { class: "unknown", share: 0.08, speed: [10, 200], height: [200, 6000], sensors: ["radar-n"] },
];

const AFFILIATIONS = [
  ["unknown", 0.34],
  ["neutral", 0.22],
  ["friend", 0.18],
  ["assumed_friend", 0.06],
  ["pending", 0.06],
  ["suspect", 0.07],
  ["hostile", 0.07],
];

/** Mulberry32: small, fast, and the same everywhere. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class World {
  #random;
  #start_ms;
  #time_ms;
  #next = 1;
  #movers = [];
  #gone = [];
  #scans = 0;

  constructor({ tracks, seed, start_ms }) {
    this.#random = random(seed);
    this.#start_ms = start_ms;
    this.#time_ms = start_ms;
    for (let index = 0; index < tracks; index += 1) this.#movers.push(this.#newMover());
  }

  get time_ms() {
    return this.#time_ms;
  }

  get size() {
    return this.#movers.length;
  }

  get scans() {
    return this.#scans;
  }

  /** Lets picture time pass; returns the ids of tracks that were deleted. */
  advance(seconds) {
    this.#time_ms += seconds * 1000;
    this.#scans += Math.round(seconds * 4);
    for (const mover of this.#movers) this.#move(mover, seconds);
    if (this.#random() < 0.05 * seconds) this.#replaceOne();
    const gone = this.#gone;
    this.#gone = [];
    return gone;
  }

  /** All tracks as the wire has them. */
  tracks() {
    return this.#movers.map((mover) => this.#wireTrack(mover));
  }

  /** Tracks whose estimate is newer than `since_ms`. */
  changedSince(since_ms) {
    return this.#movers.filter((mover) => mover.seen_ms > since_ms).map((mover) => this.#wireTrack(mover));
  }

  /** Lets the second track merge into the first, as when two nodes find that theirs are one. */
  merge() {
    const [first, second] = this.#movers.splice(1, 1).concat(this.#movers[0]).reverse();
    this.#gone.push(second.id);
    Object.assign(first, { formerly: [second], seen_ms: this.#time_ms + 1 });
    return { from: second, to: first };
  }

  #wireTrack(mover) {
    const silent = mover.period_s === Infinity && this.#time_ms - mover.seen_ms > SILENT_MS;
    return {
      ...wireTrack(mover),
      ...(silent ? { stale: true, told_ms: Math.round(mover.seen_ms), time_ms: this.#time_ms } : {}),
      ...(mover.remark === undefined ? {} : { remark: mover.remark }),
      ...(mover.declared === undefined ? {} : { declared: mover.declared }),
      ...(mover === this.#movers[2] ? { remark: { text: "two on board, ours", by: "bravo", time_ms: this.#start_ms } } : {}),
    };
  }

  /** What the direction finders hear of the emitters. */
  bearings() {
    const emitters = this.#movers.filter((mover) => mover.class === "emitter").slice(0, 2);
    const finders = SENSORS.filter((sensor) => sensor.kind === "direction-finder");
    const own = emitters.flatMap((emitter, number) => finders.map((finder) => this.#bearing(finder, emitter, number)));
    const others = emitters.map((emitter, number) => ({ ...this.#bearing(ELSEWHERE, emitter, number), node: ELSEWHERE.name }));
    return [...own, ...others];
  }

  /** The mesh; `split` has nobody left in it. */
  neighbours(split) {
    const told = { bytes_in: 1e6, bytes_out: 1e6, forged: 0, trouble: null };
    const row = (name, state, rest) => ({ name, state: split ? "down" : state, bearer: "tcp", ...told, ...rest });
    const gone = split ? { age_s: 184.2, waiting: 812, rate_bytes_s: null } : {};
    return [
      row("bravo", "ready", { age_s: 0.4, waiting: 0, rate_bytes_s: 2_400, clock_ahead_s: 0.012, ...gone }),
      row("charlie", "ready", { age_s: 4.1, waiting: 36, rate_bytes_s: 310, clock_ahead_s: -0.31, forged: 12, ...gone }),
      row("delta", "down", { age_s: 181, waiting: 214, rate_bytes_s: null, clock_ahead_s: null, trouble: "its passport ran out on 20 November" }),
    ];
  }

  /** Takes what an operator said of a track. */
  annotate({ track, affiliation, remark }) {
    const mover = this.#movers.find(({ id }) => id === track);
    if (mover === undefined) return;
    const said = { who: "console", by: "mock", time_ms: this.#time_ms };
    if (affiliation !== undefined) Object.assign(mover, { affiliation, declared: { affiliation, ...said } });
    if (remark !== undefined) mover.remark = remark === "" ? null : { text: remark, ...said };
    mover.seen_ms = this.#time_ms + 1;
  }

  sensors() {
    const age_s = () => Number((this.#random() * 1.2).toFixed(1));
    return SENSORS.map(({ name, kind }) => {
      if (name === "acoustic-3") return { name, state: "down", rate_hz: 0, age_s: this.#elapsed_s() + 95, errors: 12 };
      if (name === "df-2") return { name, state: "stale", rate_hz: 0.4, age_s: 2.4 + age_s(), errors: 0 };
      const rate_hz = kind === "adsb" ? 310 + Math.round(20 * this.#random()) : 4;
      return { name, state: "ok", rate_hz, age_s: age_s(), errors: 0 };
    });
  }

  #elapsed_s() {
    return (this.#time_ms - this.#start_ms) / 1000;
  }

  #between([low, high]) {
    return low + (high - low) * this.#random();
  }

  #pick(weighted) {
    let rest = this.#random();
    for (const [value, weight] of weighted) {
      rest -= weight;
      if (rest < 0) return value;
    }
    return weighted[0][0];
  }

  #newMover() {
    const kind = this.#pick(KINDS.map((one) => [one, one.share]));
    const number = this.#next;
    this.#next += 1;
    const range_m = 75_000 * Math.sqrt(this.#random());
    const at = move(ORIGIN, 360 * this.#random(), range_m);
    const cooperative = kind.class === "air" && this.#random() < 0.7;
    const sigma_m = cooperative ? this.#between([15, 60]) : this.#between([80, 900]);
    const silent = this.#random() < 0.06;
    return {
      ...at,
      id: `n1-${number}`,
      name: cooperative ? this.#callsign() : `T${String(number).padStart(4, "0")}`,
      callsign: cooperative,
      address: cooperative ? `icao:${Math.floor(this.#random() * 0xffffff).toString(16).toUpperCase().padStart(6, "0")}` : undefined,
      class: kind.class,
      affiliation: this.#pick(AFFILIATIONS),
      status: silent ? "coasted" : this.#random() < 0.1 ? "tentative" : "confirmed",
      course_deg: 360 * this.#random(),
      turn_deg_s: (this.#random() - 0.5) * 1.5,
      speed_m_s: this.#between(kind.speed),
      height_m: kind.height === null ? null : this.#between(kind.height),
      sigma_m,
      ratio: this.#between([0.3, 0.95]),
      azimuth_deg: 180 * this.#random(),
      period_s: silent ? Infinity : cooperative ? 1 : this.#between([1, 4]),
      seen_ms: this.#time_ms - (silent ? this.#between([10_000, 50_000]) : this.#between([0, 2_000])),
      sensors: kind.sensors.filter((_, index) => index === 0 || this.#random() < 0.6),
      label: LABELS[Math.floor(this.#random() * LABELS.length)],
    };
  }

  #callsign() {
    const airline = ["LOT", "DLH", "SAS", "RYR", "WZZ", "KLM"][Math.floor(this.#random() * 6)];
    return `${airline}${100 + Math.floor(this.#random() * 900)}`;
  }

  #move(mover, seconds) {
    if (mover.period_s === Infinity) return;
    if (this.#random() < 0.02 * seconds) mover.turn_deg_s = (this.#random() - 0.5) * 1.5;
    mover.course_deg = (mover.course_deg + mover.turn_deg_s * seconds + 360) % 360;
    Object.assign(mover, move(mover, mover.course_deg, mover.speed_m_s * seconds));
    mover.usual_m_s ??= mover.speed_m_s;
    mover.speed_m_s = mover.usual_m_s * (1 + 0.1 * Math.sin(this.#time_ms / 20_000 + mover.azimuth_deg));
    if (mover.height_m !== null) mover.height_m += 3 * seconds * Math.sin(this.#time_ms / 90_000 + mover.azimuth_deg);
    if (this.#time_ms - mover.seen_ms < mover.period_s * 1000) return;
    mover.seen_ms = this.#time_ms;
    mover.told = { lat_deg: mover.lat_deg, lon_deg: mover.lon_deg, course_deg: mover.course_deg };
  }

  #replaceOne() {
    const index = Math.floor(this.#random() * this.#movers.length);
    const lost = this.#movers[index];
    if (lost === undefined || lost.class === "emitter") return;
    this.#gone.push(lost.id);
    this.#movers[index] = { ...this.#newMover(), seen_ms: this.#time_ms };
  }

  #bearing(finder, emitter, number) {
    const north_m = (emitter.lat_deg - finder.lat_deg) * RADIANS * EARTH_M;
    const east_m = (emitter.lon_deg - finder.lon_deg) * RADIANS * EARTH_M * Math.cos(finder.lat_deg * RADIANS);
    const noise_deg = 2 * (this.#random() - 0.5);
    return {
      id: `${finder.name}/${number}`,
      sensor: finder.name,
      lat_deg: finder.lat_deg,
      lon_deg: finder.lon_deg,
      bearing_deg: (Math.atan2(east_m, north_m) / RADIANS + noise_deg + 360) % 360,
      sigma_deg: 2,
      range_m: finder.range_m,
      time_ms: this.#time_ms,
      label: "UNCLASSIFIED REL TO POL",
    };
  }
}

/** After so long without a word a track counts as silent. */
const SILENT_MS = 30_000;

function wireTrack(mover) {
  const at = mover.told ?? mover;
  return {
    id: mover.id,
    name: mover.name,
    status: mover.status,
    lat_deg: at.lat_deg,
    lon_deg: at.lon_deg,
    height_m: mover.height_m,
    course_deg: at.course_deg,
    speed_m_s: mover.speed_m_s,
    ellipse: { major_m: mover.sigma_m, minor_m: mover.sigma_m * mover.ratio, azimuth_deg: mover.azimuth_deg },
    sigma_m: mover.sigma_m * Math.sqrt((1 + mover.ratio ** 2) / 2),
    time_ms: Math.round(mover.seen_ms),
    class: mover.class,
    affiliation: mover.affiliation,
    ...(mover.address === undefined ? {} : { address: mover.address }),
    ...(mover.callsign ? { callsign: mover.name } : {}),
    sensors: mover.sensors,
    label: mover.label,
    ...(mover.formerly === undefined
      ? {}
      : { formerly: mover.formerly.map(({ id }) => id), former_names: mover.formerly.map(({ name }) => name) }),
  };
}

/** A short step on a sphere; the mock needs no better. */
function move({ lat_deg, lon_deg }, course_deg, range_m) {
  const north = (range_m * Math.cos(course_deg * RADIANS)) / EARTH_M / RADIANS;
  const east = (range_m * Math.sin(course_deg * RADIANS)) / (EARTH_M * Math.cos(lat_deg * RADIANS)) / RADIANS;
  return { lat_deg: lat_deg + north, lon_deg: lon_deg + east };
}
