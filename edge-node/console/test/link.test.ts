import assert from "node:assert/strict";
import { test } from "node:test";
import { socketUrl } from "../src/connection.ts";
import { BACKOFF_FIRST_MS, BACKOFF_LAST_MS, DEAD_AFTER_MS, Link, STALE_AFTER_MS, backoff } from "../src/link.ts";

const EVEN = 0.5;

test("the first attempt comes at once", () => {
  assert.equal(new Link(0).handleTimeout(0), "open");
});

test("attempts back off until a message comes, not merely a socket", () => {
  const link = new Link(0);
  link.handleTimeout(0);
  link.handleClose(0, EVEN);
  assert.equal(link.state(0).retry_in_ms, BACKOFF_FIRST_MS);
  link.handleTimeout(500);
  link.handleOpen(500);
  link.handleClose(500, EVEN);
  assert.equal(link.state(500).retry_in_ms, 2 * BACKOFF_FIRST_MS);
  link.handleTimeout(1_500);
  link.handleOpen(1_500);
  link.handleMessage(1_500);
  link.handleClose(1_600, EVEN);
  assert.equal(link.state(1_600).retry_in_ms, BACKOFF_FIRST_MS);
});

test("it waits as long as it says", () => {
  const link = new Link(0);
  link.handleTimeout(0);
  link.handleClose(0, EVEN);
  assert.equal(link.handleTimeout(BACKOFF_FIRST_MS - 1), "nothing");
  assert.equal(link.handleTimeout(BACKOFF_FIRST_MS), "open");
});

test("backoff is capped and spread", () => {
  assert.equal(backoff(1_000, EVEN), BACKOFF_LAST_MS);
  assert.equal(backoff(0, 0), 0.8 * BACKOFF_FIRST_MS);
  assert.equal(Math.round(backoff(0, 1)), 1.2 * BACKOFF_FIRST_MS);
});

test("silence makes the picture stale, whatever the socket says", () => {
  const link = new Link(0);
  link.handleTimeout(0);
  link.handleOpen(0);
  link.handleMessage(1_000);
  assert.equal(link.state(1_000 + STALE_AFTER_MS).stale, false);
  assert.equal(link.state(1_001 + STALE_AFTER_MS).stale, true);
  assert.equal(link.state(1_001 + STALE_AFTER_MS).phase, "open");
});

test("a socket that stays silent is given up, a fresh one gets its time", () => {
  const link = new Link(0);
  link.handleTimeout(50_000);
  link.handleOpen(50_000);
  assert.equal(link.handleTimeout(50_000 + DEAD_AFTER_MS), "nothing");
  assert.equal(link.handleTimeout(50_001 + DEAD_AFTER_MS), "close");
});

test("the socket stands beside the page, under whatever path and scheme", () => {
  assert.equal(socketUrl("http://127.0.0.1:8094/#x"), "ws://127.0.0.1:8094/ws");
  assert.equal(socketUrl("https://node.example/cop/?a=1"), "wss://node.example/cop/ws");
});

test("waking up ends the wait", () => {
  const link = new Link(0);
  link.handleTimeout(0);
  link.handleClose(0, EVEN);
  link.handleWake(10);
  assert.equal(link.handleTimeout(10), "open");
});

test("silence that the page asked for is no sign of death, and counts again once it looks", () => {
  const link = new Link(0);
  link.handleTimeout(0);
  link.handleOpen(0);
  link.handleMessage(0);
  link.handlePause();
  assert.equal(link.handleTimeout(10 * DEAD_AFTER_MS), "nothing");
  link.handleResume(10 * DEAD_AFTER_MS);
  assert.equal(link.handleTimeout(10 * DEAD_AFTER_MS + 1), "nothing");
  assert.equal(link.handleTimeout(11 * DEAD_AFTER_MS + 1), "close");
});
