/**
 * The built page in a real browser against the mock node. SKIPPED where the machine has no Chromium.
 * With COPMESH_SHOTS=DIR it leaves pictures of what it saw there.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Browser } from "./browser.mjs";
import { startMock } from "./server.mjs";
import { NARROW, WIDE, chromium, describeUnless, rows, shoot as shootIn, shown, skip, text } from "./theatre.mjs";

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
  let browser;
  let mock;

  before(async () => {
    browser = await Browser.launch(chromium);
  });

  beforeEach(() => {
    browser.complaints.length = 0;
  });

  after(() => browser?.close());

  /** Opens the page on a fresh mock and waits for its picture. */
  async function open(view, options = {}) {
    const before = mock;
    mock = await startMock({ tracks: TRACKS, ...options });
    await browser.open(mock.url, view);
    // Only now: a page whose node goes away complains.
    before?.close();
    await browser.until(`${rows} > 20`);
  }

  /** Selects a track by its id, wherever it is in the list or on the map. */
  async function select(id) {
    const all = `document.getElementById("list-all")`;
    await browser.evaluate(`${all}.checked || ${all}.click()`);
    const search = `document.getElementById("search")`;
    await browser.evaluate(`${search}.value = "${id}", ${search}.dispatchEvent(new Event("input"))`);
    const row = `document.querySelector('#list tr[data-id="${id}"]')`;
    await browser.until(`${row} !== null`);
    await browser.evaluate(`${row}.click()`);
    await browser.evaluate(`${search}.value = "", ${search}.dispatchEvent(new Event("input"))`);
  }

  const shoot = (name) => shootIn(browser, name);

  after(() => mock?.close());

  for (const theme of ["dark", "light"]) {
    test(`shows the whole picture without a complaint, ${theme}`, async () => {
      await open({ ...WIDE, theme });
      await browser.until(`${text("counts")}.startsWith("${TRACKS} tracks")`);
      await browser.until(`${inked} > 5000`);
      assert.equal(await browser.evaluate("document.documentElement.dataset.theme"), theme === "dark" ? "dark" : "day");
      assert.match(await browser.evaluate(text("banner")), /^UNCLASSIFIED/);
      assert.equal(await browser.evaluate(text("mode")), "LIVE");
      await shoot(`wide-${theme}`);
      assert.deepEqual(browser.complaints, []);
      assert.equal(mock.resyncs, 0);
    });

    test(`fits a telephone, ${theme}`, async () => {
      await open({ ...NARROW, theme }, { mode: "REPLAY", speed: 4 });
      // How fast it goes comes a moment after the picture.
      await browser.until(`${text("mode")} === "REPLAY 4×"`);
      await shoot(`narrow-${theme}`);
      assert.equal(await browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
      const outside = `[...document.querySelectorAll("header button, summary, .mode, .clock, .tabs button")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.right > innerWidth + 0.5 || box.left < 0;
      }).length`;
      assert.equal(await browser.evaluate(outside), 0);
      assert.deepEqual(browser.complaints, []);
    });
  }

  test("a node that falls silent makes the picture stale, and fresh again when it speaks", async () => {
    await open(WIDE);
    mock.silence(true);
    await browser.until(shown("alarm"), 6_000);
    assert.equal(await browser.evaluate(text("mode")), "NOT LIVE");
    assert.match(await browser.evaluate(text("alarm")), /STALE PICTURE/);
    await shoot("stale");
    mock.silence(false);
    await browser.until(`!(${shown("alarm")})`, 3_000);
    assert.equal(await browser.evaluate(text("mode")), "LIVE");
  });

  test("a dropped socket is opened again by itself", async () => {
    await open(WIDE);
    mock.drop();
    await browser.until(`${text("link")} !== "connected"`, 2_000);
    await browser.until(`${text("link")} === "connected"`, 5_000);
    await browser.until(`${text("counts")}.startsWith("${TRACKS} tracks")`);
  });

  test("keys select, switch and filter", async () => {
    await open(WIDE);
    await browser.press("j");
    await browser.until(`document.querySelector("#list .chosen") !== null`);
    const name = await browser.evaluate(`document.querySelector(".card-name").textContent`);
    assert.equal(await browser.evaluate(`document.querySelector("#list .chosen span").textContent`), name);
    await browser.press("c");
    await shoot("selected");
    await browser.press("n");
    assert.equal(await browser.evaluate("document.documentElement.dataset.theme"), "night");
    await browser.press("Escape");
    assert.equal(await browser.evaluate(`document.querySelector("#list .chosen")`), null);
    await browser.press("/");
    for (const key of "emitter") await browser.press(key);
    await browser.until(`${rows} > 0 && ${rows} < 30`);
    assert.deepEqual(browser.complaints, []);
  });

  test("a merged number is told, and what was selected goes on under its new number", async () => {
    await open(WIDE);
    await select(mock.second);
    const { from, to } = mock.merge();
    await browser.until(`${text("notices")}.includes("${from.name} is now ${to.name}")`, 3_000);
    await browser.until(`document.querySelector(".card-name").textContent === "${to.name}"`, 3_000);
    await shoot("merged");
    assert.deepEqual(browser.complaints, []);
  });

  test("a remark stands on the card with who made it and when, and what is silent says for how long", async () => {
    await open(WIDE);
    const facts = `document.querySelector(".facts").textContent`;
    await select(mock.remarked);
    await browser.until(`${facts}.includes("two on board, ours” — bravo, ")`, 3_000);
    await browser.press("c");
    await shoot("remark");
    await select(mock.silentTrack);
    await browser.until(`${facts}.includes("silent, reckoned on")`, 3_000);
    await browser.press("c");
    await new Promise((done) => setTimeout(done, 400));
    await shoot("silent");
    assert.deepEqual(browser.complaints, []);
  });

  test("a click on the map selects what is there", async () => {
    await open(WIDE);
    await browser.press("j");
    await browser.press("c");
    await browser.press("Escape");
    await new Promise((done) => setTimeout(done, 400));
    const box = `(() => { const b = document.getElementById("map").getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()`;
    const [x, y] = await browser.evaluate(box);
    await browser.click(x, y);
    await browser.until(`document.querySelector(".card").hidden === false`);
    assert.notEqual(await browser.evaluate(`document.querySelector(".card-name").textContent`), "");
  });

  test("a simulation says so across the map", async () => {
    await open(WIDE, { mode: "SIM" });
    await browser.until(shown("watermark"));
    assert.match(await browser.evaluate(text("watermark")), /NOT REAL/);
    assert.equal(await browser.evaluate(text("mode")), "SIM");
  });

  test("a node of another protocol version is not shown", async () => {
    mock?.close();
    mock = await startMock({ tracks: TRACKS, protocol: 2 });
    await browser.open(mock.url, WIDE);
    await browser.until(shown("alarm"));
    assert.match(await browser.evaluate(text("alarm")), /another version/);
    assert.equal(await browser.evaluate(rows), 0);
  });
});
