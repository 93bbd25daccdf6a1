/**
 * A stand-in for the node: serves the built page under the same content security policy and speaks the same protocol on
 * `/ws`, with a made-up world behind it. It listens on the loopback address only.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { ORIGIN, SENSORS, World } from "./world.mjs";

const root = resolve(
  process.env.COPMESH_CONSOLE_OUT ?? join(dirname(fileURLToPath(import.meta.url)), "..", "dist"),
);

const UPDATE_MS = 250;
const STATUS_MS = 1000;

/** The picture starts here, so that two runs show the same times. */
const START_MS = Date.UTC(2026, 10, 21, 17, 14, 8);

/** A replay this long is over when `progress` reaches 1. */
const RECORDING_S = 600;

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
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
  resyncs = 0;

  constructor(options) {
    this.#options = options;
    this.#world = new World({ ...options, start_ms: START_MS });
    this.#world.advance(options.warmup_s);
    this.#sockets.on("connection", (socket) => this.#greet(socket));
  }

  async listen() {
    await new Promise((ready) => this.#http.listen(this.#options.port, "127.0.0.1", ready));
    this.#timers = [setInterval(() => this.#update(), UPDATE_MS), setInterval(() => this.#status(), STATUS_MS)];
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
    const path = normalize(new URL(request.url, "http://mock").pathname);
    const file = join(root, path === "/" ? "index.html" : path);
    try {
      const body = await readFile(file);
      response.writeHead(200, {
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
        "content-security-policy": "default-src 'self'",
        "cache-control": "no-cache",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end("not found\n");
    }
  }

  #greet(socket) {
    const { mode, classification, protocol } = this.#options;
    this.#send(socket, { type: "hello", protocol, node: "mock", mode, classification, origin: ORIGIN, sensors: SENSORS });
    this.#send(socket, this.#snapshot());
    socket.on("message", (text) => {
      if (JSON.parse(text).type !== "resync") return;
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
    const gone = world.advance((UPDATE_MS / 1000) * this.#options.speed);
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
  }

  #broadcast(message) {
    for (const socket of this.#sockets.clients) this.#send(socket, message);
  }

  #send(socket, message) {
    if (!this.#silent) socket.send(JSON.stringify(message));
  }
}
