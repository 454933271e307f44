import type { Hex } from "../../core/bytes.ts";
import type { Ledger } from "../../engine/commit/ledger.ts";
import type { Settled } from "../../engine/commit/outbox-journal.ts";
import { HttpError } from "../http-error.ts";

const HOUR_MS = 3_600_000;
const CLAIMS_PER_HOUR_MAX = 20;
/** Finders and places that are remembered; the oldest are forgotten first. */
const REMEMBERED_MAX = 10_000;
const OVER = ["refuted", "lapsed", "settled"];

interface Carried {
  /** While the call is on its way; then where the ledger tells the claim's id. */
  settled: Settled | undefined;
  claim: Hex | undefined;
}

/**
 * What one finder can have carried: so many claims an hour, and one at a place until it is decided.
 * Remembered in memory only; after a start the bounds of the contract stand alone for a while.
 */
export class FinderLimits {
  readonly #ledger: Pick<Ledger, "events" | "claimOf">;
  readonly #times = new Map<Hex, number[]>();
  readonly #carried = new Map<string, Carried>();

  constructor(ledger: Pick<Ledger, "events" | "claimOf">) {
    this.#ledger = ledger;
  }

  /**
   * @throws HttpError 429 `relay.finder-too-many`, 409 `relay.claim-open`, and what `send` throws:
   *   then nothing is counted
   */
  async admit(finder: Hex, place: string, send: () => Promise<Settled>): Promise<Settled> {
    const at = `${finder} ${place}`;
    const before = this.#carried.get(at);
    if (before !== undefined && (await this.#isOpen(before))) {
      throw new HttpError(
        409,
        "relay.claim-open",
        "This claim was carried already and is not decided yet. Wait for its outcome.",
      );
    }
    const now = Date.now();
    const times = (this.#times.get(finder) ?? []).filter((time) => time > now - HOUR_MS);
    if (times.length >= CLAIMS_PER_HOUR_MAX) {
      throw new HttpError(
        429,
        "relay.finder-too-many",
        `No more than ${CLAIMS_PER_HOUR_MAX} claims of one sender an hour are carried here. Try later, or through another member.`,
      );
    }
    const carried: Carried = { settled: undefined, claim: undefined };
    remember(this.#times, finder, [...times, now]);
    remember(this.#carried, at, carried);
    try {
      carried.settled = await send();
      return carried.settled;
    } catch (error) {
      if (this.#carried.get(at) === carried) this.#carried.delete(at);
      const counted = this.#times.get(finder) ?? [];
      remember(
        this.#times,
        finder,
        counted.filter((time) => time !== now),
      );
      throw error;
    }
  }

  async #isOpen(carried: Carried): Promise<boolean> {
    const { settled } = carried;
    if (settled === undefined) return true;
    carried.claim ??= await this.#lodgedBy(settled);
    // Where the ledger forgot it there is nothing to wait for.
    if (carried.claim === undefined) return false;
    const claim = await this.#ledger.claimOf(carried.claim);
    return claim !== undefined && !OVER.includes(claim.state);
  }

  async #lodgedBy({ hash, blockNumber }: Settled): Promise<Hex | undefined> {
    const events = await this.#ledger.events({
      contract: "claims",
      names: ["ClaimLodged"],
      fromBlock: blockNumber,
      toBlock: blockNumber,
    });
    return events.find(({ transactionHash }) => transactionHash === hash)?.values.claim as
      | Hex
      | undefined;
  }
}

function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED_MAX) return;
  const [oldest] = map.keys();
  map.delete(oldest as K);
}
