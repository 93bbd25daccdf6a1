/**
 * What an operator does with the page, in a real browser against the mock node. SKIPPED where the machine has no Chromium.
 * With COPMESH_SHOTS=DIR it leaves pictures of what it saw there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NARROW, TABLET, WIDE, describeUnless, rows, shown, skip, text, theatre } from "./theatre.mjs";

const theme = "document.documentElement.dataset.theme";
const chip = (word) => `[...document.querySelectorAll(".chip")].find((one) => one.textContent === "${word}")`;

/** Smallest side of anything to press that is on the screen, with its name if it is too small for a finger. */
const pressed = "button, summary, select, input:not([type=checkbox]), label:has([type=checkbox]), #list tbody tr, .leaflet-bar a";
const small = `[...document.querySelectorAll("${pressed}")]
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.width > 0 && box.height > 0 && box.height < 43.5)
  .map(([one, box]) => (one.id || one.textContent || one.className) + " " + Math.round(box.height))`;

/** Things of the frame that reach beyond the window, and buttons that their words reach beyond. */
const outside = `[...document.querySelectorAll("header > *, .timeline > *, .tabs button, .card-buttons button")].filter((one) => {
  const box = one.getBoundingClientRect();
  const cut = one.matches("button") && one.scrollWidth > one.clientWidth + 1;
  return box.width > 0 && (cut || box.right > document.documentElement.clientWidth + 0.5 || box.left < -0.5);
}).map((one) => one.id || one.textContent)`;

