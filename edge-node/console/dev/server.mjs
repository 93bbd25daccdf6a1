/**
 * A stand-in for the node: serves the built page under the same content security policy, and speaks the same protocol on
 * `/ws`, with a made-up world behind it. It listens on the loopback address only.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { Recording, tile } from "./recording.mjs";
import { ORIGIN, SENSORS, World } from "./world.mjs";

const root = resolve(
  process.env.COPMESH_CONSOLE_OUT ?? join(dirname(fileURLToPath(import.meta.url)), "..", "dist"),
);

const STATUS_MS = 1000;

/** Picture seconds between two recorded pictures before anybody looks. */
const WARMUP_STEP_S = 2;

/** The picture starts here, so that two runs show the same times. */
const START_MS = Date.UTC(2026, 10, 21, 17, 14, 8);

/** A replay this long is over when `progress` reaches 1. */
const RECORDING_S = 600;

/** A larger picture is not recorded while it runs: the mock must not be what is measured. */
const RECORDED_TRACKS_MAX = 1000;

const MAPS = {
  maps: [{ name: "harbour", format: "png", min_zoom: 0, max_zoom: 14, bounds: null, attribution: "Port office" }],
};

/** What the daemon says to a browser with every answer; its own test holds the two against each other. */
export const DRESS = {
  "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".map": "application/json",
};

const OPTIONS = {
  port: 0,
  tracks: 200,
  mode: "LIVE",
  seed: 7,
  speed: 1,
  /** Picture seconds to run before anybody looks, so that there are trails; the page itself only sees what comes later. */
  warmup_s: 0,
  classification: "UNCLASSIFIED",
  protocol: 1,
  update_ms: 250,
  /** A node of before the recorder, the annotations, the maps. */
  old: false,
  /** Every neighbour is down. */
  split: false,
};

/** Starts the mock; resolves to its address and to the knobs a test turns. */
export async function startMock(options = {}) {
  const mock = new Mock({ ...OPTIONS, ...options });
  await mock.listen();
  return mock;
}

class Mock {
  #options;
  #world;
  #http = createServer((request, response) => this.#serve(request, response));
  #sockets = new WebSocketServer({ server: this.#http, path: "/ws" });
  #timers = [];
  #silent = false;
  #recording = new Recording();
  resyncs = 0;
  /** What the page told: the last of each type, and how many. */
  heard = {};
  annotations = [];
  connections = 0;
  /** Requests for paths that the page should not ask for again and again. */
  asked = {};

  constructor(options) {
    this.#options = options;
    this.#world = new World({ ...options, start_ms: START_MS });
    for (let second = 0; second < options.warmup_s; second += WARMUP_STEP_S) {
      this.#world.advance(WARMUP_STEP_S);
      this.#recording.keep(this.#snapshot());
    }
    this.#sockets.on("connection", (socket) => this.#greet(socket));
  }

