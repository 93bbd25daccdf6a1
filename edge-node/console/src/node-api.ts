/**
 * What the page asks of its node beside the socket. An older node lacks some of it: that is an answer like any other, so
 * that a control can be hidden or say why, and nothing is asked again and again.
 */

export type Answer =
  | { state: "ok"; body: unknown }
  /** The node does not know the route: it is older, or built without. */
  | { state: "missing" }
  /** The node said no, or could not; `why` is for the operator. */
  | { state: "refused"; why: string }
  /** Nobody answered. */
  | { state: "unreachable" };

/** An answer that takes longer than this will not come. */
export const ANSWER_MS_MAX = 8_000;

/** Characters of a refusal's text that are shown. */
const WHY_CHARACTERS_MAX = 160;

export async function ask(path: string, post?: object): Promise<Answer> {
  const how: RequestInit = { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX) };
  if (post !== undefined) {
    how.method = "POST";
    how.headers = { "content-type": "application/json" };
    how.body = JSON.stringify(post);
  }
  try {
    return await read(await fetch(path, how));
  } catch {
    return { state: "unreachable" };
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  if (isMissing(response.status, text)) return { state: "missing" };
  if (!response.ok) return { state: "refused", why: refusal(response.status, text) };
  try {
    return { state: "ok", body: text === "" ? null : JSON.parse(text) };
  } catch {
    // A node that answers every path with its page does not have this one.
    return { state: "missing" };
  }
}

/** Whether there is no such route. One that is there may still have nothing of what was asked, and then says of what. */
export function isMissing(status: number, text: string): boolean {
  return status === 405 || status === 501 || (status === 404 && ["", "not found"].includes(text.trim()));
}

/** The node's own words if it has any, without the braces around them. */
export function refusal(status: number, text: string): string {
  const words = /"(?:error|why|message)"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? text;
  const line = words.trim().split("\n")[0] ?? "";
  return line === "" || line.startsWith("<") ? `status ${status}` : line.slice(0, WHY_CHARACTERS_MAX);
}

/** What went wrong, in words; empty if nothing did. */
export function trouble(answer: Answer): string {
  switch (answer.state) {
    case "ok":
      return "";
    case "missing":
      return "this node cannot do that";
    case "refused":
      return answer.why;
    case "unreachable":
      return "the node did not answer";
  }
}
