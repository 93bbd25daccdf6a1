import assert from "node:assert/strict";
import { test } from "node:test";
import { MISCOUNTS_MAX, RESYNC_INTERVAL_MS, Session } from "../src/session.ts";
import { NOON_MS, track } from "./samples.ts";

const RESYNC = { type: "resync" };

const hello = (part: object = {}) => ({ type: "hello", protocol: 1, node: "n", mode: "LIVE", sensors: [], ...part });
const snapshot = (tracks = [track()]) => ({ type: "snapshot", time_ms: NOON_MS, tracks });
const update = (time_ms = NOON_MS) => ({ type: "update", time_ms, tracks: [], gone: [] });
const status = (tracks: number) => ({ type: "status", time_ms: NOON_MS, sensors: [], counters: { tracks } });

/** A session that has heard these messages, all at local time 0. */
function session(...messages: object[]): Session {
  const made = new Session();
  made.handleOpen();
  for (const message of messages) made.handleText(JSON.stringify(message), 0);
  return made;
}

const say = (to: Session, message: object, local_ms = 0) => to.handleText(JSON.stringify(message), local_ms);

test("a conversation that misses nothing asks for nothing", () => {
  const one = session(hello());
  for (const message of [snapshot(), update(), status(1), update(NOON_MS + 500)]) assert.equal(say(one, message), null);
  assert.equal(one.store.size, 1);
});

test("an update before the snapshot, noise, or time running back asks for the whole picture", () => {
  assert.deepEqual(say(session(hello()), update()), RESYNC);
  assert.deepEqual(session(hello(), snapshot()).handleText("{", 0), RESYNC);
  assert.deepEqual(say(session(hello(), snapshot()), update(NOON_MS - 60_000)), RESYNC);
});

test("requests keep their distance", () => {
  const one = session(hello());
  assert.deepEqual(say(one, update(), 0), RESYNC);
  assert.equal(say(one, update(), RESYNC_INTERVAL_MS - 1), null);
  assert.deepEqual(say(one, update(), RESYNC_INTERVAL_MS), RESYNC);
});

test("a count that stays wrong asks once, and is then no longer trusted", () => {
  const one = session(hello(), snapshot());
  const answers = Array.from({ length: 4 * MISCOUNTS_MAX }, (_, index) => say(one, status(9), index * 10_000));
  assert.deepEqual(answers.filter((answer) => answer !== null), [RESYNC]);
  assert.deepEqual(answers[MISCOUNTS_MAX - 1], RESYNC);
});

test("nothing of another protocol version is shown", () => {
  const one = session(hello({ protocol: 2 }), snapshot());
  assert.equal(one.foreign, true);
  assert.equal(one.store.size, 0);
});

test("another node's hello clears the picture, the same node's keeps it until the snapshot", () => {
  const one = session(hello(), snapshot());
  say(one, hello());
  assert.equal(one.store.size, 1);
  say(one, hello({ node: "m" }));
  assert.equal(one.store.size, 0);
});

test("the status tells the speed of the picture", () => {
  const one = session(hello(), snapshot(), { ...status(1), speed: 4 });
  assert.equal(one.clock.now(1_000), NOON_MS + 4_000);
  say(one, status(1), 1_000);
  assert.equal(one.clock.speed, 1);
});

test("what is refused is counted", () => {
  assert.equal(session(hello(), snapshot([track(), { ...track(), lat_deg: Number.NaN }])).refused, 1);
});

test("a frame that is missing by its number asks for the whole picture, once", () => {
  const one = session({ ...hello(), seq: 1 }, { ...snapshot(), seq: 2 });
  assert.equal(say(one, { ...update(), seq: 3 }), null);
  assert.deepEqual(say(one, { ...update(), seq: 5 }), RESYNC);
  assert.equal(say(one, { ...update(), seq: 6 }), null);
});

test("a node that numbers nothing is believed, and a new socket counts anew", () => {
  const one = session(hello(), snapshot());
  assert.equal(say(one, update()), null);
  const counted = session({ ...hello(), seq: 1 }, { ...snapshot(), seq: 2 });
  counted.handleOpen();
  assert.equal(say(counted, { ...hello(), seq: 1 }), null);
});
