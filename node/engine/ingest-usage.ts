import { sha256 } from "@noble/hashes/sha2.js";
import { fromHex, toHex } from "../core/bytes.ts";
import {
  CHARGE_FLAG,
  CHARGE_KIND,
  chargeDueMilliseconds,
  NO_DIGITS,
  NO_NETWORK,
} from "../core/commitment/charge-groups.ts";
import { textIdentity } from "../core/commitment/secrets.ts";
import { type InspectLine, isRecord } from "../core/formats/inspect-line.ts";
import { parseDecimalNano } from "../core/money/decimal.ts";
import type { Rated } from "../core/rating/outcome.ts";
import type { UsageRecord } from "../core/records/usage-record.ts";
import { EpochCalendar, epochAfter } from "./billing-epoch.ts";
import { addToTotals, emptyFile } from "./control-totals.ts";
import type { AccountGuide } from "./guide-account.ts";
import { keys } from "./key-spaces.ts";
import { numberCharge } from "./number-charge.ts";
import type { EngineContext } from "./operator.ts";
import { servedIdentities } from "./served-party.ts";
import { StoreSession } from "./store-session.ts";
import type { ControlClass, IngestedFile, SourceSeen, SuspendedRecord } from "./stored-types.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

/** Records that become durable in one write. */
const BLOCK_RECORDS = 256;
/** What the records of the next block will ask for again. */
const REMEMBERED = /^(account|book|epoch|month-key|node)\//;

export interface UsageFile {
  name: string;
  /** SHA-256 of the whole file, hexadecimal: the same file again is not taken in twice. */
  sha256: string;
  lines: AsyncIterable<InspectLine>;
}

/**
 * The first half of a record's life: dedupe, guide, rate, number. Each block of records becomes
 * durable in one write together with how far the file was taken in, so that a restart goes on
 * behind the last whole block and nothing is lost or doubled.
 */
export class UsageIngest {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #guide: AccountGuide;
  readonly #epochs: EpochCalendar;
  /** Ledger time of the block of records at hand. */
  #nowSeconds = 0n;

