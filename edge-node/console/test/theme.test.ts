import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// The test runs from the folder of the console.
const sheet = readFileSync("src/styles/theme.css", "utf8");

/** What must be read, and what it stands on. */
const PAIRS = [
  ["text", "page"],
  ["text", "panel"],
  ["text", "raised"],
  ["text", "chosen"],
  ["dim", "panel"],
  ["dim", "raised"],
  ["good", "panel"],
  ["warn", "panel"],
  ["bad", "panel"],
  ["panel", "accent"],
  ["on-badge", "live"],
  ["on-badge", "replay"],
  ["on-badge", "sim"],
  ["map-text", "map-ground"],
  ["map-text", "map-land"],
  ["map-dim-text", "map-land"],
  ["map-grid-text", "map-ground"],
  ["on-rank", "rank-unclassified"],
  ["on-rank", "rank-restricted"],
  ["on-rank", "rank-confidential"],
  ["on-rank", "rank-secret"],
  ["on-rank", "rank-top-secret"],
  ["on-rank", "rank-unreadable"],
] as const;

for (const theme of ["day", "dark", "night"]) {
  test(`every text of ${theme} stands out by 4.5 to 1`, () => {
    const colours = { ...read(":root"), ...read(`[data-theme="${theme}"]`) };
    const faint = PAIRS.map(([text, ground]) => ({ text, ground, ratio: contrast(colours[text], colours[ground]) }));
    assert.deepEqual(faint.filter(({ ratio }) => !(ratio >= 4.5)), []);
  });
}

test("by night nothing but the banner has much green or blue in it", () => {
  const colours = read(`[data-theme="night"]`);
  for (const [name, colour] of Object.entries(colours)) {
    if (name.includes("rank")) continue;
    const [red, green, blue] = channels(colour);
    assert.ok(green <= 0.85 * red && blue <= 0.8 * red, `${name}: ${colour}`);
  }
});

function read(selector: string): Record<string, string> {
  const start = sheet.indexOf(`${selector} {`);
  const body = sheet.slice(start, sheet.indexOf("}", start));
  return Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

function channels(colour = "#000000"): [number, number, number] {
  const part = (at: number): number => parseInt(colour.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

/** Ratio of luminances as WCAG 2 has it. */
function contrast(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return 0;
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}
