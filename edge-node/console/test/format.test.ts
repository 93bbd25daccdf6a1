import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../src/format.ts";
import { NOON_MS } from "./samples.ts";

/** Spaces of every width as plain ones, so that the expected texts can be read. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

const table = <T>(name: string, of: (value: T) => string, rows: readonly (readonly [T, string])[]) =>
  test(name, () => {
    for (const [value, expected] of rows) assert.equal(plain(of(value)), expected);
  });

table("ages change unit where the next one reads better", format.age, [
  [0, "0.0 s"],
  [0.44, "0.4 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.6, "1 min 00 s"],
  [185, "3 min 05 s"],
  [3599.6, "1 h 00 min"],
  [7620, "2 h 07 min"],
  [-3, "0.0 s"],
  [null, "—"],
  [Number.NaN, "—"],
]);

table("courses have three digits and never reach 360", format.bearing, [
  [7, "007°"],
  [359.6, "000°"],
  [-90, "270°"],
  [null, "—"],
]);

table("lengths keep about three figures", format.length, [
  [0.4, "0.4 m"],
  [850, "850 m"],
  [999.6, "1.0 km"],
  [12_345, "12.3 km"],
  [123_456, "123 km"],
  [null, "—"],
]);

table("speeds come in metres per second and knots", format.speed, [
  [61, "61 m/s · 119 kn"],
  [2.5, "2.5 m/s · 5 kn"],
  [1200, "1 200 m/s · 2 333 kn"],
  [null, "—"],
]);

table("heights come in metres and feet, below the ellipsoid too", format.height, [
  [3048, "3 048 m · 10 000 ft"],
  [-12, "−12 m · −39 ft"],
  [-0.2, "0 m · −1 ft"],
  [null, "—"],
]);

test("positions carry minutes over into degrees", () => {
  assert.equal(format.position({ lat_deg: 54.355833, lon_deg: 18.652 }), "54°21.350′N 018°39.120′E");
  assert.equal(format.position({ lat_deg: -0.9999999, lon_deg: -179.9999999 }), "01°00.000′S 180°00.000′W");
});

test("graticule lines are named as finely as they stand", () => {
  assert.equal(format.graticuleLabel(54, 1, "N", "S"), "54°N");
  assert.equal(format.graticuleLabel(54.5, 0.5, "N", "S"), "54°30′N");
  assert.equal(format.graticuleLabel(-18 - 1 / 60, 1 / 60, "E", "W"), "18°01′W");
  assert.equal(format.graticuleLabel(54 + 0.2 / 60, 0.2 / 60, "N", "S"), "54°00.2′N");
  assert.equal(format.graticuleLabel(54 + 59.95 / 60, 0.05 / 60, "N", "S"), "54°59.95′N");
  assert.equal(format.graticuleLabel(0, 30, "N", "S"), "0°");
});

test("picture times are UTC", () => {
  assert.equal(format.utcTime(NOON_MS + 9_999), "12:00:09Z");
  assert.equal(format.utcDate(NOON_MS), "21 Nov 2026");
});

test("replay speeds and addresses read as words", () => {
  assert.deepEqual([1, 0.5, 16, 0].map(format.replaySpeed), ["1×", "0.5×", "16×", "paused"]);
  assert.deepEqual(["icao:4B1234", "X7", "", null].map(format.address), ["ICAO 4B1234", "X7", "—", "—"]);
});

test("round lengths carry no needless digits", () => {
  assert.deepEqual([500, 2500, 90_000].map(format.roundLength).map(plain), ["500 m", "2.5 km", "90 km"]);
});
