import assert from "node:assert/strict";
import { test } from "node:test";
import { matches, nextOrder, sorted } from "../src/track-rows.ts";
import { NOON_MS, track } from "./samples.ts";

const ids = (tracks: { id: string }[]) => tracks.map(({ id }) => id).join("");

test("names sort as people count", () => {
  const tracks = ["T10", "T9", "T1"].map((name) => track({ id: name, name }));
  assert.equal(ids(sorted(tracks, { column: "name", descending: false })), "T1T9T10");
});

test("what is not known comes last, rising and falling", () => {
  const speeds = [null, 5, 9].map((speed_m_s, index) => track({ id: "abc"[index] ?? "", speed_m_s }));
  assert.equal(ids(sorted(speeds, { column: "speed", descending: false })), "bca");
  assert.equal(ids(sorted(speeds, { column: "speed", descending: true })), "cba");
});

test("the youngest comes first when ages rise", () => {
  const tracks = [track({ id: "a", time_ms: NOON_MS }), track({ id: "b", time_ms: NOON_MS + 1 })];
  assert.equal(ids(sorted(tracks, { column: "age", descending: false })), "ba");
});

test("equals keep one order", () => {
  const tracks = ["c", "a", "b"].map((id) => track({ id }));
  assert.equal(ids(sorted(tracks, { column: "class", descending: true })), "abc");
});

test("every word of a filter must be found somewhere", () => {
  const one = track({ callsign: "LOT281", address: "icao:4B1234", affiliation: "assumed_friend" });
  for (const filter of ["", "lot", "4b12", "aircraft radar-n", "assumed friend", " T0001 "]) {
    assert.equal(matches(one, filter), true, filter);
  }
  assert.equal(matches(one, "lot hostile"), false);
});

test("a second click on a column turns it round", () => {
  const first = nextOrder({ column: "name", descending: false }, "speed");
  assert.deepEqual(first, { column: "speed", descending: false });
  assert.deepEqual(nextOrder(first, "speed"), { column: "speed", descending: true });
});
