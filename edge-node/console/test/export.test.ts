import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, fileName, geoJson } from "../src/export.ts";
import { NOON_MS, track } from "./samples.ts";

const origin = { node: "alpha", state: "REPLAY", classification: "SECRET REL TO POL, GBR", time_ms: NOON_MS };

test("a GeoJSON file says what it is, and where each track is", () => {
  const file = JSON.parse(geoJson([track()], origin));
  assert.deepEqual([file.classification, file.state, file.time], [origin.classification, "REPLAY", "2026-11-21T12:00:00.000Z"]);
  assert.deepEqual(file.features[0].geometry.coordinates, [18, 54]);
  assert.equal(file.features[0].properties.label, "UNCLASSIFIED");
});

test("every row of a CSV file carries the classification of the whole", () => {
  const rows = csv([track(), track({ id: "b" })], origin).trimEnd().split("\r\n");
  assert.equal(rows.length, 3);
  for (const row of rows.slice(1)) assert.ok(row.endsWith(',alpha,REPLAY,"SECRET REL TO POL, GBR"'), row);
});

test("a remark can neither break a row nor run as a formula", () => {
  const remark = { text: '=cmd("x"),\ny', who: null, by: "bravo", time_ms: NOON_MS };
  const text = csv([track({ remark })], origin);
  assert.ok(text.includes('"\'=cmd(""x""),\ny"'), text);
});

test("a file's name tells a replay from what was live", () => {
  assert.equal(fileName(origin, "csv"), "copmesh-REPLAY-20261121T120000Z.csv");
});
