/**
 * The page as it is built into the daemon, in a real browser, with a simulated airfield behind it: what holds against the
 * mock holds against the program that people run. SKIPPED without Chromium, and where `COPMESH_BIN` names no daemon.
 * With COPMESH_SHOTS=DIR it leaves pictures of what it saw there.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDaemon } from "./daemon.mjs";
import { startMock } from "./server.mjs";
import { WIDE, describeUnless, rows, shown, skip as lacking, text, theatre, until } from "./theatre.mjs";

const skip = lacking || (process.env.COPMESH_BIN === undefined ? "COPMESH_BIN names no built copmesh" : false);

/** An age that no sensor of the airfield exceeds while it sees its target: the slowest turns in four seconds. */
const YOUNG_S = 8;

const ages = `[...document.querySelectorAll("#list tbody .age")].map((one) => Number(one.textContent))`;
const names = `[...document.querySelectorAll("#list tbody tr span")].map((one) => one.textContent)`;
const card = `document.querySelector(".card-name").textContent`;
const facts = `document.querySelector(".facts").textContent`;
const backward = `(one => { one.value = Number(one.max) - 5000; one.dispatchEvent(new Event("input")); })(document.getElementById("time-slider"))`;

describeUnless(skip, "the page and the daemon", () => {
  const { asked, complaints, shoot, visit } = theatre();
  let daemon;
  let page;

  before(async () => {
    daemon = await startDaemon();
    page = await visit(daemon.url, WIDE);
  });
  after(() => daemon?.stop());

  test("say that it is a simulation, in every place", async () => {
    await until(page, `${text("mode")} === "SIM" && ${shown("watermark")}`);
    assert.match(await page.evaluate(text("watermark")), /SIMULATION · NOT REAL/);
    assert.match(await page.evaluate("document.title"), /^SIM · /);
    assert.equal(await page.evaluate(`document.getElementById("stage").classList.contains("sim")`), true);
    assert.equal(await page.evaluate(text("time-live")), "NOW");
    await until(page, `${text("banner")}.startsWith("UNCLASSIFIED")`);
  });

  test("show tracks, and each was heard of just now", async () => {
    await until(page, `${rows} >= 5 && ${ages}.every((age) => age <= ${YOUNG_S})`, 20_000);
    await until(page, `/\\d ok/.test(${text("sensors-sum")})`);
    await shoot("daemon");
  });

  test("tell all of a track that is selected", async () => {
    // One that tells its own place: a false one might be gone before it is selected.
    const row = `[...document.querySelectorAll("#list tbody tr")].find((one) => one.textContent.includes("Aircraft"))`;
    await until(page, `${row} !== undefined`, 20_000);
    const id = await page.evaluate(`${row}.dataset.id`);
    await page.click(`#list tr[data-id="${id}"]`);
    await until(page, `${card} !== "" && ${card} === document.querySelector("#list .chosen span").textContent`);
    assert.match(await page.evaluate(facts), /Position\d.*Age\d.*Sensors[a-z].*LabelUNCLASSIFIED.*Id\S/s);
  });

  test("find a track by its name, and show all again", async () => {
    const [before, name] = [await page.evaluate(rows), await page.evaluate(card)];
    await page.fill("#search", name);
    await until(page, `${rows} > 0 && ${rows} < ${before} && ${names}.every((one) => one.includes(${JSON.stringify(name)}))`);
    await page.fill("#search", "");
    await page.locator("#search").blur();
    await until(page, `${names}.some((one) => one !== ${JSON.stringify(name)})`);
  });

  test("keep what an operator says, and show who said it and when", async () => {
    await page.keyboard.press("i");
    await page.selectOption(".annotate select", "suspect");
    await page.locator(".annotate input").first().fill("turned away");
    await page.locator(".annotate input").last().fill("kowalski");
    await page.keyboard.press("Enter");
    await until(page, `/Declaredsuspect — kowalski at \\S+, [\\d.]+\\ss ago/.test(${facts})`);
    await until(page, `/Remark“turned away” — kowalski at \\S+, [\\d.]+\\ss ago/.test(${facts})`);
    assert.match(await page.evaluate(`document.querySelector(".card-kind").textContent`), /suspect/);
    await shoot("daemon-annotated");
    await page.getByRole("button", { name: "Take back the remark" }).click();
    await page.locator(".facts dt", { hasText: "Remark" }).waitFor({ state: "hidden" });
    assert.match(await page.evaluate(facts), /Declaredsuspect — kowalski/);
  });

  test("go back in time, say that it is not now, and come back", async () => {
    // What the recorder holds is asked for every ten seconds; in the first pictures of all there was no track yet.
    const kept_ms = `(one => Number(one.min) > 0 ? one.max - one.min : 0)(document.getElementById("time-slider"))`;
    await until(page, `${shown("timeline")} && ${kept_ms} > 9_000`, 22_000);
    await page.evaluate(backward);
    await until(page, `${text("mode")} === "SIM REPLAY paused" && ${shown("replay-strip")}`);
    await until(page, `/^REPLAY .* ago · /.test(${text("replay-text")}) && ${rows} > 0`);
    assert.match(await page.evaluate(text("watermark")), /REPLAY OF A SIMULATION · NOT REAL/);
    assert.equal(await page.evaluate(text("time-live")), "Back to NOW");
    const held = await page.evaluate(text("clock-time"));
    await shoot("daemon-replay");
    await page.click("#back-to-live");
    await until(page, `${text("mode")} === "SIM" && !(${shown("replay-strip")}) && ${text("clock-time")} > "${held}"`);
    assert.equal(await page.evaluate(text("time-live")), "NOW");
  });

  test("speak with nobody else, and the page complains of nothing", async () => {
    const { host } = new URL(daemon.url);
    assert.deepEqual(asked.filter((url) => new URL(url).host !== host), []);
    for (const path of ["/ws", "/status.json", "/history/span", "/annotations", "/maps.json", "/assets/world.json"]) {
      assert.ok(asked.some((url) => new URL(url).pathname === path), `${path} was asked for`);
    }
    assert.deepEqual(complaints, []);
  });

  test("say to a browser what the mock says", async () => {
    const mock = await startMock({ tracks: 0 });
    const told = async (url) => {
      const { headers } = await fetch(url);
      return ["content-security-policy", "x-content-type-options", "referrer-policy"].map((name) => headers.get(name));
    };
    try {
      for (const path of ["", "status.json", "assets/nothing"]) {
        assert.deepEqual(await told(mock.url + path), await told(daemon.url + path), `/${path}`);
      }
      assert.match((await told(daemon.url))[0], /frame-ancestors 'none'; base-uri 'none'; form-action 'none'/);
    } finally {
      mock.close();
    }
  });

  test("find each other again after the daemon was killed and started anew", async () => {
    await daemon.stop();
    await until(page, `${text("link")} !== "connected" && ${shown("alarm")}`);
    daemon = await startDaemon(daemon.port);
    await until(page, `${text("link")} === "connected" && ${text("mode")} === "SIM" && !(${shown("alarm")})`, 20_000);
    await until(page, `${rows} >= 5 && ${ages}.every((age) => age <= ${YOUNG_S})`, 20_000);
    // What was asked of the one that was gone is complained of by now.
    complaints.length = 0;
    const since = await page.evaluate(text("clock-time"));
    await until(page, `${text("clock-time")} > "${since}" && ${rows} >= 5`);
    assert.deepEqual(complaints, []);
  });
});
