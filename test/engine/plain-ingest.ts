import { type InspectLine, isRecord } from "../../node/core/formats/inspect-line.ts";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { unnumbered } from "../../node/engine/intake/charge-of-record.ts";
import { countedUse, emptyTotals } from "../../node/engine/intake/control-totals.ts";
import type { AccountGuide } from "../../node/engine/intake/guide-account.ts";
import { putWaiting } from "../../node/engine/intake/suspend-record.ts";
import { numberCharge } from "../../node/engine/number/number-charge.ts";
import type { EngineContext } from "../../node/engine/operator.ts";
import { UsePricer } from "../../node/engine/rate/price-use.ts";
import type { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import type {
  AllTotals,
  ControlClass,
  SuspendedRecord,
} from "../../node/engine/store/stored-types.ts";

/**
 * The reference of `UsageIngest`: one record after the other, each charge numbered, hashed and stored
 * alone by the plain rater and the plain hash, with sets for what came before. The same lines and the
 * same randomness give the same books. Of the control totals it keeps how many wait, which a batch says.
 */
export class PlainIngest {
  readonly #context: EngineContext;
  readonly #pricer: UsePricer;
  readonly #ids = new Set<string>();
  readonly #contents = new Set<string>();

  constructor(context: EngineContext, tariffs: TariffShelf, guide: AccountGuide) {
    this.#context = context;
    this.#pricer = new UsePricer(context, tariffs, guide, ({ compiled }, record) =>
      rateUsage(compiled, record),
    );
    // The key of the other's index of records seen.
    context.random.bytes(32);
  }

  async ingest(lines: readonly InspectLine[], fileSha256: string): Promise<ControlClass[]> {
    const outcomes: ControlClass[] = [];
    for (const line of lines) {
      if ("file" in line) continue;
      outcomes.push(isRecord(line) ? await this.#take(line, fileSha256) : "rejected");
    }
    return outcomes;
  }

  async #take(record: UsageRecord, fileSha256: string): Promise<ControlClass> {
    if (!record.billable) return "notBillable";
    if (this.#ids.has(record.id)) return "duplicate";
    this.#ids.add(record.id);
    const session = new StoreSession(this.#context.store);
    const { id: _, source: __, ...rest } = record;
    const content = JSON.stringify(Object.entries(rest).sort());
    if (this.#contents.has(content)) return this.#suspend(session, record, "duplicate.suspected");
    this.#contents.add(content);
    await this.#pricer.startAt(await session.get<string>(keys.node("closed-epoch")));
    const guide = this.#pricer.guide(record);
    if ("code" in guide) return this.#suspend(session, record, guide.code);
    const found = this.#pricer.price(record, guide, fileSha256);
    if (found.outcome === "not-billable") return "notBillable";
    if (found.outcome === "wait") {
      if (found.wait.code === "record.too-old") return "rejected";
      return this.#suspend(session, record, found.wait.code);
    }
    const { chargeBook } = this.#context.profile.agreement;
    await numberCharge(session, this.#context, chargeBook, unnumbered(found.priced));
    await session.commit();
    return found.priced.amountNano === 0n ? "pricedAtZero" : "charged";
  }

  async #suspend(session: StoreSession, record: UsageRecord, code: string): Promise<ControlClass> {
    const counted = countedUse(record, "");
    const suspended: SuspendedRecord = { record, code, message: "", since: "", counted };
    putWaiting(session, suspended);
    const overall = keys.node("control-totals");
    const all = (await session.get<AllTotals>(overall)) ?? emptyTotals();
    const { suspended: before } = all.classes;
    const classes = { ...all.classes, suspended: { ...before, records: before.records + 1 } };
    session.put(overall, { ...all, classes });
    await session.commit();
    return "suspended";
  }
}
