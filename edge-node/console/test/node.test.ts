import assert from "node:assert/strict";
import { test } from "node:test";
import { readMaps, tileAddress } from "../src/maps.ts";
import { isMissing, refusal } from "../src/node-api.ts";
import { readNeighbours, remarks, summarise } from "../src/node-status.ts";
import { sidc } from "../src/sidc.ts";

test("a route that is not there is told from a thing that is not", () => {
  assert.equal(isMissing(404, "not found"), true);
  assert.equal(isMissing(405, ""), true);
  assert.equal(isMissing(404, "no track of that id or name"), false);
  assert.equal(isMissing(503, ""), false);
});

test("a refusal is told in the node's own words, without markup", () => {
  assert.equal(refusal(403, "bravo may not annotate\nmore"), "bravo may not annotate");
  assert.equal(refusal(400, '{"error":"remark: too long"}'), "remark: too long");
  assert.equal(refusal(502, "<html>"), "status 502");
});

test("a mesh without anybody left is told as such", () => {
  const rows = [{ name: "b", state: "down", waiting: 4 }, { name: "c", state: "sulking" }, 7];
  const neighbours = readNeighbours({ neighbours: rows });
  assert.deepEqual(neighbours?.map(({ state }) => state), ["down", "down"]);
  assert.deepEqual(summarise(neighbours ?? []), { ready: 0, down: 2, alone: true });
  assert.equal(summarise([]).alone, false);
  assert.equal(readNeighbours({}), null);
});

test("why a neighbour is not reached is told, and forgeries as a warning; of one that is well nothing", () => {
  const rows = [
    { name: "b", state: "ready", forged: 0, trouble: null },
    { name: "c", state: "down", forged: 1200, trouble: "its passport ran out" },
    { name: "d", state: "down", forged: "many", trouble: 7 },
  ];
  const told = readNeighbours({ neighbours: rows })?.map(remarks) ?? [];
  assert.deepEqual(told[0], []);
  assert.deepEqual(told[1]?.map(({ warning }) => warning), [true, false]);
  assert.match(told[1]?.[0]?.text ?? "", /forgeries: 1.200\./);
  assert.equal(told[1]?.[1]?.text, "its passport ran out");
  assert.deepEqual(told[2], []);
});

test("only maps that can be drawn are offered, and their names cannot lead elsewhere", () => {
  const drawn = { name: "../x y", format: "png", max_zoom: 99, bounds: [1, 2, 3, 4] };
  const maps = readMaps({ maps: [drawn, { name: "v", format: "mvt" }, { format: "png" }, 7] });
  assert.equal(maps.length, 1);
  assert.deepEqual(maps.map(({ zoom_max, bounds }) => [zoom_max, bounds]), [[22, [1, 2, 3, 4]]]);
  assert.equal(readMaps({ maps: [{ ...drawn, bounds: [3, 2, 1, 4] }] })[0]?.bounds, null);
  assert.equal(maps[0] && tileAddress(maps[0]), "maps/..%2Fx%20y/{z}/{x}/{y}");
});

test("a code has twenty digits and claims no more than is known", () => {
  assert.equal(sidc("uav", "hostile", "confirmed"), "10060100001103000000");
  assert.equal(sidc("air", "assumed_friend", "tentative"), "10020110000000000000");
  assert.equal(sidc("emitter", "unknown", "confirmed").length, 20);
});
