/** The menu that hands out what is shown: files, and a link to this very picture. */
import { byId, element, setText } from "../dom.ts";
import { type Origin, csv, fileName, geoJson } from "../export.ts";
import type { Track } from "../protocol.ts";
import { menu } from "./menu.ts";

/** What is shown now. */
export interface Shown {
  tracks: readonly Track[];
  origin: Origin;
}

export class ExportMenu {
  readonly #shown: () => Shown;
  readonly #count = element("p", "hint");

  constructor(shown: () => Shown) {
    this.#shown = shown;
    const details = menu("export");
    details.addEventListener("toggle", () => {
      const { tracks, origin } = this.#shown();
      setText(this.#count, `${tracks.length} tracks of the list · ${origin.state} · ${origin.classification}`);
    });
    byId("export-body", HTMLDivElement).append(
      this.#count,
      button("GeoJSON file", () => this.#save("geojson")),
      button("CSV file", () => this.#save("csv")),
      button("Copy a link to this view", (one) => void copyLink(one)),
    );
  }

  #save(kind: "geojson" | "csv"): void {
    const { tracks, origin } = this.#shown();
    const text = kind === "csv" ? csv(tracks, origin) : geoJson(tracks, origin);
    const type = kind === "csv" ? "text/csv" : "application/geo+json";
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = element("a");
    link.href = address;
    link.download = fileName(origin, kind);
    link.click();
    // The download has its own hold on the data once it began.
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

function button(text: string, act: (button: HTMLButtonElement) => void): HTMLElement {
  const made = element("button", "menu-row plain", text);
  made.type = "button";
  made.addEventListener("click", () => act(made));
  return made;
}

/** A browser lets a page write to the clipboard only over TLS or on the machine itself. */
async function copyLink(button: HTMLButtonElement): Promise<void> {
  const before = "Copy a link to this view";
  try {
    await navigator.clipboard.writeText(location.href);
    setText(button, "Copied");
  } catch {
    setText(button, "Not allowed here: copy the address bar");
  }
  setTimeout(() => setText(button, before), 3_000);
}
