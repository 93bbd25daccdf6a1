/**
 * 5,000 moving tracks once a second: what the page does with them, and how long it takes. Times are printed, beside a plain
 * loop over a canvas in the same run; what is asserted does not depend on how busy the machine is. SKIPPED without Chromium.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WIDE, describeUnless, skip, theatre } from "./theatre.mjs";
import { quantile, trace } from "./tracing.mjs";

const TRACKS = 5000;
const LOOK_S = 10;

/** Goals on a quiet machine without graphics hardware. */
const FRAME_MS_GOAL = 25;
const PAN_FPS_GOAL = 30;

const counts = `document.getElementById("counts").textContent.replace(/\\D/g, "")`;

/** Counts what is drawn in one drawing of the tracks. */
const calls = `new Promise((done) => {
  const canvas = document.querySelector(".leaflet-marker-pane canvas");
  const context = canvas.getContext("2d");
  const count = { fillRect: 0, drawImage: 0, fillText: 0, stroke: 0, measureText: 0 };
  for (const name of Object.keys(count)) {
    const plain = CanvasRenderingContext2D.prototype[name];
    context[name] = function (...parts) { count[name] += 1; return plain.apply(this, parts); };
  }
  const cleared = context.clearRect;
  let begun = false;
  context.clearRect = function (...parts) {
    cleared.apply(context, parts);
    if (begun) {
      for (const name of [...Object.keys(count), "clearRect"]) delete context[name];
      done(count);
    } else {
      begun = true;
      for (const name of Object.keys(count)) count[name] = 0;
    }
  };
})`;

/** The least that must be done: as many squares on a canvas as large. Milliseconds, the median of many. */
const plainLoop = `(() => {
  const canvas = document.createElement("canvas");
  const shown = document.querySelector(".leaflet-marker-pane canvas");
  [canvas.width, canvas.height] = [shown.width, shown.height];
  const context = canvas.getContext("2d");
  const times = [];
  for (let run = 0; run < 20; run += 1) {
    const started = performance.now();
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (let index = 0; index < ${TRACKS}; index += 1) {
      context.globalAlpha = 0.5 + (index % 5) / 10;
      context.fillRect((index * 37) % canvas.width, (index * 91) % canvas.height, 4, 4);
    }
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[10];
})()`;

/** Frames that the page gets while it is left alone or while \`act\` goes on. */
const frames = (ms) => `new Promise((done) => {
  let count = 0;
  const ends = performance.now() + ${ms};
  const step = (now) => { count += 1; if (now < ends) requestAnimationFrame(step); else done(count / ${ms / 1000}); };
  requestAnimationFrame(step);
})`;

describeUnless(skip, "five thousand moving tracks", () => {
  const stage = theatre();
  const { open, moment } = stage;
  const openAll = (options = {}) =>
    open(WIDE, { tracks: TRACKS, update_ms: 1000, ...options }, "", `${counts}.startsWith("50005000")`);

  test("are dots, drawn with one square each, and only what is selected is drawn whole", async () => {
    const page = await openAll();
    await page.keyboard.press("j");
    const drawn = await page.evaluate(calls);
    console.log("calls in one drawing", JSON.stringify(drawn));
    assert.ok(drawn.fillRect >= TRACKS && drawn.fillRect < TRACKS + 10, `${drawn.fillRect} squares`);
    assert.ok(drawn.drawImage <= 2, `${drawn.drawImage} symbols`);
    assert.ok(drawn.fillText <= 10, `${drawn.fillText} texts`);
    assert.ok(drawn.measureText <= 10, `${drawn.measureText} texts measured`);
  });

  test("leave the page as large as it was", async () => {
    const page = await openAll();
    const nodes = `document.querySelectorAll("*").length`;
    const before = await page.evaluate(nodes);
    await moment(5_000);
    assert.ok(Math.abs((await page.evaluate(nodes)) - before) < 20);
    assert.ok((await page.evaluate(`document.querySelectorAll("#list tbody tr").length`)) <= 150);
  });

  test("take this long", async () => {
    const page = await openAll();
    await moment(2_000);
    const idle = await trace(page, () => moment(LOOK_S * 1000));
    const fps_idle = await page.evaluate(frames(2_000));
    const [fps_pan, pan] = await dragged(page);
    const loop_ms = await page.evaluate(plainLoop);
    report(idle, pan, { fps_idle, fps_pan, loop_ms });
    assert.ok(idle.slices.length > LOOK_S, "the trace saw the page work");
    assert.ok(fps_pan > 0 && fps_idle > 0);
  });

  /** Drags the map to and fro for some seconds. */
  async function dragged(page) {
    let fps = 0;
    const pan = await trace(page, async () => {
      await page.mouse.move(450, 400);
      await page.mouse.down();
      const counting = page.evaluate(frames(4_000)).then((count) => { fps = count; });
      const ends = performance.now() + 4_000;
      for (let step = 0; performance.now() < ends; step += 1) {
        await page.mouse.move(450 + 150 * Math.sin(step / 12), 400 + 80 * Math.cos(step / 17));
        await moment(16);
      }
      await counting;
      await page.mouse.up();
    });
    return [fps, pan];
  }
});

function report(idle, pan, { fps_idle, fps_pan, loop_ms }) {
  const row = (name, { slices, elapsed_s }, kind) => {
    const times = slices.filter((one) => kind === undefined || one.kind === kind).map(({ ms }) => ms).filter((ms) => ms > 0.3);
    const figures = [quantile(times, 0.5), quantile(times, 0.95), Math.max(0, ...times)].map((ms) => ms.toFixed(1).padStart(7));
    const clock = quantile(slices.filter((one) => kind === undefined || one.kind === kind).map(({ clock_ms }) => clock_ms), 0.95);
    const share = (times.reduce((sum, ms) => sum + ms, 0) / elapsed_s).toFixed(0).padStart(7);
    return `${name.padEnd(30)} ${String(times.length).padStart(6)} ${figures.join(" ")} ${share} ${clock.toFixed(1).padStart(9)}`;
  };
  const kinds = [...new Set(idle.slices.map(({ kind }) => kind))];
  const drawing = quantile(idle.slices.filter(({ kind }) => kind === "drawing").map(({ ms }) => ms), 0.5);
  console.log([
    `script, ms on a processor           count  median     95 %     max  ms per s  95 % by the clock`,
    ...kinds.map((kind) => row(`left alone: ${kind}`, idle, kind)),
    row("left alone: all", idle),
    row("while dragged: all", pan),
    `goal on a quiet machine: ${FRAME_MS_GOAL} ms a frame at 95 %, ${PAN_FPS_GOAL} frames a second while dragged`,
    `frames a second: ${fps_idle.toFixed(0)} left alone, ${fps_pan.toFixed(0)} while dragged`,
    `a plain loop of as many squares: ${loop_ms.toFixed(1)} ms; a drawing of the page is ${(drawing / loop_ms).toFixed(1)} of these`,
  ].join("\n"));
}
