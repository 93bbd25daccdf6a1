import assert from "node:assert/strict";
import { test } from "node:test";
import { change, loadSettings, restore } from "../src/settings.ts";

const fallback = loadSettings(null, {}).value;

test("settings survive a visit", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  } as unknown as Storage;
  change(loadSettings(storage, {}), { theme: "day", labels: false });
  const again = loadSettings(storage, { theme: "night" }).value;
  assert.deepEqual([again.theme, again.labels], ["day", false]);
});

test("a first visit leaves nothing behind, so that the browser's preference goes on counting", () => {
  let written = 0;
  const storage = { getItem: () => null, setItem: () => (written += 1) } as unknown as Storage;
  loadSettings(storage, { theme: "day" });
  assert.equal(written, 0);
});

test("a store that throws costs nothing but the memory", () => {
  const storage = {
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("full");
    },
  } as unknown as Storage;
  assert.equal(loadSettings(storage, { theme: "day" }).value.theme, "day");
});

test("what was kept wrongly is not used", () => {
  for (const kept of [null, 7, "x", { theme: "pink" }, { trail_min: 5000 }]) {
    assert.deepEqual(restore(kept, fallback), fallback);
  }
  assert.equal(restore({ labels: "no", rings: false }, fallback).labels, true);
  assert.equal(restore({ labels: "no", rings: false }, fallback).rings, false);
});
