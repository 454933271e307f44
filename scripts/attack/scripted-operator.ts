import { encodeBytes32String, Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { BOOK_KIND, type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import {
  type BooksContract,
  INVOICE_TYPES,
  invoiceDomain,
} from "../../node/core/evidence/signed-messages.ts";
import { deployLedger } from "../deploy.ts";
import type { EmbeddedLedger } from "../embedded-ledger.ts";
import { type ContractKey, LedgerClient } from "../network/ledger-client.ts";
import { type Item, type Lie, OpenedBatch } from "./opened-batch.ts";
import { plainTariff } from "./plain-tariff.ts";

const DAY = 86_400;
const EUR = "0x455552";
const ROLE = { operator: 1, arbiter: 8 };
/** To object, to answer a claim, age of a record, to credit, notice of a tariff, demand, dispute, term. */
const WINDOWS = [7 * DAY, DAY, 30 * DAY, 7 * DAY, 0, DAY, DAY, 0];
/** Units of the token; the cap in nano-units. */
export const STAKES = {
  bondMin: 5_000_000n,
  bounty: 2_000_000n,
  penalty: 1_000_000n,
  concessionCapNano: 500_000_000n,
  concessionFee: 100_000n,
};
const BOND_UNITS = 900_000_000n;

export interface JoinedNetwork {
  ledger: EmbeddedLedger;
  chainId: number;
  /** Addresses by the contract's key, the token among them. */
  contracts: Record<string, string>;
  governor: Wallet;
  name: string;
}

export type BookName = "charges" | "otherSplit" | "credits" | "invoices" | "jumpingTotals";

const BOOKS: Record<BookName, [kind: BookKind, number: number, split: number]> = {
  charges: [BOOK_KIND.charges, 1, 1],
  otherSplit: [BOOK_KIND.charges, 2, 2],
  jumpingTotals: [BOOK_KIND.charges, 3, 1],
  credits: [BOOK_KIND.credits, 1, 1],
  invoices: [BOOK_KIND.invoices, 1, 1],
};

/**
 * A ledger with one operator that commits whatever a script tells it to, and denies everything. Its books
 * are made by the project's own core: only what they say may be false.
 */
export class ScriptedOperator {
  readonly client: LedgerClient;
  readonly claims: Hex;
  readonly chainId: number;
  readonly tariff = plainTariff();
  readonly #ledger: EmbeddedLedger;
  readonly #key: Wallet;
  /** Addresses by the contract's key. */
  readonly contracts: Record<string, string>;
  readonly governor: Wallet;
  /** The member that arbitrates. */
  arbiter!: Hex;
  agreement!: Hex;
  member!: Hex;
  #chargeBooks = 3;
  readonly #books = new Map<BookName, Hex>();
  readonly #before = new Map<Hex, { sequence: bigint; sumNano: bigint; count: bigint }>();

  private constructor(
    ledger: EmbeddedLedger,
    client: LedgerClient,
    key: Wallet,
    governor: Wallet,
    chainId: number,
    contracts: Record<string, string>,
  ) {
    this.#ledger = ledger;
    this.client = client;
    this.#key = key;
    this.chainId = chainId;
    this.governor = governor;
    this.contracts = contracts;
    this.claims = contracts.claims?.toLowerCase() as Hex;
  }

  static async start(
    ledger: EmbeddedLedger,
    chainId: number,
    say: (what: string) => void,
  ): Promise<ScriptedOperator> {
    const governor = fresh();
    const deployer = new LedgerClient(ledger.url, chainId);
    const addresses = await deployLedger(governor.connect(deployer.provider), {
      heartbeatSeconds: BigInt(DAY),
      onStep: say,
    });
    deployer.close();
    const contracts = { ...addresses, token: addresses.demoToken };
    return ScriptedOperator.join(
      { ledger, chainId, contracts, governor, name: "Alder Mobile" },
      say,
    );
  }

  /** On contracts that others deployed, admitted by their governor; its agreement is the newest one. */
  static async join(
    network: JoinedNetwork,
    say: (what: string) => void,
  ): Promise<ScriptedOperator> {
    const { ledger, chainId, contracts, governor, name } = network;
    const [key, arbiter] = [fresh(), fresh()];
    const client = new LedgerClient(ledger.url, chainId, { ...contracts });
    const operator = new ScriptedOperator(ledger, client, key, governor, chainId, contracts);
    for (const [member, roles, one] of [
      [name, ROLE.operator, key],
      [`Arbiter of ${name}`, ROLE.arbiter, arbiter],
    ] as const) {
      say(`admitting ${member}`);
      const keys = [one.address, one.address, one.address];
      await client.send(governor, "members", "admit", member, roles, keys);
    }
    await operator.#open(arbiter.address);
    return operator;
  }

  /** Its one key for every duty. */
  get wallet(): Wallet {
    return this.#key;
  }

  book(name: BookName): Hex {
    return this.#books.get(name) as Hex;
  }

  /** Milliseconds, so long before the ledger's time. */
  ago(seconds: number): bigint {
    return BigInt(this.#ledger.now() - seconds) * 1000n;
  }

  async commit(name: BookName, items: Item[], lie: Lie = {}): Promise<OpenedBatch> {
    const book = this.book(name);
    const last = this.#before.get(book) ?? { sequence: 0n, sumNano: 0n, count: 0n };
    const batch = new OpenedBatch(book, last.sequence + 1n, items, last, lie);
    await this.send("books", "commit", book, batch.sequence, batch.commitment());
    const block = await this.client.provider.getBlock("latest");
    batch.blockTime = BigInt(block?.timestamp ?? 0);
    this.#before.set(book, { sequence: batch.sequence, ...batch.running });
    return batch;
  }

  /** What it sends as an invoice, signed by its key (contracts/breaches/InvoiceDocumentDiffers.sol). */
  async signInvoice(book: Hex, orderKey: Hex, documentHash: Hex) {
    const message = { book, orderKey, documentHash };
    return this.sign(invoiceDomain(this.booksContract()), INVOICE_TYPES, message);
  }

  async sign(...typed: Parameters<Wallet["signTypedData"]>) {
    return { signer: this.#key.address, signature: await this.#key.signTypedData(...typed) };
  }

  booksContract(): BooksContract {
    const books = this.contracts.books?.toLowerCase() as Hex;
    return { chainId: BigInt(this.chainId), books };
  }

  /** Whatever is alleged, it denies. */
  async contest(claim: string): Promise<void> {
    await this.send("claims", "contest", claim);
  }

  async #open(arbiter: string): Promise<void> {
    const { client, contracts } = this;
    const member: Hex = await client.read("members", "memberOf", this.#key.address);
    this.member = member;
    this.arbiter = await client.read("members", "memberOf", arbiter);
    const terms = [
      [member],
      [[member, member]],
      [
        [member, []],
        [member, []],
      ],
      [],
      [encodeBytes32String("Europe/Berlin"), 0, false, false],
      EUR,
      contracts.token,
      this.arbiter,
      false,
      WINDOWS,
      Object.values(STAKES),
    ];
    await this.send("agreements", "propose", terms);
    const newest: bigint = await client.read("agreements", "agreementCount");
    const agreement: Hex = await client.read("agreements", "agreementAt", newest);
    this.agreement = agreement;
    await this.send("token", "mint", this.#key.address, BOND_UNITS);
    await this.send("token", "approve", contracts.bonds, BOND_UNITS);
    await this.send("bonds", "deposit", agreement, member, BOND_UNITS);
    const from = this.#ledger.now() + 60;
    await this.send("tariffs", "publish", agreement, 1, this.tariff.root, from);
    for (const [name, [kind, number, split]] of Object.entries(BOOKS)) {
      this.#books.set(name as BookName, await this.#openBook(kind, number, split));
    }
    await this.#ledger.setTime(this.#ledger.now() + DAY);
  }

  /** Lets the ledger's clock go on: in the same second it costs less. */
  async wait(seconds: number): Promise<void> {
    await this.#ledger.setTime(this.#ledger.now() + seconds);
  }

  /** Another book of charges; numbers have no gap. */
  openNextBook(): Promise<Hex> {
    return this.#openBook(BOOK_KIND.charges, ++this.#chargeBooks, 1);
  }

  async #openBook(kind: BookKind, number: number, split: number): Promise<Hex> {
    await this.send("books", "openBook", this.agreement, kind, number, split);
    const domain = bookDomain({
      chainId: BigInt(this.chainId),
      books: fromHex(this.contracts.books?.toLowerCase() as Hex, 20),
      operator: fromHex(this.member),
      agreement: fromHex(this.agreement),
      kind,
      number: BigInt(number),
    });
    return toHex(domain);
  }

  async tokenOf(): Promise<Hex> {
    return (await this.client.read("agreements", "tokenOf", this.agreement)).token;
  }

  /** With its one key for every duty; answers the gas that was used. */
  send(contract: ContractKey, method: string, ...args: unknown[]): Promise<bigint> {
    return this.client.send(this.#key, contract, method, ...args);
  }
}

const fresh = (): Wallet => new Wallet(Wallet.createRandom().privateKey);
