/**
 * The built page in a real browser against the mock node. SKIPPED where the machine has no Chromium.
 * With COPMESH_SHOTS=DIR it leaves pictures of what it saw there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NARROW, WIDE, describeUnless, rows, shown, skip, text, theatre, until } from "./theatre.mjs";

const TRACKS = 200;

/** Pixels that are not empty on the canvas of the tracks. */
const inked = `(() => {
  const canvas = document.querySelector(".leaflet-marker-pane canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let index = 3; index < data.length; index += 4) count += data[index] > 0 ? 1 : 0;
  return count;
})()`;

describeUnless(skip, "the page", () => {
  const stage = theatre();
  const { complaints, moment, open, shoot } = stage;

  /** Selects a track by its id, wherever it is in the list or on the map. */
  async function select(page, id) {
    await page.check("#list-all");
    await page.fill("#search", id);
    await page.click(`#list tr[data-id="${id}"]`);
    await page.fill("#search", "");
  }

  for (const theme of ["dark", "light"]) {
    test(`shows the whole picture without a complaint, ${theme}`, async () => {
      const page = await open({ ...WIDE, colorScheme: theme });
      await until(page, `${text("counts")}.startsWith("${TRACKS} tracks")`);
      await until(page, `${inked} > 5000`);
      assert.equal(await page.evaluate("document.documentElement.dataset.theme"), theme === "dark" ? "dark" : "day");
      assert.match(await page.evaluate(text("banner")), /^UNCLASSIFIED/);
      assert.equal(await page.evaluate(text("mode")), "LIVE");
      await shoot(`wide-${theme}`);
      assert.deepEqual(complaints, []);
      assert.equal(stage.mock.resyncs, 0);
    });

    test(`fits a telephone, ${theme}`, async () => {
      const page = await open({ ...NARROW, colorScheme: theme }, { mode: "REPLAY", speed: 4 });
      // How fast it goes comes a moment after the picture.
      await until(page, `${text("mode")} === "REPLAY 4×"`);
      await shoot(`narrow-${theme}`);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
      const outside = `[...document.querySelectorAll("header button, summary, .mode, .clock, .tabs button")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.right > innerWidth + 0.5 || box.left < 0;
      }).length`;
      assert.equal(await page.evaluate(outside), 0);
      assert.deepEqual(complaints, []);
    });
  }

  test("a node that falls silent makes the picture stale, and fresh again when it speaks", async () => {
    const page = await open(WIDE);
    stage.mock.silence(true);
    await until(page, shown("alarm"), 6_000);
    assert.equal(await page.evaluate(text("mode")), "NOT LIVE");
    assert.match(await page.evaluate(text("alarm")), /STALE PICTURE/);
    await shoot("stale");
    stage.mock.silence(false);
    await until(page, `!(${shown("alarm")})`, 3_000);
    assert.equal(await page.evaluate(text("mode")), "LIVE");
  });

  test("a dropped socket is opened again by itself", async () => {
    const page = await open(WIDE);
    stage.mock.drop();
    await until(page, `${text("link")} !== "connected"`, 2_000);
    await until(page, `${text("link")} === "connected"`, 5_000);
    await until(page, `${text("counts")}.startsWith("${TRACKS} tracks")`);
  });

  test("keys select, switch and filter", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("j");
    await until(page, `document.querySelector("#list .chosen") !== null`);
    const name = await page.evaluate(`document.querySelector(".card-name").textContent`);
    assert.equal(await page.evaluate(`document.querySelector("#list .chosen span").textContent`), name);
    await page.keyboard.press("c");
    await shoot("selected");
    await page.keyboard.press("n");
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "night");
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(`document.querySelector("#list .chosen")`), null);
    await page.keyboard.press("/");
    await page.keyboard.type("emitter");
    await until(page, `${rows} > 0 && ${rows} < 30`);
    assert.deepEqual(complaints, []);
  });

  test("a merged number is told, and what was selected goes on under its new number", async () => {
    const page = await open(WIDE);
    await select(page, stage.mock.second);
    const { from, to } = stage.mock.merge();
    await until(page, `${text("notices")}.includes("${from.name} is now ${to.name}")`, 3_000);
    await until(page, `document.querySelector(".card-name").textContent === "${to.name}"`, 3_000);
    await shoot("merged");
    assert.deepEqual(complaints, []);
  });

  test("a remark stands on the card with who made it and when, and what is silent says for how long", async () => {
    const page = await open(WIDE);
    const facts = `document.querySelector(".facts").textContent`;
    await select(page, stage.mock.remarked);
    await until(page, `${facts}.includes("two on board, ours” — bravo, ")`, 3_000);
    await page.keyboard.press("c");
    await shoot("remark");
    await select(page, stage.mock.silentTrack);
    await until(page, `${facts}.includes("silent, reckoned on")`, 3_000);
    await page.keyboard.press("c");
    await moment(400);
    await shoot("silent");
    assert.deepEqual(complaints, []);
  });

  test("a click on the map selects what is there", async () => {
    const page = await open(WIDE);
    await page.keyboard.press("j");
    await page.keyboard.press("c");
    await page.keyboard.press("Escape");
    await moment(400);
    await page.click("#map");
    await until(page, `document.querySelector(".card").hidden === false`);
    assert.notEqual(await page.evaluate(`document.querySelector(".card-name").textContent`), "");
  });

  test("a simulation says so across the map", async () => {
    const page = await open(WIDE, { mode: "SIM" });
    await until(page, shown("watermark"));
    assert.match(await page.evaluate(text("watermark")), /NOT REAL/);
    assert.equal(await page.evaluate(text("mode")), "SIM");
  });

  test("a node of another protocol version is not shown", async () => {
    const page = await open(WIDE, { protocol: 2 }, "", shown("alarm"));
    assert.match(await page.evaluate(text("alarm")), /another version/);
    assert.equal(await page.evaluate(rows), 0);
  });
});
