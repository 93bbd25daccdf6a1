/**
 * The machine's own Chromium (`CHROMIUM` or the usual names), driven by playwright-core, which brings no browser with it.
 * Without one there is nothing to test with.
 */
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The longest that a test waits for anything, unless it says how long. */
export const WAIT_MS_MAX = 10_000;

/** The path of a browser, or null. */
export async function findBrowser() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  for (const path of [process.env.CHROMIUM, ...paths].filter((one) => one !== undefined)) {
    if (await access(path).then(() => true, () => false)) return path;
  }
  return null;
}

export const launch = (executablePath) => chromium.launch({ executablePath, args: ["--disable-gpu", "--disable-quic"] });

/**
 * A page of its own, with nothing kept from others. What it warns of, fails at and is refused goes to `complaints`, the
 * addresses that it asks to `asked`.
 */
export async function newPage(browser, view, { complaints, asked }) {
  const page = await browser.newPage(view);
  page.setDefaultTimeout(WAIT_MS_MAX);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  return page;
}
