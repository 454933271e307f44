import { TallystickError } from "../../../node/core/errors.ts";
import type { AskEvents } from "../../../node/core/evidence/compare-event-log.ts";
import { errorShape } from "./shapes.ts";

const TIMEOUT_MILLISECONDS = 20_000;

/** Where the operator's node shows which events a line stands for, to the holder of the link alone. */
export interface EventsDoor {
  url: string;
  token: string;
}

/** Asks the node about events of one line; what it answers is checked by whoever asked. */
export const askEvents =
  ({ url, token }: EventsDoor, epoch: string, line: string): AskEvents =>
  async (events) => {
    let response: Response;
    try {
      response = await fetch(`${url}?${new URLSearchParams({ period: epoch })}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ line, events }),
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
    } catch (cause) {
      throw new TallystickError(
        "node.unreachable",
        "Your operator's server does not answer. Check your connection and try again; nothing you entered is lost.",
        {},
        cause,
      );
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return typeof answer === "object" && answer !== null ? answer : {};
    const told = errorShape.safeParse(answer);
    throw new TallystickError(
      told.success ? told.data.error.code : "node.refused",
      told.success
        ? told.data.error.message
        : `The operator's server answered with error ${response.status}. Try again in a moment.`,
    );
  };
