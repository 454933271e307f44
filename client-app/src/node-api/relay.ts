import { TallystickError } from "../../../node/core/errors.ts";
import { errorShape, relayedShape } from "./shapes.ts";

const TIMEOUT_MILLISECONDS = 20_000;

/** A node that carries signed messages to the ledger; only the operator's own is shown a token. */
export interface RelayRoute {
  url: string;
  token?: string;
}

/**
 * Hands the message to the first node that takes it. Any member's does it for any subscriber, so the
 * operator that is disputed with can not keep the message from the ledger.
 * @throws TallystickError why the first of them did not, when none did
 */
export async function relayToFirst(routes: readonly RelayRoute[], message: object): Promise<void> {
  let reason: unknown;
  for (const route of routes) {
    try {
      await relay(route, message);
      return;
    } catch (error) {
      reason ??= error;
    }
  }
  throw reason;
}

async function relay({ url, token }: RelayRoute, message: object): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(message),
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
  } catch (cause) {
    throw new TallystickError(
      "relay.unreachable",
      "No server that carries disputes to the ledger answers. Check your connection and try again; nothing you entered is lost.",
      {},
      cause,
    );
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && relayedShape.safeParse(answer).success) return;
  if (response.status === 404) {
    throw new TallystickError(
      "relay.not-offered",
      "No server that this page can reach does this for you. Every member of the ledger may: ask another operator, or the ombudsman, and tell them your dispute's number.",
    );
  }
  const told = errorShape.safeParse(answer);
  throw new TallystickError(
    told.success ? told.data.error.code : "relay.refused",
    told.success
      ? told.data.error.message
      : `The server that carries disputes to the ledger answered with error ${response.status}. Try again in a moment.`,
  );
}
