/**
 * What an operator does with the page, in a real browser against the mock node. SKIPPED where the machine has no Chromium.
 * With COPMESH_SHOTS=DIR it leaves pictures of what it saw there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NARROW, TABLET, UPRIGHT, WIDE, describeUnless, rows, shown, skip, text, theatre, until } from "./theatre.mjs";

const theme = "document.documentElement.dataset.theme";
const chip = (word) => `.chip:text-is("${word}")`;

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
  const { asked, complaints, open, shoot, moment } = stage;

  test("causes no request to anywhere but the node, whatever is opened", async () => {
    const page = await open(WIDE, { warmup_s: 60 });
    await page.keyboard.press("j");
    await page.keyboard.press("?");
    await page.click("#about-open");
    await until(page, `${text("about-version")} === "0.1.0"`);
    assert.ok(asked.some((url) => url.endsWith("/assets/world.json")), "the log saw the page's requests");
    assert.ok(asked.some((url) => url.startsWith("ws:")), "and its socket");
    const { host } = new URL(stage.mock.url);
    assert.deepEqual(asked.filter((url) => new URL(url).host !== host), []);
  });

  test("filters by affiliation, is told how much is hidden, and takes the filter off", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("s");
    await page.click(chip("hostile"));
    await until(page, `${shown("filter-strip")} && /^FILTERED · 1\\d\\d of 200/.test(${text("filter-text")})`);
    await until(page, `${rows} > 0 && ${rows} < 40`);
    await until(page, `location.hash.includes("side=hostile")`);
    await shoot("filters");
    await page.keyboard.press("s");
    await page.click("#filter-clear");
    await until(page, `!(${shown("filter-strip")}) && ${rows} > 100`);
    assert.deepEqual(complaints, []);
  });

  test("sees what is selected though a filter would hide it", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("j");
    const name = await page.evaluate(`document.querySelector(".card-name").textContent`);
    await page.keyboard.press("s");
    await page.click(chip("Emitter"));
    await until(page, `${rows} < 40`);
    assert.equal(await page.evaluate(`[...document.querySelectorAll("#list tbody tr span")].some((one) => one.textContent === "${name}")`), true);
  });

  test("measures from a track, told from both norths", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("j");
    await page.keyboard.press("m");
    assert.match(await page.evaluate(text("measure-strip")), /^MEASURE from /);
    await page.mouse.click(200, 600);
    await until(page, `${text("measure-strip")}.includes("start anew")`);
    await shoot("measure");
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(shown("measure-strip")), false);
    assert.notEqual(await page.evaluate(`document.querySelector("#list .chosen")`), null);
  });

  test("goes back in time, cannot take it for live, and comes back", async () => {
    const page = await open(WIDE, { warmup_s: 300 });
    await until(page, shown("timeline"));
    await page.evaluate(`(s => { s.value = Number(s.min) + 120_000; s.dispatchEvent(new Event("input")); })(document.getElementById("time-slider"))`);
    await until(page, `${text("mode")}.startsWith("REPLAY") && ${shown("replay-strip")} && ${shown("watermark")}`);
    await until(page, `${text("clock-time")} === "17:16:10Z" && ${rows} > 100`);
    await until(page, `/ · held\\. Without DF lines/.test(${text("replay-text")})`);
    assert.match(await page.evaluate("document.title"), /^REPLAY/);
    await page.keyboard.press("j");
    await page.keyboard.press("p");
    await until(page, `${text("clock-time")} >= "17:16:12Z"`, 6_000);
    await until(page, `/ · 1× *\\. Without DF lines/.test(${text("replay-text")})`);
    await shoot("replay");
    // What was selected may have gone while it played.
    await page.keyboard.press("j");
    await page.keyboard.press("i");
    await until(page, `/Go back to live/.test(document.querySelector(".annotate").textContent)`);
    await until(page, `location.hash.includes("t=2026-11-21T17:16")`);
    await page.click("#back-to-live");
    await until(page, `${text("mode")} === "LIVE" && !(${shown("replay-strip")}) && !(${shown("watermark")})`);
    assert.deepEqual(complaints, []);
  });

  test("sees that the past of a simulation is both", async () => {
    const page = await open(WIDE, { mode: "SIM", warmup_s: 60 });
    await page.keyboard.press(",");
    await until(page, `${text("mode")} === "SIM REPLAY paused" && document.body.classList.contains("past")`);
    assert.match(await page.evaluate(text("watermark")), /NOT REAL/);
    assert.equal(await page.evaluate(text("time-live")), "Back to NOW");
    await shoot("sim-replay");
    await page.keyboard.press("x");
    await until(page, `${text("mode")} === "SIM"`);
  });

  test("opens a link to a moment of the past", async () => {
    const page = await open(WIDE, { warmup_s: 300 }, "#t=2026-11-21T17:15:00.000Z&view=54.4,18.7,10");
    await until(page, `${text("clock-time")} === "17:15:00Z" && ${text("mode")}.startsWith("REPLAY")`);
    await until(page, `/t=2026-11-21T17:15/.test(location.hash) && /view=54\\.(4|399)/.test(location.hash)`);
  });

  test("says whose a track is, and everybody sees it", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("j");
    await page.keyboard.press("i");
    await page.selectOption(".annotate select", "hostile");
    await page.locator(".annotate input").first().fill("armed, seen by patrol");
    await page.keyboard.press("Enter");
    await until(page, `document.querySelector(".facts").textContent.includes("armed, seen by patrol” — console at mock, ")`);
    assert.match(await page.evaluate(`document.querySelector(".facts").textContent`), /Declaredhostile — console at mock, /);
    await until(page, `document.querySelector(".card-kind").textContent.includes("hostile")`);
    assert.deepEqual(stage.mock.annotations.map(({ affiliation }) => affiliation), ["hostile"]);
    await shoot("annotated");
  });

  test("takes back by keys or finger what was remarked here, and not what was remarked elsewhere", async () => {
    const page = await open(TABLET);
    const takeBack = page.getByRole("button", { name: "Take back the remark" });
    const remark = page.locator(".facts dt", { hasText: "Remark" });
    await page.keyboard.press("j");
    await page.keyboard.press("i");
    assert.equal(await takeBack.isVisible(), false, "nothing is remarked yet");
    await page.keyboard.type("armed");
    await page.keyboard.press("Enter");
    await takeBack.waitFor();
    await shoot("take-back");
    assert.deepEqual(await page.evaluate(small), []);
    await page.getByRole("button", { name: "Tell everybody" }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await remark.waitFor({ state: "hidden" });
    await takeBack.waitFor({ state: "hidden" });
    assert.deepEqual(stage.mock.annotations.map((said) => said.remark), ["armed", ""]);
    await page.tap("#list-all");
    await page.fill("#search", stage.mock.remarked);
    await page.tap(`#list tr[data-id="${stage.mock.remarked}"]`);
    await remark.waitFor();
    await page.tap("text=Annotate");
    await page.getByRole("button", { name: "Tell everybody" }).waitFor();
    assert.equal(await takeBack.isVisible(), false, "bravo remarked it");
    assert.deepEqual(complaints, []);
  });

  test("reads by night, red on black", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("j");
    await page.keyboard.press("n");
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
    const page = await open(WIDE, { warmup_s: 300 });
    await page.keyboard.press("j");
    await until(page, `document.querySelector(".plot .hint").textContent === "From the recording."`);
    assert.match(await page.evaluate(`document.querySelector(".plot canvas").getAttribute("aria-label")`), /^Speed \\d|^Speed \d+ m\/s to/);
    await shoot("selected");
  });

  test("is told when a sensor is down and when the mesh is split", async () => {
    const page = await open(WIDE, { split: true });
    await until(page, `/1 DOWN/.test(${text("sensors-sum")}) && /CUT OFF/.test(${text("mesh-sum")})`);
    await shoot("split");
  });

  test("is told why a neighbour is not reached, and which one brought forgeries", async () => {
    const page = await open(WIDE);
    const told = (kind) => `[...document.querySelectorAll("#mesh-body .${kind}")].filter((one) => !one.hidden).map((one) => one.textContent)`;
    await until(page, `${told("trouble")}.join() === "its passport ran out on 20 November"`);
    assert.match((await page.evaluate(told("warning"))).join(), /^▲ brought forgeries: 12\.[^▲]*$/);
    await shoot("mesh");
  });

  test("chooses a map of the node's own", async () => {
    const page = await open(WIDE);
    const maps = `[...document.querySelectorAll("#layers-form select")].at(-1)`;
    await until(page, `${maps}.options.length === 3`);
    await page.evaluate(`${maps}.value = "harbour", ${maps}.dispatchEvent(new Event("change"))`);
    await until(page, `document.querySelectorAll(".leaflet-tile-loaded").length > 4`);
    await shoot("tiles");
    assert.deepEqual(complaints, []);
  });

  test("takes what is shown away as files", async () => {
    const page = await open(WIDE);
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
    const page = await open(WIDE);
    await page.keyboard.press("?");
    await shoot("help");
    await page.click("#about-open");
    await until(page, `/milsymbol.*MIT/s.test(${text("about-libraries")}) && ${text("about-version")} === "0.1.0"`);
    await shoot("about");
  });

  test("has an older node too: what it lacks is hidden or said, and asked for once", async () => {
    const page = await open(WIDE, { old: true });
    await page.keyboard.press("j");
    await moment(4_000);
    assert.equal(await page.evaluate(shown("timeline")), false);
    for (const path of ["/maps.json", "/history/span"]) assert.equal(stage.mock.asked[path], 1, path);
    await page.keyboard.press("i");
    await page.locator(".annotate input").first().fill("x");
    await page.keyboard.press("Enter");
    await until(page, `/takes no annotations/.test(document.querySelector(".annotate").textContent)`);
    await shoot("old");
  });

  test("finds the picture again after the node was started anew", async () => {
    const page = await open(WIDE);
    await stage.restart();
    await until(page, `${text("link")} === "connected" && ${text("mode")} === "LIVE"`, 20_000);
    await until(page, `${text("counts")}.startsWith("200 tracks")`);
  });

  test("looks elsewhere, and the node is quiet until the page is seen again", async () => {
    const page = await open(WIDE);
    const hide = (hidden) => `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true }), document.dispatchEvent(new Event("visibilitychange"))`;
    await page.evaluate(hide(true));
    await moment(12_000);
    assert.equal(stage.mock.heard.pause?.count, 1);
    assert.equal(stage.mock.connections, 1, "silence that was asked for closes nothing");
    await page.evaluate(hide(false));
    await until(page, `${text("mode")} === "LIVE"`);
    assert.equal(stage.mock.heard.resume?.count, 1);
  });

  for (const [name, view] of [["tablet", TABLET], ["tablet-portrait", UPRIGHT], ["phone", NARROW]]) {
    test(`works with fingers on a ${name}`, async () => {
      const page = await open(view, { warmup_s: 60 });
      await shoot(name);
      if (view.viewport.width < 800) {
        for (const panel of ["tracks", "sensors", "mesh"]) {
          await page.evaluate(`document.querySelector('#tabs [data-panel="${panel}"][aria-pressed="false"]')?.click()`);
          await moment(300);
          await shoot(`${name}-${panel}`);
          assert.deepEqual(await page.evaluate(small), [], panel);
        }
      }
      assert.deepEqual(await page.evaluate(small), []);
      await page.keyboard.press("j");
      await moment(800);
      await shoot(`${name}-selected`);
      assert.deepEqual(await page.evaluate(small), []);
      assert.deepEqual(await page.evaluate(outside), []);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
      await page.click("#filters summary");
      await moment(300);
      await shoot(`${name}-filters`);
      assert.deepEqual(await page.evaluate(small), []);
      await page.click("#filters summary");
      await page.keyboard.press(",");
      await until(page, shown("replay-strip"));
      await moment(300);
      await shoot(`${name}-replay`);
      assert.deepEqual(await page.evaluate(small), []);
      assert.deepEqual(await page.evaluate(outside), []);
      await page.keyboard.press("?");
      await until(page, `document.getElementById("help").open`);
      await shoot(`${name}-help`);
      assert.deepEqual(await page.evaluate(small), []);
    });
  }

  for (const tracks of [0, 1, 5000]) {
    test(`can read the page with ${tracks} tracks`, async () => {
      const page = await open(WIDE, { tracks, warmup_s: 0, update_ms: 1000 }, "", `${text("counts")}.replace(/\\D/g, "").startsWith("${tracks}")`);
      await until(page, `/\\d ok/.test(${text("sensors-sum")})`);
      await shoot(`tracks-${tracks}`);
      assert.deepEqual(complaints, []);
    });
  }
});
