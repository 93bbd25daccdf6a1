/** The form on the card by which an operator says whose a track is, or anything else of it. The node tells all others. */
import { element, setAttribute, setHidden, setText } from "../dom.ts";
import * as format from "../format.ts";
import { AFFILIATIONS, type Track } from "../protocol.ts";
import { ask, trouble } from "../node-api.ts";

/** Characters in a remark at the most; the mesh carries as many octets. */
export const REMARK_CHARACTERS_MAX = 120;

const NAME_CHARACTERS_MAX = 31;

export class Annotation {
  readonly element = element("div", "annotate");
  readonly button = element("button", "button small", "Annotate");
  readonly #form = element("form");
  readonly #side = element("select");
  readonly #remark = element("input");
  readonly #by = element("input");
  readonly #send = element("button", "button", "Tell everybody");
  readonly #takeBack = element("button", "button", "Take back the remark");
  readonly #result = element("p", "hint");
  readonly #why = element("p", "hint");
  #track: Track | null = null;
  #missing = false;

  constructor() {
    this.button.type = "button";
    this.button.title = "Say whose it is, or leave a remark (i)";
    this.button.addEventListener("click", () => this.#toggle(this.element.hidden));
    const unchanged = element("option", "", "leave as it is");
    unchanged.value = "";
    const sides = AFFILIATIONS.map((one) => {
      const option = element("option", "", format.affiliation(one));
      option.value = one;
      return option;
    });
    this.#side.append(unchanged, ...sides);
    this.#remark.type = "text";
    this.#remark.maxLength = REMARK_CHARACTERS_MAX;
    this.#remark.autocomplete = "off";
    this.#by.type = "text";
    this.#by.maxLength = NAME_CHARACTERS_MAX;
    this.#by.placeholder = "as the node calls you";
    this.#send.type = "submit";
    this.#takeBack.type = "button";
    this.#takeBack.addEventListener("click", () => void this.#tell({ remark: "" }));
    this.#result.setAttribute("role", "status");
    const side = element("label", "menu-row", element("span", "", "Affiliation"), this.#side);
    const remark = element("label", "menu-row", element("span", "", "Remark"), this.#remark);
    const by = element("label", "menu-row", element("span", "", "Your name"), this.#by);
    // Over the network the token tells who says it, and the node takes no other name.
    const buttons = element("div", "card-buttons", this.#send, this.#takeBack);
    this.#form.append(side, remark, ...(isOwnMachine(location.hostname) ? [by] : []), buttons);
    this.element.append(this.#why, this.#form, this.#result);
    this.#toggle(false);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** Opens the form with the cursor in the remark. */
  open(): void {
    this.#toggle(true);
    this.#remark.focus();
  }

  /**
   * Is for this track from now on; in a replay, or of a track that is gone, nothing can be said. A remark is taken back
   * where it was made: another node's would stand again as soon as that of this node is forgotten.
   */
  show(track: Track, node: string, live: boolean, gone: boolean): void {
    if (track.id !== this.#track?.id) this.#reset();
    this.#track = track;
    const why = this.#refusal(live, gone);
    setHidden(this.#form, why !== "");
    setHidden(this.#takeBack, track.remark?.by !== node);
    setHidden(this.#why, why === "");
    setText(this.#why, why);
  }

  #refusal(live: boolean, gone: boolean): string {
    if (this.#missing) return "This node takes no annotations.";
    if (!live) return "In a replay nothing can be said of a track. Go back to live first.";
    return gone ? "Nothing can be said of a track that is no longer in the picture." : "";
  }

  #toggle(open: boolean): void {
    setHidden(this.element, !open);
    setAttribute(this.button, "aria-pressed", String(open));
  }

  #reset(): void {
    this.#side.value = "";
    this.#remark.value = "";
    this.#toggle(false);
    setText(this.#result, "");
  }

  async #submit(): Promise<void> {
    const said = { affiliation: this.#side.value, remark: this.#remark.value.trim() };
    const words = Object.entries(said).filter(([, word]) => word !== "");
    if (words.length === 0) setText(this.#result, "Choose an affiliation or write a remark.");
    else if (await this.#tell(Object.fromEntries(words))) [this.#remark.value, this.#side.value] = ["", ""];
  }

  /** Whether the node took it, and the card still is of the same track. */
  async #tell(words: { affiliation?: string; remark?: string }): Promise<boolean> {
    const id = this.#track?.id;
    if (id === undefined) return false;
    const name = this.#by.value.trim();
    const buttons = [this.#send, this.#takeBack];
    for (const button of buttons) button.disabled = true;
    const answer = await ask("annotations", { track: id, ...words, ...(name === "" ? {} : { by: name }) });
    for (const button of buttons) button.disabled = false;
    if (answer.state === "missing") this.#missing = true;
    if (this.#track?.id !== id) return false;
    const done = "Told. It is on the card as soon as the picture has it.";
    setText(this.#result, answer.state === "ok" ? done : `Not told: ${trouble(answer)}`);
    return answer.state === "ok";
  }
}

/** Whether the page comes from the machine it is looked at on. */
function isOwnMachine(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
