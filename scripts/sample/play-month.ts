import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { id } from "ethers";
import { Temporal } from "temporal-polyfill";
import { billingEpoch } from "../../node/engine/bill/billing-epoch.ts";
import { LedgerClient } from "../network/ledger-client.ts";
import { readJsonFile, writeJsonFile } from "../network/network-file.ts";
import { keysOf } from "../network/parties.ts";
import { type SampleNetwork, ZONE } from "../network/sample-network.ts";
import { splitByDay } from "./move-to-month.ts";
import { recycleUntimely } from "./recycle-untimely.ts";

export interface Played {
  /** Batches of Alder's book of charges that the ledger had when the bill was run. */
  batchesBeforeBill?: number;
  /** Last day whose records are committed. */
  day?: string;
  billed?: boolean;
  stated?: boolean;
  received?: boolean;
  settled?: boolean;
}

export interface PlayedMonth {
  month: string;
  /** True when everything had been played before. */
  already: boolean;
  records: Record<string, number>;
  invoices: number;
}

const DAY = 86_400;

/**
 * Plays the sample's month on the ledger's own clock: each day the switches' files are taken in and
 * all books commit; after the month the bill is run and both statements are settled. What was done
 * is remembered after each step, and each step can be done again: a start that was killed goes on.
 */
export class SampleMonth {
  readonly #sample: SampleNetwork;
  readonly #progress: (text: string) => void;
  readonly #file: string;

  constructor(sample: SampleNetwork, progress: (text: string) => void) {
    this.#sample = sample;
    this.#progress = progress;
    this.#file = join(sample.directory, "played.json");
  }

