/**
 * One conversation with a node: every frame goes in here, the store and the picture clock are what comes of it, and now and
 * then a request to the node. It notices when the page has missed something and asks for the whole picture again.
 */
import { PictureClock, STEP_MS } from "./picture-clock.ts";
import { type Hello, type Message, PROTOCOL, type Status, type Update, decode } from "./protocol.ts";
import { TrackStore } from "./track-store.ts";

/** Requests for the whole picture are at least this far apart. */
export const RESYNC_INTERVAL_MS = 5_000;

/** So many statuses in a row must disagree with the page about the number of tracks before it counts as a loss. */
export const MISCOUNTS_MAX = 3;

/** A request to the node. */
export interface Resync {
  type: "resync";
}

export class Session {
  readonly store = new TrackStore();
  readonly clock = new PictureClock();
  #hello: Hello | null = null;
  #status: Status | null = null;
  #complete = false;
  #picture_ms = 0;
  #miscounts = 0;
  #countTrusted = true;
  #asked_ms = Number.NEGATIVE_INFINITY;
  #refused = 0;
  #seq: number | null = null;

  get hello(): Hello | null {
    return this.#hello;
  }

  get status(): Status | null {
    return this.#status;
  }

  /** Messages or parts of them that made no sense. */
  get refused(): number {
    return this.#refused;
  }

  /** True when the node speaks another protocol version, so that nothing of it is shown. */
  get foreign(): boolean {
    return this.#hello !== null && this.#hello.protocol !== PROTOCOL;
  }

  /** A new socket: the node will tell everything from the start. */
  handleOpen(): void {
    this.#complete = false;
    this.#miscounts = 0;
    this.#countTrusted = true;
    this.#seq = null;
    this.#asked_ms = Number.NEGATIVE_INFINITY;
  }

  /** Takes one frame that arrived at `local_ms`; returns what to ask of the node, if anything. */
  handleText(text: string, local_ms: number): Resync | null {
    const { message, refused, seq } = decode(text);
    this.#refused += refused;
    const skipped = this.#skipped(seq);
    const missed = message === null ? refused > 0 : this.#handle(message, local_ms);
    return missed || skipped ? this.#ask(local_ms) : null;
  }

  /** Whether a frame is missing before this one; a snapshot makes up for whatever was. */
  #skipped(seq: number | undefined): boolean {
    const expected = this.#seq === null ? seq : this.#seq + 1;
    this.#seq = seq ?? null;
    return seq !== expected;
  }

  /** Applies a message; true when it shows that something was missed. */
  #handle(message: Message, local_ms: number): boolean {
    if (message.type === "hello") return this.#handleHello(message);
    if (this.foreign) return false;
    this.clock.handleTime(message.time_ms, local_ms);
    switch (message.type) {
      case "snapshot":
        this.store.handleSnapshot(message);
        this.#complete = true;
        this.#picture_ms = message.time_ms;
        return false;
      case "update":
        return this.#handleUpdate(message);
      case "status":
        this.clock.handleSpeed(message.speed ?? 1, local_ms);
        this.store.handleStatus(message);
        this.#status = message;
        return this.#miscounted(message);
    }
  }

  #handleHello(hello: Hello): boolean {
    if (this.#hello?.node !== hello.node || this.#hello.mode !== hello.mode) this.store.clear();
    this.#hello = hello;
    this.#status = null;
    this.store.handleHello(hello);
    this.clock.reset();
    return false;
  }

  #handleUpdate(update: Update): boolean {
    const rewound = update.time_ms < this.#picture_ms - STEP_MS;
    this.#picture_ms = update.time_ms;
    this.store.handleUpdate(update);
    return rewound || !this.#complete;
  }

  /** A count that stays wrong after a fresh snapshot means something else at this node, and is no longer trusted. */
  #miscounted(status: Status): boolean {
    const told = status.counters.tracks;
    if (told === undefined || told === this.store.size) {
      this.#miscounts = 0;
      this.#countTrusted = true;
      return false;
    }
    this.#miscounts += 1;
    if (!this.#countTrusted || this.#miscounts < MISCOUNTS_MAX) return false;
    this.#countTrusted = false;
    return true;
  }

  #ask(local_ms: number): Resync | null {
    if (local_ms - this.#asked_ms < RESYNC_INTERVAL_MS) return null;
    this.#asked_ms = local_ms;
    return { type: "resync" };
  }
}
