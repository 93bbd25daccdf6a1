import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bearing, Update } from "../src/protocol.ts";
import { NOTICES_MAX, NOTICE_KEPT_MS } from "../src/notices.ts";
import { BEARINGS_MAX, BEARING_KEPT_MS, TRACKS_MAX, TrackStore } from "../src/track-store.ts";
import { NOON_MS, track } from "./samples.ts";

const snapshot = (tracks = [track()], bearings: Bearing[] = []) =>
  ({ type: "snapshot", time_ms: NOON_MS, tracks, bearings }) as const;

const update = (part: Partial<Update>): Update => ({
  type: "update",
  time_ms: NOON_MS + 1_000,
  tracks: [],
  bearings: [],
  gone: [],
  left: [],
  ...part,
});

const bearing = (id: string, time_ms = NOON_MS): Bearing => ({
  id,
  sensor: "df-1",
  node: null,
  lat_deg: 54,
  lon_deg: 18,
  bearing_deg: 45,
  sigma_deg: 2,
  range_m: null,
  time_ms,
  label: "",
});

test("updates add, change and remove", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([track(), track({ id: "b" })]));
  store.handleUpdate(update({ tracks: [track({ id: "c" }), track({ name: "new" })], gone: ["b", "never-seen"] }));
  assert.deepEqual([...store.entries()].map((entry) => entry.track.id), ["a", "c"]);
  assert.equal(store.get("a")?.track.name, "new");
});

test("a track that left and came back in one update is there", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot());
  store.handleUpdate(update({ tracks: [track()], gone: ["a"] }));
  assert.equal(store.size, 1);
});

test("a snapshot replaces the picture but keeps the trails of what goes on", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([track(), track({ id: "b" })]));
  store.handleSnapshot(snapshot([track({ time_ms: NOON_MS + 10_000 })]));
  assert.equal(store.size, 1);
  assert.equal(store.get("a")?.trail.length, 2);
});

test("a number that merged is told once, with the number under which it goes on", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([track({ id: "a", name: "TA" }), track({ id: "b", name: "TB" })]));
  const merged = track({ id: "a", name: "TA", former: [{ id: "b", name: "TB" }] });
  store.handleUpdate(update({ tracks: [merged], gone: ["b"] }));
  store.handleUpdate(update({ tracks: [merged], time_ms: NOON_MS + 2_000 }));
  assert.deepEqual(store.notices.at(NOON_MS + 2_000).map(({ text }) => text), ["TB is now TA"]);
  assert.equal(store.notices.successor("b"), "a");
  assert.deepEqual(store.notices.at(NOON_MS + 1_000 + NOTICE_KEPT_MS + 1), []);
});

test("a track that split off says from which", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([track({ id: "a", name: "TA" })]));
  const split = track({ id: "b", name: "TB", former: [{ id: "a", name: "TA" }] });
  store.handleUpdate(update({ tracks: [track({ id: "a", name: "TA" }), split] }));
  assert.deepEqual(store.notices.at(NOON_MS).map(({ text }) => text), ["TB was part of TA"]);
  assert.equal(store.notices.successor("a"), undefined);
});

test("a snapshot tells no news, and the oldest notice makes room", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([track({ former: [{ id: "b", name: "TB" }] })]));
  assert.deepEqual(store.notices.at(NOON_MS), []);
  for (let index = 0; index <= NOTICES_MAX; index += 1) {
    const former = [{ id: `f${index}`, name: `F${index}` }];
    store.handleUpdate(update({ tracks: [track({ id: `n${index}`, name: `N${index}`, former })] }));
  }
  const texts = store.notices.at(NOON_MS + 1_000).map(({ text }) => text);
  assert.equal(texts.length, NOTICES_MAX);
  assert.equal(texts[0], "F1 is now N1");
});

test("tracks past the bound are counted, not kept", () => {
  const store = new TrackStore();
  const many = Array.from({ length: TRACKS_MAX + 3 }, (_, index) => track({ id: String(index) }));
  store.handleSnapshot(snapshot(many));
  assert.deepEqual([store.size, store.overflow], [TRACKS_MAX, 3]);
});

test("lines of bearing are replaced by id and fade with picture time", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([], [bearing("x"), bearing("y")]));
  store.handleUpdate(update({ time_ms: NOON_MS + BEARING_KEPT_MS + 1, bearings: [bearing("y", NOON_MS + 5_000)] }));
  assert.deepEqual([...store.bearings()].map(({ id }) => id), ["y"]);
});

test("the oldest line of bearing makes room", () => {
  const store = new TrackStore();
  const many = Array.from({ length: BEARINGS_MAX + 1 }, (_, index) => bearing(String(index)));
  store.handleSnapshot(snapshot([], many));
  assert.equal([...store.bearings()][0]?.id, "1");
  assert.equal(store.overflow, 1);
});

test("sensors stand in the order of the hello, then those only the status names", () => {
  const store = new TrackStore();
  const declared = { name: "radar-n", kind: "radar", lat_deg: 54, lon_deg: 18, range_m: null };
  const rest = { type: "hello", protocol: 1, node: "n", mode: "LIVE", classification: "", origin: null } as const;
  store.handleHello({ ...rest, sensors: [declared] });
  const sensors = ["new", "radar-n"].map((name) => ({ name, state: "ok" as const, rate_hz: 4, age_s: 0, errors: 0 }));
  const status = { type: "status", time_ms: NOON_MS, sensors, counters: {}, speed: null, progress: null } as const;
  store.handleStatus(status);
  assert.deepEqual(store.sensors().map(({ name }) => name), ["radar-n", "new"]);
  assert.equal(store.sensors()[0]?.status?.state, "ok");
});

test("what left the view of the page is forgotten like what is gone", () => {
  const store = new TrackStore();
  store.handleSnapshot(snapshot([track(), track({ id: "b" })]));
  store.handleUpdate(update({ left: ["a"] }));
  assert.deepEqual([...store.entries()].map((entry) => entry.track.id), ["b"]);
});