  async play(): Promise<{ already: boolean }> {
    let played = (await readJsonFile<Played>(this.#file)) ?? {};
    const already = played.settled === true;
    const note = async (more: Played) => {
      played = { ...played, ...more };
      await writeJsonFile(this.#file, played);
    };
    if (already) return { already };
    await this.#putAccounts();
    await this.#playDays(played.day, (day) => note({ day }));
    if (!played.billed) {
      // Asked for before, and kept first: a bill that is run again after a crash counts the same.
      if (played.batchesBeforeBill === undefined) {
        await note({ batchesBeforeBill: await this.#batchesOfCharges() });
      }
      await this.#bill();
      await note({ billed: true });
    }
    await this.#settle(played, note);
    await this.#sample.ledger.releaseTime();
    await this.#sample.ledger.mine();
    return { already };
  }

  async #putAccounts(): Promise<void> {
    for (const party of ["alder", "birch"] as const) {
      const file = new URL(`../../samples/${party}/accounts.json`, import.meta.url);
      await this.#sample[party].ask("PUT", "accounts", JSON.parse(await readFile(file, "utf8")));
    }
  }

  async #playDays(done: string | undefined, onDay: (day: string) => Promise<void>): Promise<void> {
    const { month } = this.#sample.network;
    const files = {
      alder: splitByDay(await this.#sampleFile("alder-Master.csv")),
      birch: splitByDay(await this.#sampleFile("birch-Master.csv")),
    };
    const days = Temporal.PlainYearMonth.from(month).daysInMonth;
    for (let number = 1; number <= days; number++) {
      const date = Temporal.PlainYearMonth.from(month).toPlainDate({ day: number });
      const day = date.toString();
      if (done !== undefined && day <= done) continue;
      this.#progress(`playing ${day}`);
      await this.#moveClock(date.add({ days: 1 }).toZonedDateTime(ZONE).epochMilliseconds / 1000);
      for (const party of ["alder", "birch"] as const) {
        const csv = files[party].get(day);
        if (csv !== undefined) {
          await this.#sample[party].ask("POST", `usage?name=Master-${day}.csv`, csv);
          await recycleUntimely(this.#sample[party]);
        }
        await this.#sample[party].ask("POST", "commit");
      }
      await onDay(day);
    }
  }

  async #batchesOfCharges(): Promise<number> {
    const { books } = (await this.#sample.alder.ask("GET", "status")) as {
      books: { kind: number; lastSequence: string }[];
    };
    return Number(books.find(({ kind }) => kind === 1)?.lastSequence ?? 0);
  }

  async #bill(): Promise<void> {
    const { month } = this.#sample.network;
    this.#progress("running the bill");
    await this.#moveClock(billingEpoch(month, ZONE).toMilliseconds / 1000 + 6 * 3600);
    await this.#sample.alder.ask("POST", "bill", { period: month });
    await this.#commitBoth();
  }

  /** Statements, their challenge windows, payment, and the partner's share. */
  async #settle(played: Played, note: (more: Played) => Promise<void>): Promise<void> {
    const { ledger, network, alder, birch } = this.#sample;
    const client = new LedgerClient(ledger.url, network.chainId, network.contracts);
    try {
      if (!played.stated) {
        this.#progress("posting statements");
        await birch.ask("POST", "settlement/statement");
        await alder.ask("POST", "settlement/statement");
        await note({ stated: true });
      }
      if (!played.received) {
        this.#progress("signing for the data of the statements");
        await this.#signReceipts(client);
        await note({ received: true });
      }
      this.#progress("waiting out the challenge window");
      for (let day = 0; day < 4; day++) {
        await this.#moveClock(ledger.now() + DAY);
        await this.#commitBoth();
      }
      this.#progress("settling");
      const { alder: alderMember, birch: birchMember, cedar: cedarMember } = network.members;
      const count = Number(await client.read("statements", "statementCount"));
      for (let ordinal = 1; ordinal <= count; ordinal++) {
        const statement = await client.read("statements", "statementAt", ordinal);
        const obligation = await client.read("statements", "obligationIdOf", statement, 0);
        const { state } = await client.read("statements", "statementOf", statement);
        if (Number(state) === 1) await alder.ask("POST", "settlement/finalize", { statement });
        if (await client.read("settlement", "isPaid", obligation)) continue;
        const units = await client.read("settlement", "unitsDueFor", obligation);
        const spender = network.contracts.settlement;
        const approval = { token: network.contracts.token, spender, units: `${units}`, obligation };
        if (units > 0n) await alder.ask("POST", "settlement/approve", approval);
        await alder.ask("POST", "settlement/pay", { obligation });
      }
      const token = network.contracts.token as string;
      const birchKeys = await keysOf(this.#sample.directory, "birch");
      const cedarKeys = await keysOf(this.#sample.directory, "cedar");
      if ((await client.read("settlement", "withdrawableOf", token, birchMember)) > 0n) {
        await birch.ask("POST", "settlement/withdraw", {
          token,
          to: birchKeys.settle.address,
          key: network.month,
        });
      }
      if ((await client.read("settlement", "withdrawableOf", token, cedarMember)) > 0n) {
        const to = cedarKeys.settle.address;
        await client.send(cedarKeys.settle, "settlement", "withdraw", token, to);
      }
      void alderMember;
      await note({ settled: true });
    } finally {
      client.close();
    }
  }

  /** Alder pays Birch, and Cedar shares in what Alder bills: each signs for what it was shown. */
  async #signReceipts(client: LedgerClient): Promise<void> {
    const { alder, birch, network } = this.#sample;
    const { settle } = await keysOf(this.#sample.directory, "cedar");
    const count = Number(await client.read("statements", "statementCount"));
    for (let ordinal = 1; ordinal <= count; ordinal++) {
      const statement = await client.read("statements", "statementAt", ordinal);
      const { book, objectBy } = await client.read("statements", "statementOf", statement);
      if (objectBy > 0n) continue;
      if (book === network.interconnect.chargeBook) {
        const dataDigest = await this.#dataDigestOf(birch);
        await alder.ask("POST", "settlement/receipt", { statement, dataDigest });
      } else {
        const dataDigest = await this.#dataDigestOf(alder);
        await client.send(settle, "statements", "signReceipt", statement, dataDigest);
      }
    }
  }

  /** Of the evidence of all accounts for the month, in their order. */
  async #dataDigestOf(node: SampleNetwork["alder"]): Promise<string> {
    const { accounts } = (await node.ask("GET", "accounts")) as { accounts: { id: string }[] };
    const bundles = [];
    for (const { id: account } of accounts) {
      const query = `account=${encodeURIComponent(account)}&period=${this.#sample.network.month}`;
      bundles.push(await node.ask("GET", `evidence?${query}`));
    }
    return id(JSON.stringify(bundles));
  }

  async #commitBoth(): Promise<void> {
    for (const node of [this.#sample.alder, this.#sample.birch]) await node.ask("POST", "commit");
  }

  /** Never backwards: a start that was killed finds the ledger's clock further on. */
  async #moveClock(seconds: number): Promise<void> {
    const { ledger } = this.#sample;
    await ledger.setTime(Math.max(Math.floor(seconds), ledger.now()));
    await ledger.mine();
  }

  #sampleFile(name: string): Promise<string> {
    return readFile(join(this.#sample.directory, "sample", name), "utf8");
  }
}
