/** The node's recorder as the page uses it: what it holds, where in it the page stands, and the bar that moves it. */
import { PastPicture } from "./history/past-picture.ts";
import { Playback, type Span } from "./history/playback.ts";
import { ask } from "./node-api.ts";
import { Timeline } from "./panels/timeline.ts";
import type { Hello } from "./protocol.ts";
import type { TrackStore } from "./track-store.ts";

/** How often the recorder is asked what it holds. */
const SPAN_MS = 10_000;

export interface RecorderEvents {
  /** Another picture is on the screen, or the page left or reached live. */
  changed(): void;
  /** Time of the live picture. */
  live_ms(): number;
  /** Whether what the node sends is live, and not itself a replay or a simulation. */
  isLive(): boolean;
}

export class Recorder {
  readonly #events: RecorderEvents;
  readonly #playback = new Playback();
  readonly #past: PastPicture;
  readonly #timeline: Timeline;
  #span_due_ms = Infinity;
  #asking = false;
  #missing = false;
  #wanted_ms: number | null = null;

  constructor(events: RecorderEvents) {
    this.#events = events;
    this.#past = new PastPicture(() => events.changed());
    this.#timeline = new Timeline({
      sought: (at_ms) => this.seek(at_ms),
      stepped: (by_ms) => this.step(by_ms),
      played: () => this.togglePlay(),
      sped: (speed) => this.#playback.setSpeed(speed, performance.now()),
      live: () => this.backToLive(),
    });
  }

  get live(): boolean {
    return this.#playback.live;
  }

  /** The moment of the past on the screen, or `null` while live. */
  at(): number | null {
    return this.#playback.at(performance.now());
  }

  /** The moment that a link asked for and that is shown as soon as there is a recorder. */
  get wanted(): number | null {
    return this.#wanted_ms;
  }

  /** Picture seconds per second on the screen. */
  get speed(): number {
    return this.#playback.playing ? this.#playback.speed : 0;
  }

  get store(): TrackStore {
    return this.#past.store;
  }

  /** A node greeted: what its recorder holds is asked anew. */
  handleHello(hello: Hello): void {
    this.#past.handleHello(hello);
    this.#missing = false;
    this.#span_due_ms = 0;
  }

  /** Shows a moment as soon as it is known that there is a recorder. */
  open(at_ms: number): void {
    this.#wanted_ms = at_ms;
    if (this.#playback.span !== null) this.seek(at_ms);
  }

  seek(at_ms: number): void {
    if (this.#playback.span === null) return;
    this.#wanted_ms = null;
    this.#playback.seek(at_ms, performance.now());
    this.beat();
    this.#events.changed();
  }

  step(by_ms: number): void {
    if (this.#playback.span === null) return;
    this.#playback.step(by_ms, this.#events.live_ms(), performance.now());
    this.beat();
    this.#events.changed();
  }

  /** From live, playing starts a minute back. */
  togglePlay(): void {
    if (this.#playback.span === null) return;
    if (this.live) this.step(-60_000);
    this.#playback.play(!this.#playback.playing, performance.now());
    this.beat();
  }

  backToLive(): void {
    this.#wanted_ms = null;
    if (this.live) return;
    this.#playback.backToLive();
    this.#past.forget();
    this.beat();
    this.#events.changed();
  }

  /** To be called a few times a second. */
  beat(): void {
    const local_ms = performance.now();
    if (!this.#missing && !this.#asking && local_ms >= this.#span_due_ms) void this.#askSpan();
    this.#playback.handleTimeout(local_ms);
    const at_ms = this.#playback.at(local_ms);
    if (at_ms !== null) this.#past.want(at_ms, this.speed, local_ms);
    const why = this.#past.trouble !== "" ? this.#past.trouble : this.#past.loading ? "loading…" : "";
    const told = this.#past.trouble === "" && this.speed > 0 ? "" : why;
    this.#timeline.show(this.#playback, this.#events.live_ms(), local_ms, told, this.#events.isLive());
  }

  async #askSpan(): Promise<void> {
    this.#asking = true;
    const answer = await ask("history/span");
    this.#asking = false;
    this.#span_due_ms = performance.now() + SPAN_MS;
    this.#missing = answer.state === "missing";
    if (answer.state === "missing") this.#playback.handleSpan(null);
    if (answer.state === "ok") this.#playback.handleSpan(readSpan(answer.body));
    if (this.#wanted_ms !== null && this.#playback.span !== null) this.seek(this.#wanted_ms);
  }
}

/** `{"from": ms, "to": ms}`; nothing while the recorder is empty. */
function readSpan(body: unknown): Span | null {
  if (typeof body !== "object" || body === null) return null;
  const { from, to } = body as { from?: unknown; to?: unknown };
  return typeof from === "number" && typeof to === "number" && to > from ? { from_ms: from, to_ms: to } : null;
}
