import assert from "node:assert/strict";
import { test } from "node:test";
import { freeBelow, Labeller, type LabelRequest, type PlacedLabel } from "../src/map/labels.ts";

const BOUNDS = { left: 0, top: 0, right: 800, bottom: 600 };
const WHOLE = { width: 80, height: 26 };
const SHORT = { width: 40, height: 13 };

const request = (id: string, x: number, y: number, importance = 2): LabelRequest => ({
  id,
  x,
  y,
  importance,
  sizes: [WHOLE, SHORT],
});

function overlaps(a: PlacedLabel, b: PlacedLabel): boolean {
  const [sizeA, sizeB] = [a.form === 0 ? WHOLE : SHORT, b.form === 0 ? WHOLE : SHORT];
  return a.x < b.x + sizeB.width && b.x < a.x + sizeA.width && a.y < b.y + sizeB.height && b.y < a.y + sizeA.height;
}

/** Points thrown about, the same every time. */
const scattered = Array.from({ length: 300 }, (_, index) =>
  request(`t${index}`, (index * 7919) % 800, (index * 104_729) % 600),
);

test("a lonely label stands to the right, whole", () => {
  const [label] = new Labeller().place([request("a", 100, 100)], [{ x: 100, y: 100 }], BOUNDS);
  assert.equal(label?.form, 0);
  assert.ok((label?.x ?? 0) > 100);
});

test("labels never overlap each other", () => {
  const placed = new Labeller().place(scattered, scattered, BOUNDS);
  assert.ok(placed.length > 50);
  for (const [index, one] of placed.entries()) {
    for (const other of placed.slice(index + 1)) assert.equal(overlaps(one, other), false, `${one.id} ${other.id}`);
  }
});

test("the order of requests does not matter", () => {
  const forward = new Labeller().place(scattered, scattered, BOUNDS);
  const backward = new Labeller().place([...scattered].reverse(), scattered, BOUNDS);
  assert.deepEqual(forward, backward);
});

test("a still picture keeps its labels", () => {
  const labeller = new Labeller();
  labeller.place(scattered, scattered, BOUNDS);
  const second = labeller.place(scattered, scattered, BOUNDS);
  assert.deepEqual(labeller.place(scattered, scattered, BOUNDS), second);
});

test("near the edge a label turns inwards", () => {
  const [label] = new Labeller().place([request("a", 790, 300)], [], BOUNDS);
  assert.ok((label?.x ?? 800) + WHOLE.width <= 790);
});

test("the important label wins, and the most important is shown whatever is in its way", () => {
  const crowd = Array.from({ length: 40 }, (_, index) => request(`t${index}`, 400, 300));
  const placed = new Labeller().place([...crowd, request("hostile", 400, 300, 1)], [], BOUNDS);
  assert.equal(placed[0]?.id, "hostile");
  const walls = Array.from({ length: 60 }, (_, index) => ({ x: 340 + (index % 10) * 12, y: 270 + Math.floor(index / 10) * 12 }));
  const chosen = new Labeller().place([request("selected", 400, 300, 0)], walls, BOUNDS);
  assert.equal(chosen.length, 1);
});

test("names of sensors on one mast stand below one another", () => {
  const first = freeBelow({ x: 100, y: 50 }, []);
  const second = freeBelow({ x: 101, y: 50 }, [first]);
  const third = freeBelow({ x: 102, y: 51 }, [first, second]);
  assert.deepEqual(first, { x: 100, y: 50 });
  assert.ok(second.y > first.y && third.y > second.y && third.y - first.y < 40);
  assert.deepEqual(freeBelow({ x: 300, y: 50 }, [first, second, third]), { x: 300, y: 50 });
});
