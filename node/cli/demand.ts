import { setTimeout as sleep } from "node:timers/promises";
import type { Wallet } from "../adapters/evm-library.ts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import { withDelivered } from "../core/evidence/complete-bundle.ts";
import {
  type DeliveredCharge,
  decodeCharge,
  rootOfCharge,
  sealOfDelivery,
} from "../core/evidence/delivery-bytes.ts";
import { DEMAND_TYPES, demandDomain, demandMessage } from "../core/evidence/demand-message.ts";
import {
  oneTimePublicKey,
  openDelivery,
  type SealedDelivery,
} from "../core/evidence/sealed-delivery.ts";
import { invoiceStanding, pseudonymOf, receiptStanding } from "../core/evidence/standing.ts";
import type { DemandKey } from "./demand-key.ts";
import type { DemandsOnLedger } from "./demands-on-ledger.ts";
import type { NodeClient } from "./node-client.ts";
import { EXIT, type ExitCode, type Output } from "./output.ts";

/** How long a signature is good. */
const VALID_SECONDS = 86_400n;
const LOOK_MS = 500;

export interface DemandParts {
  bundle: Bundle;
  chargeNumber: bigint;
  wallet: Wallet;
  /** The one-time key, in a file that outlives this command. */
  key: DemandKey;
  node: NodeClient;
  ledger: DemandsOnLedger;
  output: Output;
  /** Keeps the bundle that a delivery completes. */
  save: (bundle: Bundle) => Promise<void>;
}

/** One demand for one charge, from the subscriber's signature to what became of it. */
export class EvidenceDemand {
  readonly #parts: DemandParts;
  readonly #book: Hex;
  readonly #pseudonym: Hex;
  readonly #asker: Hex;

  /** @throws TallystickError `demand.no-standing` when the bundle does not say whose it is */
  constructor(parts: DemandParts) {
    this.#parts = parts;
    const book = parts.bundle.books.find(({ kind }) => kind === 1)?.domain;
    const pseudonym = pseudonymOf(parts.bundle);
    if (book === undefined || pseudonym === undefined) throw noStanding();
    this.#book = book;
    this.#pseudonym = pseudonym;
    this.#asker = parts.wallet.address.toLowerCase() as Hex;
  }

  /** Demands, or goes on with the demand that was made before. */
  async lodge(): Promise<Hex> {
    const { chargeNumber, output, node, ledger } = this.#parts;
    const before = await this.#find();
    if (before !== undefined) {
      output.remark(`Charge ${chargeNumber} was demanded before; following that demand.`);
      return before;
    }
    await this.#showStanding();
    const { secret } = await this.#parts.key.make((await ledger.head()).number);
    await node.send("POST", "/v1/relay/demands", await this.#signed(secret));
    const id = await this.#find();
    if (id === undefined) {
      throw new TallystickError(
        "demand.not-on-ledger",
        "The node says that it carried the demand, but the ledger does not show it. Try another member's node with --node.",
      );
    }
    await output.record({ demand: { id, charge: chargeNumber.toString(), state: "asked" } });
    await output.say(`Charge ${chargeNumber}: its evidence is demanded on the ledger.`);
    return id;
  }

  /** Waits for the answer, checks it, and complains about rubbish or silence. */
  async follow(id: Hex, timeoutMilliseconds: number): Promise<ExitCode> {
    const { ledger, node, key } = this.#parts;
    const until = Date.now() + timeoutMilliseconds;
    for (;;) {
      const state = await ledger.stateOf(id);
      if (state === "answered") return this.#takeAnswer(id);
      if (state === "withheld" || state === "rubbish") return this.#tell(id, state, false);
      if (await ledger.isOverdue(id)) {
        await node.send("POST", "/v1/relay/silences", { demandId: id });
        await key.drop();
        return this.#tell(id, await ledger.stateOf(id), false);
      }
      if (Date.now() > until) return this.#tell(id, state, false);
      await sleep(LOOK_MS);
    }
  }

  async #takeAnswer(id: Hex): Promise<ExitCode> {
    const { ledger, bundle, key, node, save } = this.#parts;
    const { secret, fromBlock } = await key.read();
    const sealed = await ledger.deliveryOf(id, fromBlock);
    if (sealed === undefined) {
      throw new TallystickError(
        "demand.answer-not-found",
        "The ledger says that the demand was answered, but its end point does not show the answer. Name another one with --rpc.",
      );
    }
    const delivered = await this.#opened(id, secret, sealed);
    if (delivered !== undefined) {
      await save(withDelivered(bundle, delivered));
      return this.#tell(id, "answered", true);
    }
    const oneTimeKey = BigInt(toHex(secret)).toString();
    const { x, y } = sealed.ephemeral;
    const ephemeral = { x: x.toString(), y: y.toString() };
    const { ciphertext } = sealed;
    const complaint = { demandId: id, oneTimeKey, ephemeral, ciphertext };
    await node.send("POST", "/v1/relay/complaints", complaint);
    await key.drop();
    return this.#tell(id, await ledger.stateOf(id), false);
  }

