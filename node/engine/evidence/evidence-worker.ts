import { versionInForce } from "../../core/evidence/check-price.ts";
import { OrderKeys } from "../bill/order-keys.ts";
import type { EngineContext } from "../operator.ts";
import type { Store } from "../store/store.ts";
import { readAccountFacts } from "./account-facts.ts";
import { EvidenceBuilder } from "./build-evidence.ts";
import type { EvidenceFacts, EvidenceReach, EvidenceTask } from "./evidence-kernel.ts";
import { GatheredLines } from "./gather-lines.ts";
import { sealWholeFile } from "./seal-evidence-file.ts";

/** Makes evidence files of many accounts, whose lines are read together. */
export class EvidenceWorker {
  readonly #context: EngineContext;
  readonly #builder: EvidenceBuilder;
  #orderKeys: { epoch: string; keys: Promise<OrderKeys | undefined> } | undefined;

  constructor({ profile, ledger, tariffs }: EvidenceFacts, reach: EvidenceReach) {
    const refuse = () => Promise.reject(new Error("evidence is read, and nothing is written"));
    const { store } = reach;
    const reading: Store = {
      get: async (key) => (await store.getMany([key]))[0],
      getMany: (keys) => store.getMany(keys),
      scan: (range) => store.scan(range),
      view: refuse,
      write: refuse,
      close: refuse,
    };
    this.#context = {
      store: reading,
      profile,
      // What is random, and what time it is, each task says.
      random: { bytes: () => new Uint8Array() },
      time: { seconds: refuse },
    };
    const published = {
      versions: tariffs,
      inForce: (start: number) => versionInForce(tariffs, BigInt(start)),
    };
    const { signReceipt, signInvoice } = reach;
    this.#builder = new EvidenceBuilder(this.#context, published, ledger, signReceipt, signInvoice);
  }

  /** @returns the files' bytes, in their order @throws TallystickError as `EvidenceBuilder.write` */
  async write({ epoch, seconds, files }: EvidenceTask): Promise<Uint8Array<ArrayBuffer>[]> {
    const { chargeBook } = this.#context.profile.agreement;
    const accounts = [...new Set(files.map(({ account }) => account))];
    const facts = await readAccountFacts(this.#context, accounts, epoch);
    const keys = await this.#keysOf(epoch);
    const gathered = await GatheredLines.of(this.#builder.reading, chargeBook, facts, keys);
    const byAccount = new Map(facts.map((one) => [one.account, one]));
    const made: Uint8Array<ArrayBuffer>[] = [];
    for (const { account, ...owner } of files) {
      const known = byAccount.get(account);
      const options = { onlyFinal: true, gathered, seconds, ...(known && { known }) };
      const parts: string[] = [];
      for await (const part of this.#builder.write(account, epoch, options)) parts.push(part);
      made.push(sealWholeFile(parts.join(""), { ...owner, epoch }));
    }
    return made;
  }

  #keysOf(epoch: string): Promise<OrderKeys | undefined> {
    if (this.#orderKeys?.epoch !== epoch) {
      const { store, profile } = this.#context;
      const keys = OrderKeys.read(store, profile.agreement.invoiceBook, epoch);
      this.#orderKeys = { epoch, keys };
    }
    return this.#orderKeys.keys;
  }
}
