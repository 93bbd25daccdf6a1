import assert from "node:assert/strict";
import { test } from "node:test";
import { declination, magneticBearing } from "../src/magnetic.ts";
import { RulerTool, rulerLines } from "../src/ruler.ts";

const AT = { lat_deg: 54, lon_deg: 18 };
const EAST = { lat_deg: 54, lon_deg: 18.5 };
const MID_2026 = Date.UTC(2026, 6, 1);

const tracks = { locate: (id: string) => (id === "a" ? { at: AT, name: "T0001" } : null) };

test("a ruler says range in both units and each bearing with its north", () => {
  const text = rulerLines(AT, EAST, MID_2026).join("\n");
  assert.match(text, /32\.8\u00a0km · 17\.7\u00a0NM/);
  assert.match(text, /090° true · back 270° true/);
  assert.match(text, /08[34]° magnetic · declination 6\.\d° E/);
});

// Values of NOAA's WMM2025 calculator at sea level.
test("declination agrees with the model's publisher", () => {
  const cases = [
    [{ lat_deg: 80, lon_deg: 0 }, 2025.0, 1.28],
    [{ lat_deg: 0, lon_deg: 120 }, 2025.0, -0.16],
    [{ lat_deg: -80, lon_deg: 240 }, 2025.0, 68.78],
  ] as const;
  for (const [at, year, expected] of cases) {
    const time_ms = Date.UTC(year, 0, 1);
    assert.ok(Math.abs(declination(at, time_ms).east_deg - expected) < 0.02, JSON.stringify(at));
  }
});

test("a compass shows less than the map where magnetic north lies east", () => {
  assert.equal(magneticBearing(3, { east_deg: 7, current: true }), 356);
});

test("outside the years of the model the ruler says so", () => {
  assert.match(rulerLines(AT, EAST, Date.UTC(2031, 0, 1)).join(), /model out of date/);
  assert.doesNotMatch(rulerLines(AT, EAST, MID_2026).join(), /out of date/);
});

test("two clicks lay a ruler, a third begins another", () => {
  const tool = new RulerTool();
  tool.start(null);
  tool.handleClick({ at: AT });
  tool.handleClick({ at: EAST });
  assert.equal(tool.ruler(tracks, 0)?.fixed, true);
  tool.handleClick({ at: EAST });
  assert.equal(tool.ruler(tracks, 0), null);
  tool.handlePointer(AT);
  assert.equal(tool.ruler(tracks, 0)?.fixed, false);
});

test("from a track one click is enough, and a lost track has no ruler", () => {
  const tool = new RulerTool();
  tool.start("a");
  assert.match(tool.hint(tracks), /from T0001/);
  tool.handleClick({ at: EAST });
  assert.equal(tool.ruler(tracks, 0)?.from, AT);
  assert.equal(tool.ruler({ locate: () => null }, 0), null);
  tool.stop();
  assert.equal(tool.ruler(tracks, 0), null);
});
