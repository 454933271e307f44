import { type TypedDataDomain, Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../../node/core/bytes.ts";
import type { PartyGroup } from "../../../node/core/commitment/charge-groups.ts";
import { pseudonym } from "../../../node/core/commitment/secrets.ts";
import {
  CHUNK_LEAVES,
  encodeCharge,
  encodeChunk,
  type FullLeaf,
} from "../../../node/core/evidence/delivery-bytes.ts";
import {
  DEMAND_TYPES,
  demandDomain,
  demandMessage,
  RECEIPT_TYPES,
  receiptDomain,
} from "../../../node/core/evidence/demand-message.ts";
import {
  oneTimePublicKey,
  type SealedDelivery,
  sealDelivery,
} from "../../../node/core/evidence/sealed-delivery.ts";
import { bytesOf } from "../../../scripts/attack/named-bytes.ts";
import type { ChargeItem, OpenedBatch } from "../../../scripts/attack/opened-batch.ts";
import { BreachScene } from "./breach-scene.ts";

export const STATES = ["none", "asked", "answered", "withheld", "rubbish"];
export const ASKER_SECRET = bytesOf("asker's one-time key");
export const OPERATOR_SECRET = bytesOf("operator's one-time key");
const BLIND = bytesOf("blind");

export const partyOf = (): PartyGroup => ({
  salt: bytesOf("salt of a party"),
  restDigits: 0x1234_5fff_ffff_ffffn,
  type: 1,
  cell: 7n,
  file: bytesOf("file", 16),
  offset: 10n,
  length: 90,
  eventsRoot: new Uint8Array(32),
});

/** A breach scene with a subscriber who holds the key of a dispute address. */
export class DemandScene {
  readonly scene: BreachScene;
  readonly subscriber: Wallet;
  readonly pseudonym: Uint8Array;

  private constructor(scene: BreachScene, subscriber: Wallet) {
    this.scene = scene;
    this.subscriber = subscriber;
    const book = fromHex(scene.books.charges, 20);
    this.pseudonym = pseudonym(book, fromHex(this.owner().disputeAddress, 20), BLIND);
  }

  static async start(): Promise<DemandScene> {
    const scene = await BreachScene.start();
    return new DemandScene(scene, new Wallet(toHex(bytesOf("subscriber"))));
  }

  owner() {
    const disputeAddress = this.subscriber.address.toLowerCase() as Hex;
    return { disputeAddress, blind: toHex(BLIND) };
  }

  /** Commits so many calls of the subscriber. */
  async calls(count: number): Promise<OpenedBatch> {
    const leaves: ChargeItem[] = [];
    for (let number = 1; number <= count; number++) {
      const call = await this.scene.call({
        pseudonym: this.pseudonym,
        chargeNumber: BigInt(number),
        runningTotalNano: BigInt(number) * 200_000_000n,
        salt: bytesOf(`owner ${number}`),
      });
      leaves.push({ ...call, party: partyOf() });
    }
    return this.scene.commit(this.scene.books.charges, leaves);
  }

  invoiceItem(lastChargeNumber: bigint, change: object = {}) {
    return {
      orderKey: bytesOf("order key"),
      body: {
        salt: bytesOf("salt of a body"),
        pseudonym: this.pseudonym,
        lastChargeNumber,
        lastCreditNumber: 0n,
        creditsNano: 0n,
        taxNano: 0n,
        ...change,
      },
      document: bytesOf("document"),
      amountNano: lastChargeNumber * 200_000_000n,
    };
  }

  standing(batch: OpenedBatch, index = 0) {
    return {
      invoiceBook: batch.book,
      sequence: batch.sequence,
      leafIndex: index,
      ...batch.invoice(index),
    };
  }

  async receipt(lastChargeNumber: bigint, signer = this.scene.operator.commit, issuedAt?: bigint) {
    const at = issuedAt ?? (await this.scene.now());
    const signature = await signer.signTypedData(await this.#domain("standings"), RECEIPT_TYPES, {
      book: this.scene.books.charges,
      pseudonym: toHex(this.pseudonym),
      lastChargeNumber,
      issuedAt: at,
    });
    return { lastChargeNumber, issuedAt: at, signer: signer.address, signature };
  }

  /** Shows the standing by a receipt: for tests that are about something else. */
  async stand(lastChargeNumber: bigint): Promise<void> {
    const { ledger, finder, books } = this.scene;
    const receipt = await this.receipt(lastChargeNumber);
    await ledger.send(finder, "standings", "showByReceipt", books.charges, this.owner(), receipt);
  }

  async demandArguments(number: bigint, change: Partial<{ by: Wallet; nonce: bigint }> = {}) {
    const { ledger } = this.scene;
    const by = change.by ?? this.subscriber;
    const nonce =
      change.nonce ?? ((await ledger.read("demands", "nonces", this.subscriber.address)) as bigint);
    const key = oneTimePublicKey(ASKER_SECRET);
    const validUntil = (await this.scene.now()) + 3_600n;
    const asked = { pseudonym: toHex(this.pseudonym), chargeNumber: number, nonce, validUntil };
    const message = demandMessage(asked, key);
    const domain = await this.#domain("demands");
    const signature = await by.signTypedData(domain, DEMAND_TYPES, message);
    return [asked.pseudonym, number, key, nonce, validUntil, signature] as const;
  }

  /** @returns the demand's id */
  async demand(number: bigint): Promise<Hex> {
    const { ledger, finder } = this.scene;
    const call = await this.demandArguments(number);
    const id = (await ledger.preview(finder, "demands", "demandCharge", ...call)) as Hex;
    await ledger.send(finder, "demands", "demandCharge", ...call);
    return id;
  }

  chargeBytes(batch: OpenedBatch, index: number): Uint8Array {
    return encodeCharge({
      leaf: fullLeaf(batch, index),
      sequence: batch.sequence,
      leafIndex: index,
      batch: batchOf(batch),
      path: batch.tree.path(index),
    });
  }

  chunkBytes(batch: OpenedBatch, chunk: number): Uint8Array {
    const first = chunk * CHUNK_LEAVES;
    const indexes = batch.items.map((_, i) => i).slice(first, first + CHUNK_LEAVES);
    return encodeChunk(
      {
        leaves: indexes.map((index) => fullLeaf(batch, index)),
        batch: batchOf(batch),
        path: batch.tree.path(first).slice(5),
      },
      false,
    );
  }

  seal(demand: Hex, plain: Uint8Array): SealedDelivery {
    return sealDelivery(demand, oneTimePublicKey(ASKER_SECRET), OPERATOR_SECRET, plain);
  }

  async deliver(demand: Hex, plain: Uint8Array): Promise<SealedDelivery> {
    const sealed = this.seal(demand, plain);
    const { ledger, operator } = this.scene;
    const { ephemeral, ciphertext } = sealed;
    await ledger.send(operator.commit, "demands", "deliver", demand, ephemeral, ciphertext);
    return sealed;
  }

  /** As arguments of `showRubbish`. */
  complaint(demand: Hex, { ephemeral, ciphertext }: SealedDelivery, secret = ASKER_SECRET) {
    return [demand, BigInt(toHex(secret)), ephemeral, ciphertext] as const;
  }

  async state(demand: Hex): Promise<string> {
    const { state } = await this.scene.ledger.read("demands", "demandOf", demand);
    return STATES[Number(state)] as string;
  }

  async #domain(contract: "demands" | "standings"): Promise<TypedDataDomain> {
    const { chainId } = await this.scene.ledger.provider.getNetwork();
    const address = this.scene.ledger.addresses[contract] as Hex;
    return contract === "demands"
      ? demandDomain(chainId, address)
      : receiptDomain(chainId, address);
  }
}

function fullLeaf(batch: OpenedBatch, index: number): FullLeaf {
  const { owner, party, use, amountNano } = batch.items[index] as ChargeItem;
  return { account: owner, party: party as PartyGroup, third: use, amountNano };
}

function batchOf(batch: OpenedBatch) {
  const { totals, runningTotals } = batch.path(0);
  return {
    depth: batch.depth,
    totals: fromHex(totals as Hex, 32),
    runningTotals: fromHex(runningTotals as Hex, 32),
    blockTime: batch.blockTime,
  };
}
