/**
 * The page put together: messages go into the session, the map draws from it by itself, and the panels are shown anew a
 * few times a second. Nothing here decides how anything looks or what a message means.
 */
import { type Banner, highestLabel } from "./classification.ts";
import { Connection, socketUrl } from "./connection.ts";
import { byId, setText } from "./dom.ts";
import * as format from "./format.ts";
import { deadReckon, rangeBearing } from "./geodesy.ts";
import { type KeyAction, listenForKeys } from "./keyboard.ts";
import { PictureMap } from "./map/map.ts";
import { type Palette, readPalette } from "./palette.ts";
import { Help } from "./panels/help.ts";
import { LayersMenu } from "./panels/layers-menu.ts";
import { NoticeList } from "./panels/notice-list.ts";
import { SelectedTrack } from "./panels/selected-track.ts";
import { SensorList } from "./panels/sensor-list.ts";
import { Tabs } from "./panels/tabs.ts";
import { TopBar } from "./panels/top-bar.ts";
import { TrackList } from "./panels/track-list.ts";
import type { Position, Track } from "./protocol.ts";
import { Session } from "./session.ts";
import { type Settings, type Switch, TRAIL_MINUTES, change } from "./settings.ts";
import type { Signal } from "./signal.ts";
import { matches } from "./track-rows.ts";

/** The panels' beat; lists follow at every `LIST_BEATS`th. */
const BEAT_MS = 250;
const LIST_BEATS = 3;

export class App {
  readonly #settings: Signal<Settings>;
  readonly #session = new Session();
  readonly #connection: Connection;
  readonly #map: PictureMap;
  readonly #bar: TopBar;
  readonly #selectedPanel: SelectedTrack;
  readonly #list: TrackList;
  readonly #sensors: SensorList;
  readonly #tabs = new Tabs();
  readonly #notices = new NoticeList(byId("notices", HTMLOListElement));
  readonly #help: Help;
  readonly #search = byId("search", HTMLInputElement);
  readonly #listAll = byId("list-all", HTMLInputElement);
  readonly #counts = byId("counts", HTMLSpanElement);
  readonly #details = byId("details", HTMLSpanElement);
  readonly #pointer = byId("pointer", HTMLSpanElement);
  #palette: Palette;
  #banner: Banner = highestLabel([], "");
  #selected: string | null = null;
  #lastSeen: Track | null = null;
  #hovered: string | null = null;
  #following = false;
  #homeShownFor = "";
  #beats = 0;

