/**
 * `node dev/mock.mjs [--port 8094] [--tracks 200] [--mode LIVE|REPLAY|SIM] [--speed 1] [--seed 7]
 * [--old] [--split]`
 * Serves the built page with a made-up picture. Type `silence`, `speak` or `drop` to see what the page makes of it.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startMock } from "./server.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8094" },
    tracks: { type: "string", default: "200" },
    mode: { type: "string", default: "LIVE" },
    speed: { type: "string", default: "1" },
    seed: { type: "string", default: "7" },
    old: { type: "boolean", default: false },
    split: { type: "boolean", default: false },
  },
});

const mock = await startMock({
  port: Number(values.port),
  tracks: Number(values.tracks),
  mode: values.mode,
  speed: Number(values.speed),
  seed: Number(values.seed),
  old: values.old,
  split: values.split,
  warmup_s: 300,
});
console.log(`mock node on ${mock.url} (silence | speak | drop)`);

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "silence") mock.silence(true);
  if (line === "speak") mock.silence(false);
  if (line === "drop") mock.drop();
});
