/**
 * A headless Chromium by its DevTools protocol, as much of it as the page's test needs: open, evaluate, press, look.
 * The browser is the machine's own (`CHROMIUM` or the usual names); without one there is nothing to test with.
 */
import { spawn } from "node:child_process";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { WebSocket } from "ws";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** The path of a browser, or null. */
export async function findBrowser() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  for (const path of [process.env.CHROMIUM, ...paths].filter((one) => one !== undefined)) {
    if (await access(path).then(() => true, () => false)) return path;
  }
  return null;
}

export class Browser {
  #child;
  #profile;
  #socket;
  #next = 1;
  #waiting = new Map();
  #listeners = new Map();
  /** Errors, warnings and refusals the page's console has seen. */
  complaints = [];

  static async launch(path) {
    const browser = new Browser();
    await browser.#start(path);
    return browser;
  }

  async open(url, { width, height, scale = 1, touch = false, theme = "dark" }) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: touch });
    await this.send("Emulation.setTouchEmulationEnabled", { enabled: touch });
    const features = [{ name: "prefers-color-scheme", value: theme }];
    await this.send("Emulation.setEmulatedMedia", { features });
    await this.send("Page.navigate", { url });
  }

  /** The value of an expression in the page. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? "page threw");
    return result.value;
  }

  /** Waits until an expression is true; throws after `limit_ms`. */
  async until(expression, limit_ms = 10_000) {
    const ends_ms = performance.now() + limit_ms;
    while (!(await this.evaluate(expression).catch(() => false))) {
      if (performance.now() > ends_ms) throw new Error(`never true within ${limit_ms} ms: ${expression}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async press(key) {
    const text = key.length === 1 ? key : undefined;
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  async click(x, y) {
    const at = { x, y, button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { ...at, type: "mouseMoved", button: "none" });
    await this.send("Input.dispatchMouseEvent", { ...at, type: "mousePressed" });
    await this.send("Input.dispatchMouseEvent", { ...at, type: "mouseReleased" });
  }

  /** Calls `listener` with the parameters of every event of a name; `null` ends it. */
  on(method, listener) {
    this.#listeners.set(method, listener);
  }

  async screenshot(file) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    await writeFile(file, Buffer.from(data, "base64"));
  }

  async close() {
    this.#socket?.terminate();
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill();
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  send(method, params = {}) {
    const id = this.#next;
    this.#next += 1;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async #start(path) {
    this.#profile = await mkdtemp(join(tmpdir(), "copmesh-console-"));
    this.#child = spawn(path, [...FLAGS, `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const port = await listeningPort(this.#child.stderr);
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const page = targets.find((target) => target.type === "page");
    this.#socket = new WebSocket(page.webSocketDebuggerUrl);
    await new Promise((done, failed) => this.#socket.once("open", done).once("error", failed));
    this.#socket.on("message", (text) => this.#handle(JSON.parse(text)));
    for (const domain of ["Page", "Runtime", "Log"]) await this.send(`${domain}.enable`);
  }

  #handle({ id, result, error, method, params }) {
    if (method === "Runtime.exceptionThrown") this.complaints.push(params.exceptionDetails.exception?.description);
    if (method === "Log.entryAdded" && params.entry.level !== "verbose" && params.entry.level !== "info") {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
    if (method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(params.type)) {
      this.complaints.push(params.args.map((arg) => arg.value ?? arg.description).join(" "));
    }
    this.#listeners.get(method)?.(params);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.done(result);
    else waiting.failed(new Error(error.message));
  }
}

/** The browser names its port on standard error once it listens. */
function listeningPort(stream) {
  return new Promise((done, failed) => {
    let text = "";
    stream.on("data", (part) => {
      text += part;
      const found = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(text);
      if (found !== null) done(Number(found[1]));
    });
    stream.once("end", () => failed(new Error(`the browser did not start: ${text.slice(-500)}`)));
  });
}
