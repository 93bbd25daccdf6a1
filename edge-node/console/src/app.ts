/**
 * The page put together: messages go into the session, the map draws from it by itself, and the panels are shown anew a
 * few times a second. Nothing here decides how anything looks or what a message means.
 */
import { type MapView, type PageState, fromHash, toHash } from "./address.ts";
import { BaseMap } from "./base-map.ts";
import { type Banner, highestLabel } from "./classification.ts";
import { Connection, socketUrl } from "./connection.ts";
import { byId, setText } from "./dom.ts";
import { type Filters, activeCount, passes } from "./filters.ts";
import * as format from "./format.ts";
import { TrackHistory } from "./history/track-history.ts";
import { deadReckon, rangeBearing } from "./geodesy.ts";
import { type KeyAction, listenForKeys } from "./keyboard.ts";
import { PictureMap } from "./map/map.ts";
import { Measuring } from "./measuring.ts";
import { ask, trouble } from "./node-api.ts";
import { type Neighbour, readNeighbours } from "./node-status.ts";
import { type Palette, readPalette } from "./palette.ts";
import { About } from "./panels/about.ts";
import { ExportMenu } from "./panels/export-menu.ts";
import { FilterMenu } from "./panels/filter-menu.ts";
import { Help } from "./panels/help.ts";
import { PLOT_MS } from "./panels/history-plot.ts";
import { LayersMenu } from "./panels/layers-menu.ts";
import { NoticeList } from "./panels/notice-list.ts";
import { PeerList } from "./panels/peer-list.ts";
import { SelectedTrack } from "./panels/selected-track.ts";
import { SensorList } from "./panels/sensor-list.ts";
import { Tabs } from "./panels/tabs.ts";
import { STEP_MS } from "./panels/timeline.ts";
import { TopBar, nextTheme } from "./panels/top-bar.ts";
import { TrackList } from "./panels/track-list.ts";
import type { Position, Track } from "./protocol.ts";
import { Recorder } from "./recorder.ts";
import { Session } from "./session.ts";
import { type Settings, type Switch, TRAIL_MINUTES, change } from "./settings.ts";
import { Signal } from "./signal.ts";
import type { Entry, TrackStore } from "./track-store.ts";
import { matches } from "./track-rows.ts";

/** The panels' beat; lists follow at every `LIST_BEATS`th. */
const BEAT_MS = 250;
const LIST_BEATS = 3;
const PEERS_BEATS = 8;

/** From this height on there is room for the card and for the tables below it. */
const ROOMY_PX = 1000;

/** Up to this width there is one panel at a time; the style sheet has the same number. */
const NARROW_PX = 800;

/** Another view is told to the node and to the address bar once the map has rested for so long. */
const SETTLED_MS = 400;

/** The node is told of a view this much wider on every side, so that a short drag shows tracks at once. */
const VIEW_PART = 0.5;

