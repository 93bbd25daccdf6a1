/** What the tests of the page share: one browser, one mock node at a time, and pictures of what was seen. */
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { WAIT_MS_MAX, findBrowser, launch, newPage } from "./browser.mjs";
import { startMock } from "./server.mjs";

/** The size of a laptop in the field, of a tablet, of a telephone. */
export const WIDE = { viewport: { width: 1280, height: 800 }, colorScheme: "dark" };
const FINGERS = { isMobile: true, hasTouch: true, colorScheme: "dark" };
export const TABLET = { ...FINGERS, viewport: { width: 1024, height: 768 } };
export const UPRIGHT = { ...FINGERS, viewport: { width: 820, height: 1180 } };
export const NARROW = { ...FINGERS, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

/** Expressions of the page: the text of an element, whether it is shown, how many tracks are listed. */
export const text = (id) => `document.getElementById("${id}").textContent`;
export const shown = (id) => `!document.getElementById("${id}").hidden`;
export const rows = `document.querySelectorAll("#list tbody tr").length`;

export const chromium = await findBrowser();
export const skip = chromium === null ? "no Chromium on this machine" : false;

/** A group of tests; where it cannot run, one test that says why. A group that is skipped is in nobody's count. */
export function describeUnless(skip, name, tests) {
  if (skip) test(name, { skip });
  else describe(name, tests);
}

/**
 * Waits until an expression of the page is true. Playwright's own `waitForFunction` hands words to `eval` within the page,
 * which the page's policy forbids, as it should.
 */
export async function until(page, expression, limit_ms = WAIT_MS_MAX) {
  const ends_ms = performance.now() + limit_ms;
  while (!(await page.evaluate(expression).catch(() => false))) {
    if (performance.now() > ends_ms) throw new Error(`never true within ${limit_ms} ms: ${expression}`);
    await page.waitForTimeout(50);
  }
}

/** Launches a browser for the tests of one `describe`, and closes it after them. */
export function theatre() {
  const stage = { mock: null, complaints: [], asked: [] };
  let browser;
  let page;
  before(async () => {
    browser = await launch(chromium);
  });
  after(() => browser?.close());
  after(() => stage.mock?.close());

  /** Opens an address in a page of its own; the page before is closed. */
  stage.visit = async (url, view) => {
    await page?.close();
    stage.complaints.length = 0;
    stage.asked.length = 0;
    page = await newPage(browser, view, stage);
    await page.goto(url);
    return page;
  };

  /** Opens the page on a fresh mock and waits for its picture. */
  stage.open = async (view, options = {}, hash = "", ready = `${rows} > 20`) => {
    const before = stage.mock;
    stage.mock = await startMock({ tracks: 200, ...options });
    await stage.visit(stage.mock.url + hash, view);
    before?.close();
    await until(page, ready);
    return page;
  };

  /** Ends the node and starts another at the same place. */
  stage.restart = async () => {
    const { port } = stage.mock;
    stage.mock.close();
    await stage.moment(1_500);
    stage.mock = await startMock({ tracks: 200, port });
  };

  stage.moment = (ms) => new Promise((done) => setTimeout(done, ms));

  /** Leaves a picture of what is seen in the folder that COPMESH_SHOTS names. */
  stage.shoot = async (name) => {
    const folder = process.env.COPMESH_SHOTS;
    if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
  };
  return stage;
}
