/** Where the page starts. */
import "./styles/main.css";
import { App } from "./app.ts";
import { loadSettings } from "./settings.ts";

const bright = matchMedia("(prefers-color-scheme: light)").matches;
new App(loadSettings(localStore(), { theme: bright ? "day" : "dark" })).start();

/** Merely naming the store throws where the browser forbids it. */
function localStore(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