  /** Undefined when it is rubbish. */
  async #opened(
    id: Hex,
    secret: Uint8Array,
    sealed: SealedDelivery,
  ): Promise<DeliveredCharge | undefined> {
    const { ledger, chargeNumber } = this.#parts;
    const domain = fromHex(this.#book, 20);
    let delivered: DeliveredCharge;
    let seal: Hex;
    try {
      delivered = decodeCharge(openDelivery(id, secret, sealed));
      const root = rootOfCharge(domain, delivered);
      seal = toHex(sealOfDelivery(domain, delivered.sequence, root, delivered.batch));
    } catch (error) {
      // What can not even be read is rubbish; whether it is, the ledger decides.
      if (error instanceof TallystickError) return undefined;
      throw error;
    }
    const { account } = delivered.leaf;
    const isAsked =
      toHex(account.pseudonym) === this.#pseudonym && account.chargeNumber === chargeNumber;
    return isAsked && seal === (await ledger.sealOf(this.#book, delivered.sequence))
      ? delivered
      : undefined;
  }

  /** By the operator's receipt if there is one: it shows no amounts. */
  async #showStanding(): Promise<void> {
    const { bundle, chargeNumber, ledger, node } = this.#parts;
    if ((await ledger.lastNumberShown(this.#pseudonym)) >= chargeNumber) return;
    const receipt = receiptStanding(bundle);
    const invoice = invoiceStanding(bundle);
    if (receipt !== undefined && BigInt(receipt.receipt.lastChargeNumber) >= chargeNumber) {
      await node.send("POST", "/v1/relay/receipts", receipt);
    } else if (
      invoice !== undefined &&
      BigInt(invoice.invoice.body.lastChargeNumber) >= chargeNumber
    ) {
      await node.send("POST", "/v1/relay/standings", invoice);
    } else {
      throw noStanding();
    }
  }

  async #signed(secret: Uint8Array) {
    const { bundle, chargeNumber, wallet, ledger } = this.#parts;
    const now = BigInt(Math.floor(Date.now() / 1000));
    const { time } = await ledger.head();
    const message = demandMessage(
      {
        pseudonym: this.#pseudonym,
        chargeNumber,
        nonce: await ledger.nonceOf(this.#asker),
        // A ledger's clock may be behind or ahead of this machine's.
        validUntil: (time > now ? time : now) + VALID_SECONDS,
      },
      oneTimePublicKey(secret),
    );
    const domain = demandDomain(BigInt(bundle.ledger.chainId), ledger.demands);
    return {
      pseudonym: message.pseudonym,
      chargeNumber: chargeNumber.toString(),
      key: { x: message.keyX.toString(), y: message.keyY.toString() },
      nonce: message.nonce.toString(),
      validUntil: message.validUntil.toString(),
      signature: await wallet.signTypedData(domain, DEMAND_TYPES, message),
    };
  }

  #find(): Promise<Hex | undefined> {
    const { ledger, chargeNumber } = this.#parts;
    return ledger.find(this.#book, this.#pseudonym, chargeNumber, this.#asker);
  }

  async #tell(id: Hex, state: string, opens: boolean): Promise<ExitCode> {
    const { output, chargeNumber } = this.#parts;
    await output.record({ summary: { id, charge: chargeNumber.toString(), state, opens } });
    const words: Record<string, string> = {
      asked: "The operator's time is not over. Run the same command again with --wait.",
      answered: "The operator delivered it: the bundle holds the charge now.",
      withheld: "The operator did not answer in time: its bond pays for that, a bounty to you.",
      rubbish: "The operator delivered rubbish: its bond pays for that, a bounty to you.",
    };
    await output.say(words[state] ?? state);
    return opens || state === "asked" ? EXIT.yes : EXIT.no;
  }
}

const noStanding = (): TallystickError =>
  new TallystickError(
    "demand.no-standing",
    "The bundle holds neither a receipt of the operator nor an invoice on the ledger that speaks of this charge, so the ledger can not tell that it exists.",
  );