describeUnless(skip, "an operator", () => {
  const stage = theatre();
  const { open, shoot, moment, page } = stage;

  test("causes no request to anywhere but the node, whatever is opened", async () => {
    await page.send("Network.enable");
    const asked = [];
    page.on("Network.requestWillBeSent", ({ request }) => asked.push(request.url));
    await open(WIDE, { warmup_s: 60 });
    await page.press("j");
    await page.press("?");
    await page.evaluate(`document.getElementById("about-open").click()`);
    await page.until(`${text("about-version")} === "0.1.0"`);
    await page.send("Network.disable");
    assert.ok(asked.some((url) => url.endsWith("/assets/world.json")), "the log saw the page's requests");
    assert.deepEqual(asked.filter((url) => !url.startsWith(stage.mock.url)), []);
  });

  test("filters by affiliation, is told how much is hidden, and takes the filter off", async () => {
    await open(WIDE);
    await page.press("s");
    await page.evaluate(`${chip("hostile")}.click()`);
    await page.until(`${shown("filter-strip")} && /^FILTERED · 1\\d\\d of 200/.test(${text("filter-text")})`);
    await page.until(`${rows} > 0 && ${rows} < 40`);
    assert.match(await page.evaluate("location.hash"), /^$|side=hostile/);
    await page.until(`location.hash.includes("side=hostile")`);
    await shoot("filters");
    await page.evaluate(`document.getElementById("filter-clear").click()`);
    await page.until(`!(${shown("filter-strip")}) && ${rows} > 100`);
    assert.deepEqual(page.complaints, []);
  });

  test("sees what is selected though a filter would hide it", async () => {
    await open(WIDE);
    await page.press("j");
    const name = await page.evaluate(`document.querySelector(".card-name").textContent`);
    await page.evaluate(`${chip("Emitter")}.click()`);
    await page.until(`${rows} < 40`);
    assert.equal(await page.evaluate(`[...document.querySelectorAll("#list tbody tr span")].some((one) => one.textContent === "${name}")`), true);
  });

  test("measures from a track, told from both norths", async () => {
    await open(WIDE);
    await page.press("j");
    await page.press("m");
    assert.match(await page.evaluate(text("measure-strip")), /^MEASURE from /);
    await page.click(200, 600);
    await page.until(`${text("measure-strip")}.includes("start anew")`);
    await shoot("measure");
    await page.press("Escape");
    assert.equal(await page.evaluate(shown("measure-strip")), false);
    assert.notEqual(await page.evaluate(`document.querySelector("#list .chosen")`), null);
  });

  test("goes back in time, cannot take it for live, and comes back", async () => {
    await open(WIDE, { warmup_s: 300 });
    await page.until(shown("timeline"));
    await page.evaluate(`(s => { s.value = Number(s.min) + 120_000; s.dispatchEvent(new Event("input")); })(document.getElementById("time-slider"))`);
    await page.until(`${text("mode")}.startsWith("REPLAY") && ${shown("replay-strip")} && ${shown("watermark")}`);
    await page.until(`${text("clock-time")} === "17:16:10Z" && ${rows} > 100`);
    await page.until(`/ · held\\. Without DF lines/.test(${text("replay-text")})`);
    assert.match(await page.evaluate("document.title"), /^REPLAY/);
    await page.press("j");
    await page.press("p");
    await page.until(`${text("clock-time")} >= "17:16:12Z"`, 6_000);
    await page.until(`/ · 1× *\\. Without DF lines/.test(${text("replay-text")})`);
    await shoot("replay");
    // What was selected may have gone while it played.
    await page.press("j");
    await page.press("i");
    await page.until(`/Go back to live/.test(document.querySelector(".annotate").textContent)`);
    await page.until(`location.hash.includes("t=2026-11-21T17:16")`);
    await page.evaluate(`document.getElementById("back-to-live").click()`);
    await page.until(`${text("mode")} === "LIVE" && !(${shown("replay-strip")}) && !(${shown("watermark")})`);
    assert.deepEqual(page.complaints, []);
  });

  test("sees that the past of a simulation is both", async () => {
    await open(WIDE, { mode: "SIM", warmup_s: 60 });
    await page.press(",");
    await page.until(`${text("mode")} === "SIM REPLAY paused" && document.body.classList.contains("past")`);
    assert.match(await page.evaluate(text("watermark")), /NOT REAL/);
    assert.equal(await page.evaluate(text("time-live")), "Back to NOW");
    await shoot("sim-replay");
    await page.press("x");
    await page.until(`${text("mode")} === "SIM"`);
  });

  test("opens a link to a moment of the past", async () => {
    await open(WIDE, { warmup_s: 300 }, "#t=2026-11-21T17:15:00.000Z&view=54.4,18.7,10");
    await page.until(`${text("clock-time")} === "17:15:00Z" && ${text("mode")}.startsWith("REPLAY")`);
    await page.until(`/t=2026-11-21T17:15/.test(location.hash) && /view=54\\.(4|399)/.test(location.hash)`);
  });

  test("says whose a track is, and everybody sees it", async () => {
    await open(WIDE);
    await page.press("j");
    await page.press("i");
    const form = `document.querySelector(".annotate form")`;
    await page.evaluate(`${form}.querySelector("select").value = "hostile"`);
    await page.evaluate(`${form}.querySelector("input").value = "armed, seen by patrol"`);
    await page.evaluate(`${form}.requestSubmit()`);
    await page.until(`document.querySelector(".facts").textContent.includes("armed, seen by patrol” — console at mock, ")`);
    assert.match(await page.evaluate(`document.querySelector(".facts").textContent`), /Declaredhostile — console at mock, /);
    await page.until(`document.querySelector(".card-kind").textContent.includes("hostile")`);
    assert.deepEqual(stage.mock.annotations.map(({ affiliation }) => affiliation), ["hostile"]);
    await shoot("annotated");
  });

  test("reads by night, red on black", async () => {
    await open(WIDE);
    await page.press("j");
    await page.press("n");
    assert.equal(await page.evaluate(theme), "night");
    await moment(600);
    await shoot("night");
    // The pixels of the map itself: what is lit is lit by red.
    const cold = `(() => {
      const canvas = document.querySelector(".leaflet-marker-pane canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let index = 0; index < data.length; index += 4) {
        if (data[index + 3] > 200 && Math.max(data[index + 1], data[index + 2]) > 0.85 * data[index] + 8) count += 1;
      }
      return count;
    })()`;
    assert.equal(await page.evaluate(cold), 0);
  });

  test("sees the plot of a track's past", async () => {
    await open(WIDE, { warmup_s: 300 });
    await page.press("j");
    await page.until(`document.querySelector(".plot .hint").textContent === "From the recording."`);
    assert.match(await page.evaluate(`document.querySelector(".plot canvas").getAttribute("aria-label")`), /^Speed \\d|^Speed \d+ m\/s to/);
    await shoot("selected");
  });

  test("is told when a sensor is down and when the mesh is split", async () => {
    await open(WIDE, { split: true });
    await page.until(`/1 DOWN/.test(${text("sensors-sum")}) && /CUT OFF/.test(${text("mesh-sum")})`);
    await shoot("split");
  });

  test("is told why a neighbour is not reached, and which one brought forgeries", async () => {
    await open(WIDE);
    const told = (kind) => `[...document.querySelectorAll("#mesh-body .${kind}")].filter((one) => !one.hidden).map((one) => one.textContent)`;
    await page.until(`${told("trouble")}.join() === "its passport ran out on 20 November"`);
    assert.match((await page.evaluate(told("warning"))).join(), /^▲ brought forgeries: 12\.[^▲]*$/);
    await shoot("mesh");
  });

  test("chooses a map of the node's own", async () => {
    await open(WIDE);
    const maps = `[...document.querySelectorAll("#layers-form select")].at(-1)`;
    await page.until(`${maps}.options.length === 3`);
    await page.evaluate(`${maps}.value = "harbour", ${maps}.dispatchEvent(new Event("change"))`);
    await page.until(`document.querySelectorAll(".leaflet-tile-loaded").length > 4`);
    await shoot("tiles");
    assert.deepEqual(page.complaints, []);
  });

  test("takes what is shown away as files", async () => {
    await open(WIDE);
    const saved = `(async () => {
      const kept = [];
      const made = URL.createObjectURL;
      URL.createObjectURL = (blob) => { kept.push(blob.text()); return made.call(URL, blob); };
      for (const button of [...document.querySelectorAll("#export-body button")].slice(0, 2)) button.click();
      return Promise.all(kept);
    })()`;
    const [json, table] = await page.evaluate(saved);
    const listed = JSON.parse(json).features.length;
    assert.equal(JSON.parse(json).state, "LIVE");
    assert.equal(table.trimEnd().split("\r\n").length, listed + 1);
    assert.ok(listed > 100);
  });

  test("reads who made what is in the page", async () => {
    await open(WIDE);
    await page.press("?");
    await shoot("help");
    await page.evaluate(`document.getElementById("about-open").click()`);
    await page.until(`/milsymbol.*MIT/s.test(${text("about-libraries")}) && ${text("about-version")} === "0.1.0"`);
    await shoot("about");
  });

  test("has an older node too: what it lacks is hidden or said, and asked for once", async () => {
    await open(WIDE, { old: true });
    await page.press("j");
    await moment(4_000);
    assert.equal(await page.evaluate(shown("timeline")), false);
    for (const path of ["/maps.json", "/history/span"]) assert.equal(stage.mock.asked[path], 1, path);
    await page.press("i");
    await page.evaluate(`document.querySelector(".annotate input").value = "x"`);
    await page.evaluate(`document.querySelector(".annotate form").requestSubmit()`);
    await page.until(`/takes no annotations/.test(document.querySelector(".annotate").textContent)`);
    await shoot("old");
  });

  test("finds the picture again after the node was started anew", async () => {
    await open(WIDE);
    await stage.restart();
    await page.until(`${text("link")} === "connected" && ${text("mode")} === "LIVE"`, 20_000);
    await page.until(`${text("counts")}.startsWith("200 tracks")`);
  });

  test("looks elsewhere, and the node is quiet until the page is seen again", async () => {
    await open(WIDE);
    const hide = (hidden) => `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true }), document.dispatchEvent(new Event("visibilitychange"))`;
    await page.evaluate(hide(true));
    await moment(12_000);
    assert.equal(stage.mock.heard.pause?.count, 1);
    assert.equal(stage.mock.connections, 1, "silence that was asked for closes nothing");
    await page.evaluate(hide(false));
    await page.until(`${text("mode")} === "LIVE"`);
    assert.equal(stage.mock.heard.resume?.count, 1);
  });

  for (const [name, view] of [["tablet", TABLET], ["tablet-portrait", { ...TABLET, width: 820, height: 1180 }], ["phone", NARROW]]) {
    test(`works with fingers on a ${name}`, async () => {
      await open(view, { warmup_s: 60 });
      await shoot(name);
      if (view.width < 800) {
        for (const panel of ["tracks", "sensors", "mesh"]) {
          await page.evaluate(`document.querySelector('#tabs [data-panel="${panel}"][aria-pressed="false"]')?.click()`);
          await moment(300);
          await shoot(`${name}-${panel}`);
          assert.deepEqual(await page.evaluate(small), [], panel);
        }
      }
      assert.deepEqual(await page.evaluate(small), []);
      await page.press("j");
      await moment(800);
      await shoot(`${name}-selected`);
      assert.deepEqual(await page.evaluate(small), []);
      assert.deepEqual(await page.evaluate(outside), []);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
      await page.evaluate(`document.querySelector("#filters summary").click()`);
      await moment(300);
      await shoot(`${name}-filters`);
      assert.deepEqual(await page.evaluate(small), []);
      await page.evaluate(`document.querySelector("#filters summary").click()`);
      await page.press(",");
      await page.until(shown("replay-strip"));
      await moment(300);
      await shoot(`${name}-replay`);
      assert.deepEqual(await page.evaluate(small), []);
      assert.deepEqual(await page.evaluate(outside), []);
      await page.press("?");
      await page.until(`document.getElementById("help").open`);
      await shoot(`${name}-help`);
      assert.deepEqual(await page.evaluate(small), []);
    });
  }

  for (const tracks of [0, 1, 5000]) {
    test(`can read the page with ${tracks} tracks`, async () => {
      await open(WIDE, { tracks, warmup_s: 0, update_ms: 1000 }, "", `${text("counts")}.replace(/\\D/g, "").startsWith("${tracks}")`);
      await page.until(`/\\d ok/.test(${text("sensors-sum")})`);
      await shoot(`tracks-${tracks}`);
      assert.deepEqual(page.complaints, []);
    });
  }
});
