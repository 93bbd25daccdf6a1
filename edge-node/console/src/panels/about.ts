/** Version of the node and of the page, and what of others is in it. */
import { byId, element, setText } from "../dom.ts";
import { type Answer, ask } from "../node-api.ts";

interface Library {
  name: string;
  version: string;
  licence: string;
  what: string;
}

/** What of the node's answer stands in the heading. */
const TOLD_ELSEWHERE = ["program", "version"];

export class About {
  readonly #dialog = byId("about", HTMLDialogElement);
  readonly #version = byId("about-version", HTMLSpanElement);
  readonly #node = byId("about-node", HTMLDivElement);
  readonly #libraries = byId("about-libraries", HTMLTableSectionElement);

  constructor() {
    byId("about-open", HTMLButtonElement).addEventListener("click", () => void this.#open());
  }

  async #open(): Promise<void> {
    byId("help", HTMLDialogElement).close();
    this.#dialog.showModal();
    const [node, libraries] = await Promise.all([ask("about.json"), ask("assets/libraries.json")]);
    this.#showNode(node);
    this.#libraries.replaceChildren(...readLibraries(libraries).map(row));
  }

  #showNode(answer: Answer): void {
    const about = answer.state === "ok" && typeof answer.body === "object" && answer.body !== null ? answer.body : {};
    const facts = Object.entries(about).filter(([, value]) => ["string", "number"].includes(typeof value));
    const version = facts.find(([name]) => name === "version");
    setText(this.#version, version === undefined ? "of a version the node does not tell" : String(version[1]));
    const list = element("dl", "facts");
    for (const [name, value] of facts) {
      if (TOLD_ELSEWHERE.includes(name)) continue;
      list.append(element("dt", "", name.replaceAll("_", " ")), element("dd", "", String(value)));
    }
    this.#node.replaceChildren(list);
  }
}

function readLibraries(answer: Answer): Library[] {
  return answer.state === "ok" && Array.isArray(answer.body) ? (answer.body as Library[]) : [];
}

function row({ name, version, licence, what }: Library): HTMLElement {
  return element("tr", "", ...[name, version, licence, what].map((text) => element("td", "left", String(text))));
}
