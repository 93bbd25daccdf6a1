/** What the tests of the page share: one browser, one mock node at a time, and pictures of what was seen. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { Browser, findBrowser } from "./browser.mjs";
import { startMock } from "./server.mjs";

/** The size of a laptop in the field, of a tablet, of a telephone. */
export const WIDE = { width: 1280, height: 800 };
export const TABLET = { width: 1024, height: 768, touch: true };
export const NARROW = { width: 390, height: 844, scale: 2, touch: true };

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

/** Launches a browser for the tests of one `describe`, and closes it after them. */
export function theatre() {
  const stage = { mock: null };
  let browser;
  before(async () => {
    browser = await Browser.launch(chromium);
  });
  beforeEach(() => {
    browser.complaints.length = 0;
  });
  after(() => browser?.close());
  after(() => stage.mock?.close());

  /** The page, as soon as there is one. */
  stage.page = new Proxy({}, {
    get: (_, name) => (typeof browser[name] === "function" ? browser[name].bind(browser) : browser[name]),
  });

  /** Opens the page on a fresh mock and waits for its picture. */
  stage.open = async (view, options = {}, hash = "", ready = `document.querySelectorAll("#list tbody tr").length > 20`) => {
    const before = stage.mock;
    stage.mock = await startMock({ tracks: 200, ...options });
    await browser.open(stage.mock.url + hash, view);
    // Only now: a page whose node goes away complains.
    before?.close();
    await browser.until(ready);
    browser.complaints.length = 0;
  };

  /** Ends the node and starts another at the same place. */
  stage.restart = async () => {
    const { port } = stage.mock;
    stage.mock.close();
    await stage.moment(1_500);
    stage.mock = await startMock({ tracks: 200, port });
  };

  stage.moment = (ms) => new Promise((done) => setTimeout(done, ms));

  stage.shoot = (name) => shoot(browser, name);
  return stage;
}

/** Leaves a picture of what is seen in the folder that COPMESH_SHOTS names. */
export async function shoot(browser, name) {
  const folder = process.env.COPMESH_SHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await browser.screenshot(join(folder, `${name}.png`));
}