  async listen() {
    await new Promise((ready) => this.#http.listen(this.#options.port, "127.0.0.1", ready));
    this.#timers = [setInterval(() => this.#update(), this.#options.update_ms), setInterval(() => this.#status(), STATUS_MS)];
  }

  get port() {
    return this.#http.address().port;
  }

  get time_ms() {
    return this.#world.time_ms;
  }

  get url() {
    return `http://127.0.0.1:${this.#http.address().port}/`;
  }

  /** Holds every message back, with the sockets open: a node that hangs. */
  silence(silent) {
    this.#silent = silent;
  }

  /** Lets two tracks merge; returns the one that is gone and the one that goes on. */
  merge() {
    return this.#world.merge();
  }

  /** The id of the track that is the next to merge, of the one that somebody remarked on, of one that is silent. */
  get second() {
    return this.#world.tracks()[1].id;
  }

  get remarked() {
    return this.#world.tracks().find((track) => track.remark !== undefined).id;
  }

  get silentTrack() {
    return this.#world.tracks().find((track) => track.stale).id;
  }

  /** Drops every socket: a node that restarts. */
  drop() {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  close() {
    this.#timers.forEach(clearInterval);
    this.drop();
    this.#sockets.close();
    this.#http.close();
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, "http://mock");
    this.asked[pathname] = (this.asked[pathname] ?? 0) + 1;
    const answer = this.#answer(request, pathname, searchParams);
    if (answer !== null) return this.#send_json(response, await answer);
    const path = normalize(pathname);
    const file = join(root, path === "/" ? "index.html" : path);
    try {
      const body = await readFile(file);
      response.writeHead(200, {
        ...DRESS,
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
        "cache-control": "no-cache",
      });
      response.end(body);
    } catch {
      response.writeHead(404, DRESS).end("not found\n");
    }
  }

  /** What the node answers beside its files; `null` where it has no such route. */
  #answer(request, path, query) {
    const world = this.#world;
    if (path === "/status.json") return { sensors: world.sensors(), neighbours: world.neighbours(this.#options.split) };
    if (this.#options.old) return null;
    if (path === "/history/span") return this.#recording.span();
    if (path === "/history/picture") return this.#recording.picture(Number(query.get("at")));
    if (path.startsWith("/history/track/")) {
      const id = decodeURIComponent(path.slice("/history/track/".length));
      return this.#recording.track(id, Number(query.get("from")), Number(query.get("to")));
    }
    if (path === "/annotations" && request.method === "POST") return this.#annotate(request);
    if (path === "/maps.json") return MAPS;
    if (path.startsWith("/maps/harbour/")) return tile();
    if (path === "/about.json") return { version: "0.1.0", licence: "Apache-2.0", node: "mock" };
    return null;
  }

  async #annotate(request) {
    let text = "";
    for await (const part of request) text += part;
    const said = JSON.parse(text);
    this.annotations.push(said);
    this.#world.annotate(said);
    return { accepted: true };
  }

  #send_json(response, answer) {
    const type = Buffer.isBuffer(answer) ? "image/png" : "application/json";
    const body = Buffer.isBuffer(answer) || typeof answer === "string" ? answer : JSON.stringify(answer);
    response.writeHead(200, { ...DRESS, "content-type": type, "cache-control": "no-store" }).end(body);
  }

  #greet(socket) {
    this.connections += 1;
    const { mode, classification, protocol } = this.#options;
    this.#send(socket, { type: "hello", protocol, node: "mock", mode, classification, origin: ORIGIN, sensors: SENSORS });
    this.#send(socket, this.#snapshot());
    socket.on("message", (text) => {
      const message = JSON.parse(text);
      const { count = 0 } = this.heard[message.type] ?? {};
      this.heard[message.type] = { ...message, count: count + 1 };
      if (message.type === "pause" || message.type === "resume") socket.paused = message.type === "pause";
      if (message.type !== "resync") return;
      this.resyncs += 1;
      this.#send(socket, this.#snapshot());
    });
  }

  #snapshot() {
    const world = this.#world;
    return { type: "snapshot", time_ms: world.time_ms, tracks: world.tracks(), bearings: world.bearings() };
  }

  #update() {
    const world = this.#world;
    const before_ms = world.time_ms;
    const gone = world.advance((this.#options.update_ms / 1000) * this.#options.speed);
    const tracks = world.changedSince(before_ms);
    this.#broadcast({ type: "update", time_ms: world.time_ms, tracks, bearings: world.bearings(), gone });
  }

  #status() {
    const { mode, speed } = this.#options;
    const world = this.#world;
    const played = { speed, progress: Math.min(1, (world.time_ms - START_MS) / 1000 / RECORDING_S) };
    this.#broadcast({
      type: "status",
      time_ms: world.time_ms,
      sensors: world.sensors(),
      counters: { tracks: world.size, scans: world.scans },
      ...(mode === "REPLAY" ? played : {}),
    });
    if (!this.#options.old && world.size <= RECORDED_TRACKS_MAX) this.#recording.keep(this.#snapshot());
  }

  #broadcast(message) {
    for (const socket of this.#sockets.clients) this.#send(socket, message);
  }

  #send(socket, message) {
    if (!this.#silent && !socket.paused) socket.send(JSON.stringify(message));
  }
}
