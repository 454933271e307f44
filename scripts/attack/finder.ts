import { setTimeout as sleep } from "node:timers/promises";
import { Contract, type HDNodeWallet, JsonRpcProvider, Wallet } from "ethers";
import { encodeBreachEvidence } from "../../node/adapters/breach-evidence.ts";
import { LEDGER_ABI } from "../../node/adapters/ledger-abi.ts";
import type { Hex } from "../../node/core/bytes.ts";
import { BREACH_KIND } from "../../node/core/evidence/claim-kind.ts";
import { finderEvidenceHash } from "../../node/core/evidence/claim-message.ts";
import { CLAIM_STATES, type ClaimState } from "../../node/engine/commit/ledger.ts";
import type { EvidencePack, FoundBreach } from "./evidence-pack.ts";

const POLL_MILLISECONDS = 250;

/** What came of one breach, and who was paid; tokens in units, credits in nano-units. */
export interface Outcome {
  kind: string;
  story: string;
  claim: string;
  state: ClaimState | "withheld" | "rubbish";
  finder: string;
  /** What the finder had in its hands at the end. */
  finderPaidUnits: bigint;
  fundPaidUnits: bigint;
  /** What the operator owes to the charge's owner as a credit. */
  ownerOwedNano: bigint;
  gasUsed: bigint;
}

/**
 * Somebody with evidence and the URL of a ledger, and a key made for this one claim: no account, no
 * membership. Everything else is read from the contract of claims.
 */
export class Finder {
  readonly #provider: JsonRpcProvider;
  readonly #claims: Hex;
  readonly #waitSeconds: number;

  /** @param waitSeconds how long the operator is waited for */
  constructor(url: string, pack: Pick<EvidencePack, "chainId" | "claims">, waitSeconds: number) {
    const options = { staticNetwork: true, cacheTimeout: -1 };
    this.#provider = new JsonRpcProvider(url, pack.chainId, options);
    this.#provider.pollingInterval = 50;
    this.#claims = pack.claims;
    this.#waitSeconds = waitSeconds;
  }

  close(): void {
    this.#provider.destroy();
  }

  /** @param onLodged called when the claim stands and before the operator is waited for */
  async play(
    breach: FoundBreach,
    onLodged: (claim: string) => Promise<void> = async () => {},
  ): Promise<Outcome> {
    const finder = Wallet.createRandom(this.#provider);
    const bondsAt: Hex = await this.#at(this.#claims, "claims").getFunction("bonds").staticCall();
    const bonds = this.#at(bondsAt, "bonds");
    const lodged = await this.#lodge(finder, breach);
    const token = await this.#tokenOf(lodged.agreement);
    const fund = (): Promise<bigint> => bonds.getFunction("fundOf").staticCall(token);
    const fundBefore = await fund();
    let gasUsed = lodged.gasUsed;
    if (lodged.state === "claimed") await onLodged(lodged.claim);
    if ((await this.#answered(lodged.claim)) === "contested") {
      const evidence = encodeBreachEvidence(breach.kind, breach.evidence);
      gasUsed += await this.#send(finder, this.#claims, "claims", "open", lodged.claim, evidence);
    }
    const bounty: bigint = await bonds.getFunction("bountyOf").staticCall(token, finder.address);
    if (bounty > 0n) {
      gasUsed += await this.#send(finder, bondsAt, "bonds", "collectFor", token, finder.address);
    }
    const { state, dueNano } = await this.#claimOf(lodged.claim);
    const purse = this.#at(token, "token").getFunction("balanceOf");
    return {
      kind: breach.kind,
      story: breach.story,
      claim: lodged.claim,
      state,
      finder: finder.address,
      finderPaidUnits: await purse.staticCall(finder.address),
      fundPaidUnits: (await fund()) - fundBefore,
      ownerOwedNano: dueNano,
      gasUsed,
    };
  }

  async #lodge(finder: HDNodeWallet, breach: FoundBreach) {
    const evidenceHash = finderEvidenceHash(finder.address.toLowerCase() as Hex, breach.opened);
    const call = [
      BREACH_KIND[breach.kind],
      breach.book,
      BigInt(breach.sequence),
      breach.leafIndex,
      BigInt(breach.claimedNano),
      evidenceHash,
    ];
    const contract = this.#at(this.#claims, "claims").connect(finder) as Contract;
    const claim: string = await contract.getFunction("claim").staticCall(...call);
    const gasUsed = await this.#send(finder, this.#claims, "claims", "claim", ...call);
    return { claim, gasUsed, ...(await this.#claimOf(claim)) };
  }

  /** The operator's answer; still "claimed" when it gave none while it was waited for. */
  async #answered(claim: string): Promise<ClaimState> {
    const deadline = Date.now() + this.#waitSeconds * 1000;
    for (;;) {
      const { state } = await this.#claimOf(claim);
      if (state !== "claimed" || Date.now() > deadline) return state;
      await sleep(POLL_MILLISECONDS);
    }
  }

  async #claimOf(claim: string): Promise<{ state: ClaimState; dueNano: bigint; agreement: Hex }> {
    const claims = this.#at(this.#claims, "claims");
    const { state, dueNano, agreement } = await claims.getFunction("claimOf").staticCall(claim);
    return { state: CLAIM_STATES[Number(state)] as ClaimState, dueNano, agreement };
  }

  async #tokenOf(agreement: Hex): Promise<Hex> {
    const at: Hex = await this.#at(this.#claims, "claims").getFunction("agreements").staticCall();
    const { token } = await this.#at(at, "agreements").getFunction("tokenOf").staticCall(agreement);
    return token;
  }

  async #send(
    finder: HDNodeWallet,
    address: Hex,
    contract: keyof typeof LEDGER_ABI,
    method: string,
    ...args: unknown[]
  ): Promise<bigint> {
    const target = this.#at(address, contract).connect(finder) as Contract;
    const call = target.getFunction(method);
    const gasLimit = ((await call.estimateGas(...args)) * 3n) / 2n;
    const sent = await call.send(...args, { gasPrice: 0, type: 0, gasLimit });
    const receipt = await sent.wait();
    return receipt?.gasUsed ?? 0n;
  }

  #at(address: string, contract: keyof typeof LEDGER_ABI): Contract {
    return new Contract(address, LEDGER_ABI[contract], this.#provider);
  }
}
