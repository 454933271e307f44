import { decodeResult, encodeCall } from "../adapters/evm-contracts.ts";
import { EvmReader } from "../adapters/evm-reader.ts";
import { EvmRpc } from "../adapters/evm-rpc.ts";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import type { ClaimRecord } from "../engine/commit/ledger.ts";
import { ServiceError } from "./output.ts";

export interface LodgedClaim extends ClaimRecord {
  id: Hex;
}

/** Which claim is meant: its place, its kind, and who signed it. */
export type ClaimSearch = Pick<ClaimRecord, "kind" | "book" | "sequence" | "leafIndex" | "finder">;

/** Claims looked through, the newest first. */
const CLAIMS_READ_MAX = 2_000n;

/** The contract of claims as the ledger's own end points show it; no node's word is needed. */
export class ClaimsOnLedger {
  readonly #rpc: EvmRpc;
  readonly #claims: Hex;
  readonly #standings: Hex | undefined;
  readonly #reader: EvmReader;

  constructor(ledger: Bundle["ledger"], urls: string[]) {
    this.#rpc = new EvmRpc({ urls });
    this.#claims = ledger.contracts.claims;
    this.#standings = ledger.contracts.standings;
    this.#reader = new EvmReader(this.#rpc, { claims: this.#claims });
  }

  close(): void {
    this.#rpc.close();
  }

  async nonceOf(finder: Hex): Promise<bigint> {
    return (await this.#read("nonces", [finder])) as bigint;
  }

  /** Whether the operator's silence counts for this finder; undefined where the bundle does not say. */
  async isSubscriber({ operator, agreement }: Bundle, finder: Hex): Promise<boolean | undefined> {
    if (this.#standings === undefined) return undefined;
    const args = [operator.id, agreement, finder];
    const data = encodeCall({ contract: "standings", method: "isSubscriber", args });
    const call = { to: this.#standings, data };
    const result = await reached(() => this.#rpc.ask("eth_call", [call, "latest"]));
    return decodeResult("standings", "isSubscriber", result as Hex) as boolean;
  }

  /** Seconds. */
  async blockTime(): Promise<bigint> {
    const block = await reached(() => this.#rpc.ask("eth_getBlockByNumber", ["latest", false]));
    return BigInt((block as { timestamp: string }).timestamp);
  }

  async claimOf(id: Hex): Promise<LodgedClaim | undefined> {
    const found = await reached(() => this.#reader.claimOf(id));
    return found && { ...found, id };
  }

  /** The newest claim of this finder at the place, if there is one. */
  async find(search: ClaimSearch): Promise<LodgedClaim | undefined> {
    const count = (await this.#read("claimCount", [])) as bigint;
    const oldest = count > CLAIMS_READ_MAX ? count - CLAIMS_READ_MAX : 0n;
    for (let ordinal = count; ordinal > oldest; ordinal--) {
      const claim = await this.claimOf((await this.#read("claimAt", [ordinal])) as Hex);
      const fits =
        claim !== undefined &&
        claim.kind === search.kind &&
        claim.book === search.book &&
        claim.sequence === search.sequence &&
        claim.leafIndex === search.leafIndex &&
        claim.finder === search.finder;
      if (fits) return claim;
    }
    return undefined;
  }

  async #read(method: string, args: unknown[]): Promise<unknown> {
    const data = encodeCall({ contract: "claims", method, args });
    const call = { to: this.#claims, data };
    const result = await reached(() => this.#rpc.ask("eth_call", [call, "latest"]));
    return decodeResult("claims", method, result as Hex);
  }
}

/** What keeps a ledger from answering is a service's fault, not the input's. */
async function reached<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const code = error instanceof TallystickError ? error.code : "ledger.refused";
    const message =
      error instanceof TallystickError
        ? error.message
        : "The ledger's end point refuses to answer.";
    throw new ServiceError(code, message, {}, error);
  }
}
