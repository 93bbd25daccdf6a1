/** The corner of the map that says what became of tracks. */
import { element, setText } from "../dom.ts";
import * as format from "../format.ts";
import type { Notice } from "../notices.ts";

export class NoticeList {
  readonly #host: HTMLElement;
  readonly #lines: HTMLElement[] = [];

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  show(notices: readonly Notice[]): void {
    while (this.#lines.length < notices.length) {
      const line = element("li");
      this.#lines.push(line);
      this.#host.append(line);
    }
    while (this.#lines.length > notices.length) this.#lines.pop()?.remove();
    notices.forEach(({ text, time_ms }, index) => {
      const line = this.#lines[index];
      if (line !== undefined) setText(line, `${format.utcTime(time_ms)} ${text}`);
    });
  }
}
