import { encodeBytes32String, Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { BOOK_KIND, bookDomain } from "../../node/core/commitment/domain.ts";
import { callOf } from "../attack/made-leaves.ts";
import { OpenedBatch } from "../attack/opened-batch.ts";
import { MINUTE_NANO } from "../attack/plain-tariff.ts";
import type { ScriptedOperator } from "../attack/scripted-operator.ts";
import type { EmbeddedLedger } from "../embedded-ledger.ts";
import type { ContractKey } from "../network/ledger-client.ts";

const DAY = 86_400;
const ROLE_OPERATOR = 1;
const RING = 8;
/** Statements can be objected to for a second: nobody here would. */
const WINDOWS = [1, DAY, 30 * DAY, DAY, 0, DAY, DAY, 0];
const NO_BOOK = `0x${"00".repeat(20)}`;
const NOTHING_OPENED = {
  root: `0x${"00".repeat(32)}`,
  depth: 0,
  totals: `0x${"00".repeat(32)}`,
  blockTime: 0n,
  salt: `0x${"00".repeat(32)}`,
  sumNano: 0n,
  count: 0n,
};
const PLAY_MONEY_UNITS = 10n ** 12n;

interface Billing {
  key: Wallet;
  payer: Wallet;
  book: Hex;
  before: { sumNano: bigint; count: bigint };
}

/**
 * One netting cycle of so many members, who bill each other in rings, with so many obligations, from
 * committed batches over final statements to the last withdrawal.
 * @returns the most gas that one deposit and one withdrawal of a member used
 */
export async function nettingCosts(
  ledger: EmbeddedLedger,
  scripted: ScriptedOperator,
  memberCount: number,
  obligationCount: number,
): Promise<{ deposit: bigint; withdrawal: bigint }> {
  const cycle = new NettingCycle(ledger, scripted);
  const billings = await cycle.admit(memberCount);
  for (let at = 0; at < obligationCount; at++) {
    await cycle.owe(billings[at % memberCount] as Billing, at);
  }
  return cycle.settle(billings.map(({ key }) => key));
}

class NettingCycle {
  readonly #ledger: EmbeddedLedger;
  readonly #scripted: ScriptedOperator;

  constructor(ledger: EmbeddedLedger, scripted: ScriptedOperator) {
    this.#ledger = ledger;
    this.#scripted = scripted;
  }

  async admit(count: number): Promise<Billing[]> {
    const billings: Billing[] = [];
    for (let first = 0; first < count; first += RING) {
      const keys = Array.from({ length: Math.min(RING, count - first) }, fresh);
      const members: Hex[] = [];
      for (const [at, key] of keys.entries()) {
        const duties = [key.address, key.address, key.address];
        const { governor } = this.#scripted;
        await this.#send(governor, "members", "admit", `m${first + at}`, ROLE_OPERATOR, duties);
        members.push(await this.#read("members", "memberOf", key.address));
      }
      const agreement = await this.#agree(keys, members);
      for (const [at, key] of keys.entries()) {
        const payer = keys[(at + 1) % keys.length] as Wallet;
        await this.#send(key, "books", "openBook", agreement, BOOK_KIND.charges, 1, at + 1);
        const book = this.#bookOf(members[at] as Hex, agreement);
        billings.push({ key, payer, book, before: { sumNano: 0n, count: 0n } });
      }
    }
    return billings;
  }

  /** One final statement of one batch, whose obligation enters the open cycle. */
  async owe(billing: Billing, ordinal: number): Promise<void> {
    const { key, book } = billing;
    const amountNano = MINUTE_NANO * BigInt(1 + (ordinal % 7));
    const item = { ...callOf(this.#scripted, `owed ${ordinal} ${book}`), amountNano };
    const newest: bigint = await this.#read("books", "newestSequenceOf", book);
    const batch = new OpenedBatch(book, newest + 1n, [item], billing.before, {});
    await this.#send(key, "books", "commit", book, batch.sequence, batch.commitment());
    const block = await this.#scripted.client.provider.getBlock("latest");
    batch.blockTime = BigInt(block?.timestamp ?? 0);
    billing.before = batch.running;
    const call = [book, batch.sequence, batch.opening(), NO_BOOK, 0, NOTHING_OPENED];
    await this.#send(key, "statements", "post", ...call);
    const count: bigint = await this.#read("statements", "statementCount");
    const statement: Hex = await this.#read("statements", "statementAt", count);
    await this.#send(billing.payer, "statements", "signReceipt", statement, batch.commitment());
    await this.#ledger.setTime(this.#ledger.now() + 3);
    await this.#send(key, "statements", "finalize", statement);
    const obligation: Hex = await this.#read("statements", "obligationIdOf", statement, 0);
    await this.#send(key, "netting", "enter", obligation);
  }

  async settle(keys: Wallet[]): Promise<{ deposit: bigint; withdrawal: bigint }> {
    const token: Hex = await this.#scripted.tokenOf();
    const number: bigint = await this.#read("netting", "cycleCountOf", token);
    const cycle: Hex = await this.#read("netting", "cycleIdOf", token, number);
    const openDays = Number(await this.#read("netting", "openSeconds")) / DAY;
    for (let day = 0; day <= openDays; day++) {
      await this.#ledger.setTime(this.#ledger.now() + DAY);
      await this.#send(keys[0] as Wallet, "clock", "tick");
    }
    await this.#send(keys[0] as Wallet, "netting", "close", cycle);
    let [deposit, withdrawal] = [0n, 0n];
    const creditors: Wallet[] = [];
    for (const key of keys) {
      const member: Hex = await this.#read("members", "memberOf", key.address);
      const units: bigint = await this.#read("netting", "unitsDueFor", cycle, member);
      if (units === 0n) creditors.push(key);
      else deposit = most(deposit, await this.#deposit(key, cycle, units));
    }
    for (const key of creditors) {
      const member: Hex = await this.#read("members", "memberOf", key.address);
      const { nano } = await this.#read("netting", "positionOf", cycle, member);
      if (nano <= 0n) continue;
      const used = await this.#send(key, "netting", "withdraw", token, cycle, key.address);
      withdrawal = most(withdrawal, used);
    }
    return { deposit, withdrawal };
  }

  async #deposit(key: Wallet, cycle: Hex, units: bigint): Promise<bigint> {
    await this.#send(key, "token", "mint", key.address, PLAY_MONEY_UNITS);
    await this.#send(key, "token", "approve", this.#scripted.contracts.netting, PLAY_MONEY_UNITS);
    return this.#send(key, "netting", "fund", cycle, units);
  }

  async #agree(keys: Wallet[], members: Hex[]): Promise<Hex> {
    const terms = [
      members,
      members.map((member, at) => [member, members[(at + 1) % members.length]]),
      members.map((member) => [member, []]),
      [],
      [encodeBytes32String("UTC"), 0, false, false],
      "0x455552",
      await this.#scripted.tokenOf(),
      this.#scripted.arbiter,
      true,
      WINDOWS,
      [0n, 0n, 0n, 0n, 0n],
    ];
    const [proposer, ...others] = keys as [Wallet, ...Wallet[]];
    await this.#send(proposer, "agreements", "propose", terms);
    const count: bigint = await this.#read("agreements", "agreementCount");
    const agreement: Hex = await this.#read("agreements", "agreementAt", count);
    for (const key of others) await this.#send(key, "agreements", "sign", agreement);
    return agreement;
  }

  #bookOf(member: Hex, agreement: Hex): Hex {
    const { chainId, contracts } = this.#scripted;
    const place = { chainId: BigInt(chainId), kind: BOOK_KIND.charges, number: 1n };
    const books = fromHex(contracts.books?.toLowerCase() as Hex, 20);
    const [operator, of] = [fromHex(member, 20), fromHex(agreement, 32)];
    return toHex(bookDomain({ ...place, books, operator, agreement: of }));
  }

  #send(by: Wallet, contract: ContractKey, method: string, ...args: unknown[]): Promise<bigint> {
    return this.#scripted.client.send(by, contract, method, ...args);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what ethers decodes has no static type
  #read(contract: ContractKey, method: string, ...args: unknown[]): Promise<any> {
    return this.#scripted.client.read(contract, method, ...args);
  }
}

const fresh = (): Wallet => new Wallet(Wallet.createRandom().privateKey);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