  constructor(context: EngineContext, tariffs: TariffShelf, guide: AccountGuide) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#guide = guide;
    this.#epochs = new EpochCalendar(context.profile.zone);
  }

  async ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    const session = new StoreSession(this.#context.store);
    let state = (await session.get<IngestedFile>(keys.file(file.sha256))) ?? emptyFile(file);
    if (state.complete) return { ...state, already: true };
    let position = 0;
    let block: Exclude<InspectLine, { file: unknown }>[] = [];
    const takeBlock = async () => {
      state = await this.#takeBlock(session, block, file, state);
      session.put(keys.file(file.sha256), state);
      await session.commit((key) => REMEMBERED.test(key));
      block = [];
      onProgress?.(position);
    };
    for await (const line of file.lines) {
      if ("file" in line) {
        state = {
          ...state,
          problems: line.file.problems.map(({ code, message }) => ({ code, message })),
        };
        continue;
      }
      if (++position <= state.done) continue;
      block.push(line);
      if (block.length === BLOCK_RECORDS) await takeBlock();
    }
    state = await this.#takeBlock(session, block, file, state);
    state = { ...state, complete: true };
    session.put(keys.file(file.sha256), state);
    await session.commit();
    return { ...state, already: false };
  }

  async #takeBlock(
    session: StoreSession,
    block: Exclude<InspectLine, { file: unknown }>[],
    file: UsageFile,
    before: IngestedFile,
  ): Promise<IngestedFile> {
    this.#nowSeconds = await this.#context.time.seconds();
    const digests = block.map((line) => (isRecord(line) ? contentDigestOf(line) : ""));
    await session.prefetch(
      block.flatMap((line, at) =>
        isRecord(line) ? [keys.source(line.id), keys.content(digests[at] as string)] : [],
      ),
    );
    let state = before;
    for (const [at, line] of block.entries()) {
      const done = state.done + 1;
      const record = isRecord(line) ? line : undefined;
      const outcome =
        record === undefined
          ? "rejected"
          : await this.#take(session, record, digests[at] as string, file, done);
      state = addToTotals({ ...state, done }, outcome, record);
    }
    return state;
  }

  /** Rates a record again that waited in suspense, after it, its account or the tariff changed. */
  async recycle(recordId: string): Promise<ControlClass | undefined> {
    this.#nowSeconds = await this.#context.time.seconds();
    const session = new StoreSession(this.#context.store);
    const waiting = await session.get<SuspendedRecord>(keys.suspense(recordId));
    if (waiting === undefined) return undefined;
    session.delete(keys.suspense(recordId));
    const seen = await session.get<SourceSeen>(keys.source(recordId));
    const outcome = await this.#price(session, waiting.record, seen?.file, true);
    if (seen !== undefined) session.put(keys.source(recordId), { ...seen, outcome });
    await session.commit();
    return outcome;
  }

  async #take(
    session: StoreSession,
    record: UsageRecord,
    contentDigest: string,
    file: UsageFile,
    position: number,
  ): Promise<ControlClass> {
    if (!record.billable) return "notBillable";
    const seen = await session.get<SourceSeen>(keys.source(record.id));
    if (seen !== undefined) return "duplicate";
    const twin = await session.get<string>(keys.content(contentDigest));
    let outcome: ControlClass;
    if (twin === undefined) {
      session.put(keys.content(contentDigest), record.id);
      outcome = await this.#price(session, record, file.sha256, false);
    } else {
      outcome = this.#suspend(session, record, "duplicate.suspected", {
        message: `The same content came before under another id (${twin}); decide whether both are real.`,
      });
    }
    session.put(keys.source(record.id), {
      file: file.sha256,
      position,
      outcome,
      contentDigest,
    } satisfies SourceSeen);
    return outcome;
  }

  async #price(
    session: StoreSession,
    record: UsageRecord,
    fileSha256: string | undefined,
    recycled: boolean,
  ): Promise<ControlClass> {
    const { profile } = this.#context;
    const startMilliseconds = Date.parse(record.start);
    const tariff = this.#tariffs.inForce(startMilliseconds);
    if (tariff === undefined) {
      return this.#suspend(session, record, "rating.tariff-not-in-force", {
        message: "No published tariff was in force when it started; publish one and recycle.",
      });
    }
    const guided =
      profile.trunkAccount === undefined
        ? this.#guide.guide(
            servedIdentities(record, tariff.compiled.document.numbering),
            startMilliseconds,
          )
        : { account: profile.trunkAccount, device: profile.trunkAccount };
    if ("code" in guided) return this.#suspend(session, record, guided.code, guided);
    const rated = tariff.rater.rate(record);
    if (rated.outcome === "not-billable") return "notBillable";
    if (rated.outcome === "suspended") return this.#suspend(session, record, rated.code, rated);

    const now = this.#nowSeconds * 1000n;
    const due = chargeDueMilliseconds({ ...chargeGroupOf(rated), salt: new Uint8Array(32) });
    if (due > now) {
      return this.#suspend(session, record, "record.from-the-future", {
        message:
          "It ends later than the ledger's newest block; recycle it when that time has come.",
      });
    }
    if (now - due > profile.agreement.maxRecordAgeSeconds * 1000n) {
      if (!recycled) return "rejected";
      return this.#suspend(session, record, "record.too-old", {
        message: "It is older than the agreement's maximum record age and can not be charged.",
      });
    }
    const hand = profile.handPrices[record.id];
    const amountNano = hand === undefined ? rated.amountNano : parseDecimalNano(hand.amount);
    await numberCharge(session, this.#context, profile.agreement.chargeBook, {
      recordId: record.id,
      revision: 0,
      account: guided.account,
      epoch: await this.#openEpoch(session, startMilliseconds),
      device: guided.device,
      amountNano,
      startMilliseconds,
      party: (salt) => partyGroupOf(rated, record, fileSha256, salt),
      third: { kind: "charge", group: chargeGroupOf(rated) },
      components:
        hand === undefined
          ? rated.components.map((component) => ({
              ...component,
              amountNano: component.amountNano.toString(),
              quantity: component.quantity?.toString(),
              billed: component.billed?.toString(),
            }))
          : [{ kind: "hand-price", amountNano: amountNano.toString(), reason: hand.reason }],
      usage: record,
    });
    return amountNano === 0n ? "pricedAtZero" : "charged";
  }

  /** The epoch of the start, or the one after the last that was billed: late records go there. */
  async #openEpoch(session: StoreSession, startMilliseconds: number): Promise<string> {
    const epoch = this.#epochs.epochOf(startMilliseconds);
    const closed = await session.get<string>(keys.node("closed-epoch"));
    return closed !== undefined && epoch <= closed ? epochAfter(closed) : epoch;
  }

  #suspend(
    session: StoreSession,
    record: UsageRecord,
    code: string,
    { message }: { message: string },
  ): ControlClass {
    const since = new Date(Number(this.#nowSeconds) * 1000).toISOString();
    session.put(keys.suspense(record.id), {
      record,
      code,
      message,
      since,
    } satisfies SuspendedRecord);
    return "suspended";
  }
}

/**
 * The same content under another id: two identical messages in one second can be genuine. Who was
 * served is part of it, since a thousand meters report the same at the same second.
 */
function contentDigestOf(record: UsageRecord): string {
  const { service, direction, start, durationSeconds, aParty, bParty, imsi, deviceId } = record;
  const { uplinkOctets, downlinkOctets, totalOctets, energyWattHours, units } = record;
  const content = [service, direction, start, durationSeconds, aParty, bParty, imsi, deviceId];
  const quantities = [uplinkOctets, downlinkOctets, totalOctets, energyWattHours, units];
  const text = JSON.stringify([...content, ...quantities]);
  return toHex(sha256(new TextEncoder().encode(text)).slice(0, 16));
}

function chargeGroupOf(rated: Rated) {
  return {
    kind: CHARGE_KIND.usage,
    service: rated.service,
    flags: rated.direction | (rated.wholeNumber ? CHARGE_FLAG.wholeNumber : 0),
    start: BigInt(rated.startMilliseconds),
    sessionMinutes: rated.sessionMinutes,
    quantity: rated.quantity,
    secondQuantity: rated.secondQuantity,
    decidingDigits: rated.decidingDigits,
    originDigits: rated.originDigits ?? NO_DIGITS,
    visitedNetwork: rated.visitedNetwork ?? NO_NETWORK,
    class: rated.class ?? 0,
    tariffVersion: rated.tariffVersion,
    counters: [],
  };
}

/** A charge that stands for itself. */
const NO_EVENTS = new Uint8Array(32);

function partyGroupOf(
  rated: Rated,
  record: UsageRecord,
  fileSha256: string | undefined,
  salt: Uint8Array,
) {
  const text = rated.partyText;
  const source = record.source;
  return {
    group: {
      restDigits: text === undefined ? rated.restDigits : BigInt(toHex(textIdentity(salt, text))),
      type: rated.partyType,
      cell: 0n,
      file:
        fileSha256 === undefined ? new Uint8Array(16) : fromHex(`0x${fileSha256.slice(0, 32)}`, 16),
      offset: BigInt(source?.byteOffset ?? 0),
      length: source?.byteLength ?? 0,
      eventsRoot: record.eventsRoot === undefined ? NO_EVENTS : fromHex(record.eventsRoot, 32),
    },
    ...(text === undefined ? {} : { text }),
  };
}
