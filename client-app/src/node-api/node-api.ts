import type { ZodType } from "zod";
import { TallystickError } from "../../../node/core/errors.ts";
import type { MispricedOpening } from "../../../node/core/evidence/mispriced-opening.ts";
import { relaysOf } from "../ledger/relays.ts";
import type { SignedClaim } from "../ledger/sign-claim.ts";
import type { Dispute } from "../model/dispute-words.ts";
import type { EventsDoor } from "./ask-events.ts";
import { relayToFirst } from "./relay.ts";
import { disputesShape, errorShape, type Session, sessionShape } from "./shapes.ts";

const TIMEOUT_MILLISECONDS = 20_000;

/** The operator's node behind this page, for one subscriber. */
export class NodeApi {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  session(): Promise<Session> {
    return this.#json("v1/session", sessionShape);
  }

  /** The evidence bundle as text; it is parsed where it is checked. */
  async evidence(epoch: string): Promise<string> {
    const response = await this.#request(`v1/evidence?period=${encodeURIComponent(epoch)}`);
    return response.text();
  }

  /** A published evidence file: encrypted, the same for ever, and so without token and from any cache. */
  async published(place: string): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
    const response = await fetch(`published/${place}`, { credentials: "omit", signal });
    if (!response.ok) {
      throw new TallystickError("node.refused", `The file was answered with ${response.status}.`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  async disputes(): Promise<Dispute[]> {
    return (await this.#json("v1/disputes", disputesShape)).disputes;
  }

  /** @param endpoints of the ledger's members, whose nodes stand in where this one does not relay */
  lodgeClaim(claim: SignedClaim, endpoints: readonly string[]): Promise<void> {
    return this.#relay("claims", claim, endpoints);
  }

  /** Shows the ledger whose pseudonym it is, by the operator's receipt. */
  showReceipt(standing: object, endpoints: readonly string[]): Promise<void> {
    return this.#relay("receipts", standing, endpoints);
  }

  sendOpening(
    claimId: string,
    opening: MispricedOpening,
    endpoints: readonly string[],
  ): Promise<void> {
    return this.#relay("openings", { claimId, opening }, endpoints);
  }

  /** Has it recorded that the operator's silence past its deadline is consent. */
  concludeSilence(claimId: string, endpoints: readonly string[]): Promise<void> {
    return this.#relay("conclusions", { claimId, step: "concludeSilence" }, endpoints);
  }

  /** Where events of a line are asked for, off the page's own thread. */
  eventsDoor(): EventsDoor {
    return { url: new URL("v1/events", window.location.href).href, token: this.#token };
  }

  /** A sample file that the session offers, from this node only. */
  async sample(url: string, name: string): Promise<File> {
    const address = new URL(url, window.location.href);
    if (address.origin !== window.location.origin) {
      throw new TallystickError("node.foreign-sample", "The sample lies on another server.");
    }
    const response = await this.#request(address.href);
    return new File([await response.blob()], name);
  }

  #relay(kind: string, message: object, endpoints: readonly string[]): Promise<void> {
    const own = new URL(`v1/relay/${kind}`, window.location.href).href;
    const others = relaysOf(endpoints).map((relay) => `${relay}${kind}`);
    return relayToFirst(
      [
        { url: own, token: this.#token },
        ...others.filter((url) => url !== own).map((url) => ({ url })),
      ],
      message,
    );
  }

  async #json<T>(path: string, shape: ZodType<T>): Promise<T> {
    const response = await this.#request(path);
    const result = shape.safeParse(await response.json().catch(() => undefined));
    if (!result.success) {
      throw new TallystickError(
        "node.wrong-answer",
        "The operator's server gave an answer that this page does not understand. Reload the page; if that does not help, tell your operator.",
        { field: result.error.issues[0]?.path.join(".") ?? "" },
      );
    }
    return result.data;
  }

  async #request(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, {
        headers: { authorization: `Bearer ${this.#token}` },
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
    if (response.ok) return response;
    const told = errorShape.safeParse(await response.json().catch(() => undefined));
    if (response.status === 401 || response.status === 403) {
      throw new TallystickError(
        "access.refused",
        "This link opens no account here. It may have expired, or belong to another operator. Ask your operator for a new one.",
      );
    }
    throw new TallystickError(
      told.success ? told.data.error.code : "node.refused",
      told.success
        ? told.data.error.message
        : `The operator's server answered with error ${response.status}. Try again in a moment.`,
    );
  }
}