/** How often a second the page wants to be told of changes. */
const UPDATES_HZ = 2;

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
  readonly #filters: Signal<Filters>;
  readonly #filterMenu: FilterMenu;
  readonly #layers: LayersMenu;
  readonly #recorder: Recorder;
  readonly #peers = new PeerList(byId("mesh-body", HTMLDivElement));
  readonly #measuring: Measuring;
  readonly #baseMap = new BaseMap(() => this.#map);
  readonly #history = new TrackHistory();
  #neighbours: Neighbour[] | null = null;
  #peersWhy = "Not asked yet.";
  #settling = 0;
  #viewGiven = false;
  #groundKey = "";
  #toldView = "";
  #palette: Palette;
  #banner: Banner = highestLabel([], "");
  #selected: string | null = null;
  #lastSeen: Track | null = null;
  #hovered: string | null = null;
  #following = false;
  #homeShownFor = "";
  #beats = 0;

  constructor(settings: Signal<Settings>) {
    const given = fromHash(location.hash);
    this.#settings = settings;
    this.#filters = new Signal(given.filters);
    this.#recorder = new Recorder({
      changed: () => this.#picturesChanged(),
      live_ms: () => this.#live_ms(),
      isLive: () => this.#session.hello?.mode === "LIVE",
    });
    this.#palette = readPalette(document.documentElement, settings.value.theme);
    this.#measuring = new Measuring(this.#locator, {
      changed: () => this.#map.redrawTracks(),
      toggled: () => this.#toggleMeasuring(),
    });
    this.#map = this.#makeMap();
    this.#bar = new TopBar(() => this.#toggleTheme());
    this.#filterMenu = new FilterMenu(this.#filters);
    this.#selectedPanel = new SelectedTrack(byId("selected-body", HTMLDivElement), {
      centred: () => this.#centre(),
      followed: () => this.#toggleFollow(),
      measured: () => this.#startMeasuring(),
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
    this.#layers = new LayersMenu(settings);
    new ExportMenu(() => this.#exported());
    new About();
    const keys = this.#keys();
    this.#help = new Help(keys, () => this.#palette, () => settings.value.symbols);
    listenForKeys(keys);
    this.#search.addEventListener("input", () => {
      this.#showLists();
      this.#settle();
    });
    this.#filters.onChange(() => this.#filtersChanged());
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
    document.addEventListener("visibilitychange", () => this.#connection.pause(document.hidden));
    window.addEventListener("hashchange", () => this.#restore(fromHash(location.hash)));
    this.#restore(fromHash(location.hash));
    void this.#baseMap.loadOutlines();
    this.#beat();
  }

  /** What the address bar says: at the start, and when somebody types or follows a link. */
  #restore({ track, view, filters, search, at_ms }: PageState): void {
    if (view !== null) this.#showGiven(view);
    this.#search.value = search;
    this.#filters.set(filters);
    this.#select(track);
    if (at_ms === null) this.#recorder.backToLive();
    else this.#recorder.open(at_ms);
  }

  #showGiven(view: MapView): void {
    this.#viewGiven = true;
    this.#map.showView(view);
  }

  /** Once the page has rested for a moment, the address bar and the node learn of what is looked at. */
  #settle(): void {
    window.clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => {
      const [track, filters, search] = [this.#selected, this.#filters.value, this.#search.value];
      const hash = toHash({ track, view: this.#map.view(), filters, search, at_ms: this.#recorder.at() ?? this.#recorder.wanted });
      if (hash !== location.hash) history.replaceState(null, "", hash === "" ? location.pathname : hash);
      this.#tellView();
    }, SETTLED_MS);
  }

  /** Everything while every track is listed, else what is on the screen and somewhat more. */
  #tellView(): void {
    const bbox = this.#settings.value.listAll ? {} : { bbox: this.#map.bounds(VIEW_PART) };
    const view = { type: "view", ...bbox, hz: UPDATES_HZ };
    const told = JSON.stringify(view);
    if (told === this.#toldView) return;
    this.#toldView = told;
    this.#connection.send(view);
  }

  /** The node tells of a selected track wherever it goes. */
  #tellSelected(): void {
    this.#connection.send({ type: "select", track: this.#selected });
  }

  #makeMap(): PictureMap {
    const scene = {
      palette: () => this.#palette,
      settings: () => this.#settings.value,
      sensors: () => this.#store.sensors(),
      entries: () => this.#shown(),
      bearings: () => this.#store.bearings(),
      world: () => this.#baseMap.world,
      ruler: () => this.#measuring.ruler(this.#now_ms()),
      now_ms: () => this.#now_ms(),
      selected: () => this.#selected,
      hovered: () => this.#hovered,
    };
    return new PictureMap(byId("map", HTMLDivElement), scene, {
      clicked: (at, id) => this.#clicked(at, id),
      hovered: (id) => this.#hover(id),
      pointed: (at) => this.#showPointer(at),
      dragged: () => {
        this.#following = false;
      },
      moved: () => this.#settle(),
    });
  }

  /** Picture time on the screen. */
  #now_ms(): number {
    return this.#recorder.at() ?? this.#live_ms();
  }

  #live_ms(): number {
    return this.#session.clock.now(performance.now());
  }

  /** The picture on the screen: what the node sends, or what the recorder has. */
  get #store(): TrackStore {
    return this.#recorder.live ? this.#session.store : this.#recorder.store;
  }

  /** What the filters let through. What is selected is always shown: a filter must not make it vanish from under a hand. */
  #shown(): Iterable<Entry> {
    return activeCount(this.#filters.value) === 0 ? this.#store.entries() : this.#passed();
  }

  *#passed(): Iterable<Entry> {
    const [filters, now_ms] = [this.#filters.value, this.#now_ms()];
    for (const entry of this.#store.entries()) {
      if (entry.track.id === this.#selected || passes(entry.track, filters, now_ms)) yield entry;
    }
  }

  readonly #locator = {
    locate: (id: string): { at: Position; name: string } | null => {
      const track = this.#store.get(id)?.track;
      return track === undefined ? null : { at: deadReckon(track, this.#now_ms()), name: track.name };
    },
  };

  /** Another picture is on the screen. */
  #picturesChanged(): void {
    this.#showSelected();
    this.#showLists();
    this.#showBar();
    this.#map.redraw();
    this.#settle();
  }

  #filtersChanged(): void {
    this.#showLists();
    this.#map.redrawTracks();
    this.#settle();
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
    if (this.#homeShownFor !== hello.node && !this.#viewGiven) this.#showHome();
    if (this.#homeShownFor !== hello.node) void this.#askMaps();
    this.#homeShownFor = hello.node;
    this.#viewGiven = false;
    this.#recorder.handleHello(hello);
    this.#history.handleGreeting();
    this.#toldView = "";
    this.#tellView();
    this.#tellSelected();
    void this.#askPeers();
    this.#map.redraw();
  }

  async #askMaps(): Promise<void> {
    this.#layers.offer(await this.#baseMap.ask(this.#settings.value.map));
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
    this.#baseMap.show(value.map);
    this.#map.redraw();
    this.#showLists();
    this.#settle();
  }

  #toggleTheme(): void {
    change(this.#settings, { theme: nextTheme(this.#settings.value.theme) });
  }

  #clicked(at: Position, id: string | null): void {
    if (this.#measuring.active) this.#measuring.handleClick(at, id);
    else this.#select(id);
  }

  #toggleMeasuring(): void {
    if (this.#measuring.active) this.#measuring.stop();
    else this.#startMeasuring();
  }

  /** From the selected track, if there is one. */
  #startMeasuring(): void {
    this.#measuring.start(this.#store.get(this.#selected) === undefined ? null : this.#selected);
  }

  /** Escape takes off one thing at a time. */
  #escape(): void {
    if (this.#measuring.active) this.#measuring.stop();
    else this.#select(null);
  }

  /** The tracks of the list, in the state in which they are shown. */
  #exported() {
    const visible = this.#map.visible().map(({ track }) => track);
    const mode = this.#session.hello?.mode ?? "UNKNOWN";
    const state = this.#recorder.live ? mode : mode === "SIM" ? "SIM-REPLAY" : "REPLAY";
    const origin = {
      node: this.#session.hello?.node ?? "",
      state: this.#connection.state().stale && this.#recorder.live ? `${state}-STALE` : state,
      classification: this.#banner.text,
      time_ms: this.#now_ms(),
    };
    return { tracks: this.#listed(visible), origin };
  }

  #select(id: string | null): void {
    if (id === this.#selected) return;
    this.#selected = id;
    this.#following = false;
    this.#lastSeen = null;
    if (id !== null) this.#tabs.open("selected");
    this.#foldHealth(id !== null);
    this.#tellSelected();
    this.#settle();
    this.#showSelected();
    this.#showLists();
    this.#map.redrawTracks();
  }

  /** On a low screen the tables of sensors and mesh give the card their room; their summaries stay. */
  #foldHealth(selected: boolean): void {
    if (window.innerHeight >= ROOMY_PX || window.innerWidth <= NARROW_PX) return;
    for (const id of ["sensors-fold", "mesh-fold"]) byId(id, HTMLDetailsElement).open = !selected;
  }

  #hover(id: string | null): void {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#map.redrawTracks();
  }

  #centre(): void {
    const entry = this.#store.get(this.#selected);
    if (entry !== undefined) this.#map.centre(deadReckon(entry.track, this.#now_ms()));
  }

  #toggleFollow(): void {
    this.#following = !this.#following && this.#selected !== null;
    if (this.#following) this.#centre();
    this.#showSelected();
  }

  #beat(): void {
    if (document.hidden) return;
    this.#recorder.beat();
    if (this.#following) this.#centre();
    if (this.#beats % LIST_BEATS === 0) this.#showLists();
    if (this.#beats % PEERS_BEATS === 0) void this.#askPeers();
    this.#beats += 1;
    if (this.#measuring.active) this.#measuring.show();
    this.#followNumber();
    this.#showSelected();
    this.#showBar();
    this.#notices.show(this.#store.notices.at(this.#now_ms()));
  }

  /** The mesh is asked for only while the node answers at all. */
  async #askPeers(): Promise<void> {
    if (this.#connection.state().phase !== "open") return;
    const answer = await ask("status.json");
    this.#neighbours = answer.state === "ok" ? readNeighbours(answer.body) : null;
    this.#peersWhy = answer.state === "ok" ? "This node tells of no neighbours." : `Not known: ${trouble(answer)}.`;
    this.#peers.show(this.#neighbours, this.#peersWhy);
  }

  /** A selected track that merged stays selected, under its new number. */
  #followNumber(): void {
    const store = this.#store;
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
      past: !this.#recorder.live,
      speed: this.#recorder.live ? clock.speed : this.#recorder.speed,
      progress: status?.progress ?? null,
      now_ms: clock.running ? this.#now_ms() : null,
      link: this.#connection.state(),
      foreign,
      banner: this.#banner,
    });
  }

  #showSelected(): void {
    const current = this.#store.get(this.#selected)?.track ?? null;
    if (current !== null || this.#selected === null) this.#lastSeen = current;
    const now_ms = this.#now_ms();
    if (current !== null) {
      this.#history.handleTrack(current);
      this.#history.refresh(now_ms - PLOT_MS, now_ms, performance.now());
    }
    this.#selectedPanel.show({
      id: this.#selected,
      track: this.#lastSeen,
      gone: current === null,
      node: this.#session.hello?.node ?? "",
      origin: this.#session.hello?.origin ?? null,
      following: this.#following,
      now_ms,
      live: this.#recorder.live,
      samples: current === null ? [] : this.#history.samples(),
      note: this.#history.note,
      palette: this.#palette,
    });
  }

  #showLists(): void {
    const now_ms = this.#now_ms();
    const { status } = this.#session;
    const visible = this.#map.visible().map(({ track }) => track);
    const listed = this.#listed(visible);
    this.#list.show(listed, this.#selected, now_ms);
    const sensors = this.#session.store.sensors();
    this.#sensors.show(sensors, status === null ? 0 : Math.max(0, this.#live_ms() - status.time_ms) / 1000);
    this.#showCounts(visible.length);
    this.#showBanner(visible, listed);
    this.#showFilters();
    this.#redrawGround();
  }

  /** The ground is drawn anew only when a sensor came, went or changed its state. */
  #redrawGround(): void {
    const key = this.#store.sensors().map(({ name, status }) => `${name} ${status?.state ?? ""}`).join("\n");
    if (key === this.#groundKey) return;
    this.#groundKey = key;
    this.#map.redrawGround();
  }

  #showFilters(): void {
    const filters = this.#filters.value;
    const [sensors, labels, now_ms] = [new Set<string>(), new Set<string>(), this.#now_ms()];
    let hidden = 0;
    for (const { track } of this.#store.entries()) {
      for (const sensor of track.sensors) sensors.add(sensor);
      labels.add(track.label);
      if (track.id !== this.#selected && !passes(track, filters, now_ms)) hidden += 1;
    }
    this.#filterMenu.offer(sensors, labels);
    this.#filterMenu.showHidden(activeCount(filters) === 0 ? 0 : hidden, this.#store.size, this.#search.value !== "");
  }

  #listed(visible: readonly Track[]): Track[] {
    const all = this.#settings.value.listAll;
    const tracks = all ? [...this.#shown()].map(({ track }) => track) : visible;
    return tracks.filter((track) => matches(track, this.#search.value));
  }

  /** Whatever can be read on the page counts: the map, the list, the card and the lines of bearing. */
  #showBanner(visible: readonly Track[], listed: readonly Track[]): void {
    const labels = new Set<string>();
    for (const seen of [visible, listed, this.#store.bearings()]) for (const { label } of seen) labels.add(label);
    if (this.#lastSeen !== null) labels.add(this.#lastSeen.label);
    this.#banner = highestLabel(labels, this.#session.hello?.classification ?? "");
  }

  #showCounts(visible: number): void {
    const { refused } = this.#session;
    const store = this.#store;
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
    this.#measuring.handlePointer(at);
    const selected = this.#store.get(this.#selected)?.track;
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
      { key: "/", text: "search in the track list", act: () => this.#focusSearch() },
      { key: "j", text: "next track of the list", act: () => this.#list.step(1) },
      { key: "k", text: "previous track of the list", act: () => this.#list.step(-1) },
      { key: "c", text: "centre on the selected track", act: () => this.#centre() },
      { key: "f", text: "follow the selected track", act: () => this.#toggleFollow() },
      { key: "i", text: "annotate the selected track", act: () => this.#selectedPanel.annotate() },
      { key: "Escape", text: "end measuring, then select nothing", act: () => this.#escape() },
      { key: "m", text: "measure range and bearing", act: () => this.#toggleMeasuring() },
      { key: "s", text: "filters: which tracks are shown", act: () => this.#filterMenu.toggle() },
      { key: "u", text: "take all filters off", act: () => this.#filterMenu.clear() },
      { key: "p", text: "play or hold the recording", act: () => this.#recorder.togglePlay() },
      { key: ",", text: "a minute back in the recording", act: () => this.#recorder.step(-STEP_MS) },
      { key: ".", text: "a minute on in the recording", act: () => this.#recorder.step(STEP_MS) },
      { key: "x", text: "back to the present", act: () => this.#recorder.backToLive() },
      { key: "h", text: "home: all sensors", act: () => this.#showHome() },
      { key: "+", text: "zoom in", act: () => this.#map.zoom(0.5) },
      { key: "-", text: "zoom out", act: () => this.#map.zoom(-0.5) },
      { key: "n", text: "colours: day, dark, night", act: () => this.#toggleTheme() },
      { key: "y", text: "symbols: APP-6 or plain shapes", act: () => this.#toggleSymbols() },
      { key: "l", text: "labels", act: toggle("labels") },
      { key: "t", text: "trails: next length", act: () => this.#nextTrail() },
      { key: "e", text: "uncertainty ellipses", act: toggle("ellipses") },
      { key: "v", text: "speed vectors", act: toggle("vectors") },
      { key: "b", text: "lines of bearing", act: toggle("bearings") },
      { key: "r", text: "sensor coverage", act: toggle("rings") },
      { key: "g", text: "graticule", act: toggle("graticule") },
      { key: "a", text: "list all tracks or those in view", act: toggle("listAll") },
      { key: "?", text: "this sheet", act: () => this.#help.toggle() },
    ];
  }

  #toggleSymbols(): void {
    change(this.#settings, { symbols: this.#settings.value.symbols === "app6" ? "plain" : "app6" });
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