  constructor(settings: Signal<Settings>) {
    this.#settings = settings;
    this.#palette = readPalette(document.documentElement, settings.value.theme);
    this.#map = this.#makeMap();
    this.#bar = new TopBar(() => this.#toggleTheme());
    this.#selectedPanel = new SelectedTrack(byId("selected-body", HTMLDivElement), {
      centred: () => this.#centre(),
      followed: () => this.#toggleFollow(),
      cleared: () => this.#select(null),
    });
    this.#list = new TrackList(byId("list", HTMLDivElement), {
      selected: (id) => this.#select(id),
      centred: (id) => {
        this.#select(id);
        this.#centre();
      },
    });
    this.#sensors = new SensorList(byId("sensors-body", HTMLDivElement), (at) => this.#map.centre(at));
    new LayersMenu(settings);
    const keys = this.#keys();
    this.#help = new Help(keys, () => this.#palette);
    listenForKeys(keys);
    this.#search.addEventListener("input", () => this.#showLists());
    this.#search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#search.value === "") this.#search.blur();
    });
    this.#listAll.addEventListener("change", () => change(settings, { listAll: this.#listAll.checked }));
    settings.watch((value) => this.#applySettings(value));
    this.#connection = new Connection(socketUrl(location.href), {
      opened: () => this.#session.handleOpen(),
      received: (text, now_ms) => this.#receive(text, now_ms),
    });
  }

  start(): void {
    this.#connection.start();
    setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  #makeMap(): PictureMap {
    const { store } = this.#session;
    const scene = {
      palette: () => this.#palette,
      settings: () => this.#settings.value,
      sensors: () => store.sensors(),
      entries: () => store.entries(),
      bearings: () => store.bearings(),
      now_ms: () => this.#now_ms(),
      selected: () => this.#selected,
      hovered: () => this.#hovered,
    };
    return new PictureMap(byId("map", HTMLDivElement), scene, {
      selected: (id) => this.#select(id),
      hovered: (id) => this.#hover(id),
      pointed: (at) => this.#showPointer(at),
      dragged: () => {
        this.#following = false;
      },
    });
  }

  #now_ms(): number {
    return this.#session.clock.now(performance.now());
  }

  #receive(text: string, now_ms: number): void {
    const before = this.#session.hello;
    const request = this.#session.handleText(text, now_ms);
    if (request !== null) this.#connection.send(request);
    if (this.#session.hello !== before) this.#greet();
  }

  /** A hello arrived: its sensors are new, and the first one of a node says where to look. */
  #greet(): void {
    const hello = this.#session.hello;
    if (hello === null) return;
    if (this.#homeShownFor !== hello.node) this.#showHome();
    this.#homeShownFor = hello.node;
    this.#map.redraw();
  }

  #showHome(): void {
    const hello = this.#session.hello;
    this.#map.showHome(hello?.origin ?? null, hello?.sensors ?? []);
  }

  #applySettings(value: Settings): void {
    document.documentElement.dataset.theme = value.theme;
    this.#palette = readPalette(document.documentElement, value.theme);
    this.#bar.showTheme(value.theme);
    this.#listAll.checked = value.listAll;
    this.#map.redraw();
    this.#showLists();
  }

  #toggleTheme(): void {
    change(this.#settings, { theme: this.#settings.value.theme === "night" ? "day" : "night" });
  }

  #select(id: string | null): void {
    if (id === this.#selected) return;
    this.#selected = id;
    this.#following = false;
    if (id !== null) this.#tabs.open("selected");
    this.#showSelected();
    this.#showLists();
    this.#map.redrawTracks();
  }

  #hover(id: string | null): void {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#map.redrawTracks();
  }

  #centre(): void {
    const entry = this.#session.store.get(this.#selected);
    if (entry !== undefined) this.#map.centre(deadReckon(entry.track, this.#now_ms()));
  }

  #toggleFollow(): void {
    this.#following = !this.#following && this.#selected !== null;
    if (this.#following) this.#centre();
    this.#showSelected();
  }

  #beat(): void {
    if (this.#following) this.#centre();
    if (this.#beats % LIST_BEATS === 0) this.#showLists();
    this.#beats += 1;
    this.#followNumber();
    this.#showSelected();
    this.#showBar();
    this.#notices.show(this.#session.store.notices.at(this.#now_ms()));
  }

  /** A selected track that merged stays selected, under its new number. */
  #followNumber(): void {
    const { store } = this.#session;
    if (this.#selected === null || store.get(this.#selected) !== undefined) return;
    const successor = store.notices.successor(this.#selected);
    if (successor === undefined || store.get(successor) === undefined) return;
    const following = this.#following;
    this.#select(successor);
    this.#following = following;
  }

  #showBar(): void {
    const { hello, clock, status, foreign } = this.#session;
    this.#bar.show({
      node: hello?.node ?? null,
      mode: hello?.mode ?? null,
      speed: clock.speed,
      progress: status?.progress ?? null,
      now_ms: clock.running ? this.#now_ms() : null,
      link: this.#connection.state(),
      foreign,
      banner: this.#banner,
    });
  }

  #showSelected(): void {
    const current = this.#session.store.get(this.#selected)?.track ?? null;
    if (current !== null || this.#selected === null) this.#lastSeen = current;
    const origin = this.#session.hello?.origin ?? null;
    this.#selectedPanel.show(this.#lastSeen, current === null, origin, this.#following, this.#now_ms());
  }

  #showLists(): void {
    const now_ms = this.#now_ms();
    const { store, status } = this.#session;
    const visible = this.#map.visible().map(({ track }) => track);
    const listed = this.#listed(visible);
    this.#list.show(listed, this.#selected, now_ms);
    this.#sensors.show(store.sensors(), status === null ? 0 : Math.max(0, now_ms - status.time_ms) / 1000);
    this.#showCounts(visible.length);
    this.#showBanner(visible, listed);
    this.#map.redrawGround();
  }

  #listed(visible: readonly Track[]): Track[] {
    const all = this.#settings.value.listAll;
    const tracks = all ? [...this.#session.store.entries()].map(({ track }) => track) : visible;
    return tracks.filter((track) => matches(track, this.#search.value));
  }

  /** Whatever can be read on the page counts: the map, the list, the card and the lines of bearing. */
  #showBanner(visible: readonly Track[], listed: readonly Track[]): void {
    const labels = [...visible, ...listed, ...this.#session.store.bearings()].map(({ label }) => label);
    if (this.#lastSeen !== null) labels.push(this.#lastSeen.label);
    this.#banner = highestLabel(labels, this.#session.hello?.classification ?? "");
  }

  #showCounts(visible: number): void {
    const { store, refused } = this.#session;
    setText(this.#counts, `${format.grouped(store.size)} tracks · ${format.grouped(visible)} in view`);
    const details = [
      ...(store.counters.scans === undefined ? [] : [`${format.grouped(store.counters.scans)} scans`]),
      `draw ${this.#map.cost_ms.toFixed(0)} ms`,
      ...(refused === 0 ? [] : [`${format.grouped(refused)} refused`]),
      ...(store.overflow === 0 ? [] : [`${format.grouped(store.overflow)} left out`]),
    ];
    setText(this.#details, details.map((text) => ` · ${text}`).join(""));
  }

  /** Where the pointer is, and how far from the selected track or else from the origin. */
  #showPointer(at: Position | null): void {
    const selected = this.#session.store.get(this.#selected)?.track;
    const from = selected === undefined ? this.#session.hello?.origin : deadReckon(selected, this.#now_ms());
    const parts = at === null ? [] : [format.position(at)];
    if (at !== null && from !== null && from !== undefined) {
      const { range_m, bearing_deg } = rangeBearing(from, at);
      parts.push(`${format.length(range_m)} at ${format.bearing(bearing_deg)} from ${selected?.name ?? "origin"}`);
    }
    setText(this.#pointer, parts.join(" · "));
  }

  #keys(): KeyAction[] {
    const toggle = (name: Switch) => () => change(this.#settings, { [name]: !this.#settings.value[name] });
    return [
      { key: "/", text: "filter the track list", act: () => this.#focusSearch() },
      { key: "j", text: "next track of the list", act: () => this.#list.step(1) },
      { key: "k", text: "previous track of the list", act: () => this.#list.step(-1) },
      { key: "c", text: "centre on the selected track", act: () => this.#centre() },
      { key: "f", text: "follow the selected track", act: () => this.#toggleFollow() },
      { key: "Escape", text: "select nothing", act: () => this.#select(null) },
      { key: "h", text: "home: all sensors", act: () => this.#showHome() },
      { key: "+", text: "zoom in", act: () => this.#map.zoom(0.5) },
      { key: "-", text: "zoom out", act: () => this.#map.zoom(-0.5) },
      { key: "n", text: "day or night colours", act: () => this.#toggleTheme() },
      { key: "l", text: "labels", act: toggle("labels") },
      { key: "t", text: "trails: next length", act: () => this.#nextTrail() },
      { key: "e", text: "uncertainty ellipses", act: toggle("ellipses") },
      { key: "v", text: "speed vectors", act: toggle("vectors") },
      { key: "b", text: "lines of bearing", act: toggle("bearings") },
      { key: "r", text: "range rings", act: toggle("rings") },
      { key: "g", text: "graticule", act: toggle("graticule") },
      { key: "a", text: "list all tracks or those in view", act: toggle("listAll") },
      { key: "?", text: "this sheet", act: () => this.#help.toggle() },
    ];
  }

  #focusSearch(): void {
    this.#tabs.open("tracks");
    this.#search.focus();
    this.#search.select();
  }

  #nextTrail(): void {
    const at = TRAIL_MINUTES.findIndex((minutes) => minutes === this.#settings.value.trail_min);
    change(this.#settings, { trail_min: TRAIL_MINUTES[(at + 1) % TRAIL_MINUTES.length] ?? 0 });
  }
}
