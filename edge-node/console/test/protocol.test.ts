import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../src/protocol.ts";
import { track } from "./samples.ts";

const decoded = (value: unknown) => decode(JSON.stringify(value));

test("a hello is read whole", () => {
  const sensors = [{ name: "radar-n", kind: "radar", lat_deg: 54, lon_deg: 18, range_m: 90_000 }];
  const hello = { type: "hello", protocol: 1, node: "n", mode: "SIM", classification: "X", origin: null, sensors };
  assert.deepEqual(decoded(hello), { message: hello, refused: 0 });
});

test("a hello that names no known mode is not taken for live", () => {
  const { message } = decoded({ type: "hello", protocol: 1, node: "n", mode: "live" });
  assert.equal(message?.type === "hello" && message.mode, null);
});

test("a snapshot without bearings is complete", () => {
  const snapshot = { type: "snapshot", time_ms: 5, tracks: [track()] };
  assert.deepEqual(decoded(snapshot), { message: { ...snapshot, bearings: [] }, refused: 0 });
});

test("optional fields of a track may be left out", () => {
  const { address, callsign, course_deg, speed_m_s, ellipse, ...rest } = track();
  const { message, refused } = decoded({ type: "snapshot", time_ms: 5, tracks: [rest] });
  const nulls = { address: null, callsign: null, course_deg: null, speed_m_s: null, ellipse: null };
  assert.deepEqual(message?.type === "snapshot" && message.tracks, [track(nulls)]);
  assert.equal(refused, 0);
});

test("one bad track is left out and counted, the others stay", () => {
  const bad = [{ ...track(), lat_deg: "54" }, { ...track(), id: "" }, null, { ...track(), lat_deg: 91 }];
  const { message, refused } = decoded({ type: "update", time_ms: 5, tracks: [...bad, track()], gone: ["b", 7] });
  assert.deepEqual(message?.type === "update" && message.tracks.map(({ id }) => id), ["a"]);
  assert.deepEqual(message?.type === "update" && message.gone, ["b"]);
  assert.equal(refused, 5);
});

test("an unknown class or affiliation is unknown, not an error", () => {
  const odd = { ...track(), class: "submarine", affiliation: "ally" };
  const { message } = decoded({ type: "snapshot", time_ms: 5, tracks: [odd] });
  assert.deepEqual(message?.type === "snapshot" && message.tracks, [track({ class: "unknown", affiliation: "unknown" })]);
});

test("negative or infinite sizes are unknown", () => {
  const odd = { ...track(), sigma_m: -1, ellipse: { major_m: 1e999, minor_m: 1, azimuth_deg: 0 } };
  const { message } = decoded({ type: "snapshot", time_ms: 5, tracks: [odd] });
  assert.deepEqual(message?.type === "snapshot" && message.tracks, [track({ sigma_m: null, ellipse: null })]);
});

test("noise is refused and never throws", () => {
  for (const text of ["", "{", "null", "[]", "7", '"hello"', "{}", '{"type":7}', '{"type":"update"}']) {
    assert.deepEqual(decode(text), { message: null, refused: 1 }, text);
  }
});

test("a message of a later version is passed over without complaint", () => {
  assert.deepEqual(decoded({ type: "weather" }), { message: null, refused: 0 });
});

test("a status keeps only counters that are numbers", () => {
  const { message } = decoded({ type: "status", time_ms: 5, sensors: [], counters: { tracks: 3, node: "n" } });
  assert.deepEqual(message?.type === "status" && message.counters, { tracks: 3 });
});

test("former numbers, silence, remarks and hearers come in; absent or broken ones are none", () => {
  const told = {
    id: "a", time_ms: 5, lat_deg: 54, lon_deg: 18, formerly: ["b", "c"], former_names: ["TB"], stale: true, told_ms: 2,
    remark: { text: "ours", by: "bravo", time_ms: 4 },
  };
  const line = { id: "x", time_ms: 5, lat_deg: 54, lon_deg: 18, bearing_deg: 7, node: "bravo" };
  const plain = { id: "p", time_ms: 5, lat_deg: 54, lon_deg: 18, told_ms: 2, remark: { by: "bravo" } };
  const { message } = decode(JSON.stringify({ type: "snapshot", time_ms: 5, tracks: [told, plain], bearings: [line] }));
  assert.ok(message?.type === "snapshot");
  const [first, second] = message.tracks;
  assert.deepEqual(first?.former, [{ id: "b", name: "TB" }, { id: "c", name: "c" }]);
  assert.deepEqual([first?.silent_since_ms, first?.remark?.text], [2, "ours"]);
  assert.deepEqual([second?.former, second?.silent_since_ms, second?.remark], [[], null, null]);
  assert.equal(message.bearings[0]?.node, "bravo");
});
