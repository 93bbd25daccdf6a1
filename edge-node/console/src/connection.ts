/** The WebSocket to the node: opens, reopens, and hands every text frame on. All decisions are `Link`'s. */
import { Link, type LinkState } from "./link.ts";

const TICK_MS = 250;

export interface ConnectionEvents {
  /** A new socket is open; the node starts with a hello. */
  opened(): void;
  /** One text frame, at `now_ms` of the monotonic clock. */
  received(text: string, now_ms: number): void;
}

export class Connection {
  readonly #link = new Link(performance.now());
  readonly #url: string;
  readonly #events: ConnectionEvents;
  #socket: WebSocket | null = null;

  constructor(url: string, events: ConnectionEvents) {
    this.#url = url;
    this.#events = events;
  }

  start(): void {
    setInterval(() => this.#tick(), TICK_MS);
    window.addEventListener("online", () => this.retryNow());
    this.#tick();
  }

  retryNow(): void {
    this.#link.handleWake(performance.now());
    this.#tick();
  }

  /** Sends one message if the socket is open; a closed one needs no request, since a new socket starts with a snapshot. */
  send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Asks the node to be quiet while nobody looks at the page, and for the whole picture once somebody does again. */
  pause(paused: boolean): void {
    if (paused) {
      this.send({ type: "pause" });
      this.#link.handlePause();
      return;
    }
    this.#link.handleResume(performance.now());
    this.send({ type: "resume" });
    this.send({ type: "resync" });
  }

  state(): LinkState {
    return this.#link.state(performance.now());
  }

  #tick(): void {
    switch (this.#link.handleTimeout(performance.now())) {
      case "open":
        this.#open();
        break;
      case "close":
        this.#closed(this.#socket);
        break;
      case "nothing":
        break;
    }
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      this.#link.handleOpen(performance.now());
      this.#events.opened();
    });
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket || typeof event.data !== "string") return;
      const now_ms = performance.now();
      this.#link.handleMessage(now_ms);
      this.#events.received(event.data, now_ms);
    });
    socket.addEventListener("close", () => this.#closed(socket));
  }

  /** Leaves `socket` behind at once: the closing handshake of a dead peer may take minutes. */
  #closed(socket: WebSocket | null): void {
    if (socket === null || socket !== this.#socket) return;
    this.#socket = null;
    socket.close();
    this.#link.handleClose(performance.now(), Math.random());
  }
}

/** The node's socket beside the page itself, whatever path a proxy put it under. */
export function socketUrl(page: string): string {
  const url = new URL("ws", page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = "";
  return url.href;
}
