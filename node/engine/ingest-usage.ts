import { fromHex, toHex } from "../core/bytes.ts";
import {
  CHARGE_FLAG,
  CHARGE_KIND,
  chargeDueMilliseconds,
  NO_DIGITS,
  NO_NETWORK,
} from "../core/commitment/charge-groups.ts";
import { textIdentity } from "../core/commitment/secrets.ts";
import { assert } from "../core/errors.ts";
import { type InspectLine, isRecord } from "../core/formats/inspect-line.ts";
import { parseDecimalNano } from "../core/money/decimal.ts";
import type { Rated } from "../core/rating/outcome.ts";
import type { UsageRecord } from "../core/records/usage-record.ts";
import { EpochCalendar, epochAfter } from "./billing-epoch.ts";
import { ChargeWriter, fitsBlock } from "./charge-writer.ts";
import { emptyFile, RunningTotals } from "./control-totals.ts";
import type { AccountGuide } from "./guide-account.ts";
import { keys } from "./key-spaces.ts";
import { numberCharge, type UnnumberedCharge } from "./number-charge.ts";
import type { EngineContext, HandPrice } from "./operator.ts";
import { SEEN, SeenIndex } from "./seen-index.ts";
import { servedIdentities } from "./served-party.ts";
import { StoreSession } from "./store-session.ts";
import { findRows, isBlock, type StoredRows } from "./stored-rows.ts";
import type {
  BookState,
  ControlClass,
  IngestedFile,
  SourceSeen,
  StoredCharge,
  SuspendedRecord,
} from "./stored-types.ts";
import { SubscriberCounters } from "./subscriber-counters.ts";
import type { ShelvedTariff, TariffShelf } from "./tariff-shelf.ts";

/** Records that are looked up together. */
const CHUNK_RECORDS = 1_024;
/** Records that become durable in one write, unless the profile says otherwise. */
const UNIT_RECORDS = 16_384;

export interface UsageFile {
  name: string;
  /** SHA-256 of the whole file, hexadecimal: the same file again is not taken in twice. */
  sha256: string;
  lines: AsyncIterable<InspectLine>;
}

const NO_SALT = new Uint8Array(32);

type UsageLine = Exclude<InspectLine, { file: unknown }>;

/** What a record needs before it can be priced, found out ahead for a whole chunk. */
interface Guided {
  startMilliseconds: number;
  tariff: ShelvedTariff;
  account: string;
  device: string;
  epoch: string;
}

type GuideOutcome = Guided | { code: string; message: string };

/** Units of work of one file: what they share while it is taken in. */
interface Intake {
  session: StoreSession;
  seen: SeenIndex;
  counters: SubscriberCounters;
  writer: ChargeWriter;
  file: UsageFile;
}

/**
 * The first half of a record's life: dedupe, guide, rate, number. Records become durable by the unit,
 * each in one write together with how far the file was taken in: blocks of rows, leaf digests, the
 * index of records seen, counters, the book's next position. A crash leaves whole units; a restart
 * goes on behind the last of them, and nothing is lost or doubled.
 */
export class UsageIngest {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #epochs: EpochCalendar;
  readonly #hasHandPrices: boolean;
  #guide: AccountGuide;
  /** Kept from file to file; let go when a write failed and memory may be ahead of the store. */
  #seen: SeenIndex | undefined;
  /** Ledger time of the records at hand. */
  #nowSeconds = 0n;
  #closedEpoch: string | undefined;
  /** The rows that were read last, to see whether an id is the same. */
  #rows: StoredRows | undefined;

  constructor(context: EngineContext, tariffs: TariffShelf, guide: AccountGuide) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#guide = guide;
    this.#epochs = new EpochCalendar(context.profile.zone);
    this.#hasHandPrices = Object.keys(context.profile.handPrices).length > 0;
  }

  /** From the next file on accounts are these. */
  useGuide(guide: AccountGuide): void {
    this.#guide = guide;
  }

  async ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    try {
      return await this.#ingest(file, onProgress);
    } catch (error) {
      this.#seen = undefined;
      throw error;
    }
  }

  async #ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    const { store, profile } = this.#context;
    const session = new StoreSession(store);
    let state = (await session.get<IngestedFile>(keys.file(file.sha256))) ?? emptyFile(file);
    if (state.complete) return { ...state, already: true };
    const intake = await this.#open(session, file);
    const unitRecords = profile.ingestUnitRecords ?? UNIT_RECORDS;
    const chunkRecords = Math.min(CHUNK_RECORDS, unitRecords);
    let position = 0;
    let inUnit = 0;
    let chunk: UsageLine[] = [];
    const save = async () => {
      session.put(keys.file(file.sha256), state);
      intake.seen.save(session);
      intake.writer.save();
      // One write: before it nothing of the unit is there, after it all is.
      await session.commit((key) => key.startsWith("book/"));
      inUnit = 0;
      onProgress?.(position);
    };
    for await (const line of file.lines) {
      if ("file" in line) {
        const problems = line.file.problems.map(({ code, message }) => ({ code, message }));
        state = { ...state, problems };
        continue;
      }
      if (++position <= state.done) continue;
      chunk.push(line);
      inUnit++;
      if (chunk.length < chunkRecords && inUnit < unitRecords) continue;
      state = await this.#takeChunk(intake, chunk, state);
      chunk = [];
      if (inUnit >= unitRecords) await save();
    }
    state = { ...(await this.#takeChunk(intake, chunk, state)), complete: true };
    await save();
    return { ...state, already: false };
  }

  async #open(session: StoreSession, file: UsageFile): Promise<Intake> {
    const { store, random, profile } = this.#context;
    const { chargeBook } = profile.agreement;
    this.#seen ??= await SeenIndex.load(store, session, random);
    const book = await session.get<BookState>(keys.book(chargeBook));
    assert(book !== undefined, `book ${chargeBook} is open`);
    this.#closedEpoch = await session.get<string>(keys.node("closed-epoch"));
    const counters = new SubscriberCounters(session, random, chargeBook);
    const writer = new ChargeWriter(this.#context, session, counters, book);
    writer.startFile(file.sha256);
    return { session, seen: this.#seen, counters, writer, file };
  }

  /** Rates a record again that waited in suspense, after it, its account or the tariff changed. */
  async recycle(recordId: string): Promise<ControlClass | undefined> {
    this.#nowSeconds = await this.#context.time.seconds();
    const session = new StoreSession(this.#context.store);
    const waiting = await session.get<SuspendedRecord>(keys.suspense(recordId));
    if (waiting === undefined) return undefined;
    this.#closedEpoch = await session.get<string>(keys.node("closed-epoch"));
    session.delete(keys.suspense(recordId));
    const seen = await session.get<SourceSeen>(keys.source(recordId));
    const outcome = await this.#priceAgain(session, waiting.record, seen?.file);
    if (seen !== undefined) session.put(keys.source(recordId), { ...seen, outcome });
    await session.commit();
    return outcome;
  }

  /** One file of lines, whose records do not reach the store before the unit of work does. */
  async #takeChunk(
    intake: Intake,
    chunk: readonly UsageLine[],
    before: IngestedFile,
  ): Promise<IngestedFile> {
    this.#nowSeconds = await this.#context.time.seconds();
    const guided = chunk.map((line) =>
      isRecord(line) && line.billable ? this.#guideRecord(line) : undefined,
    );
    await this.#prefetch(intake, chunk, guided);
    const totals = new RunningTotals();
    for (const [at, line] of chunk.entries()) {
      if (!isRecord(line)) {
        totals.add("rejected", undefined);
        continue;
      }
      const guide = guided[at];
      const outcome =
        guide === undefined
          ? "notBillable"
          : await this.#take(intake, line, guide, before.done + at + 1);
      totals.add(outcome, line);
    }
    return totals.addedTo(before);
  }

  async #prefetch(
    { session, seen, counters, writer }: Intake,
    chunk: readonly UsageLine[],
    guided: readonly (GuideOutcome | undefined)[],
  ): Promise<void> {
    const owners: [string, string][] = [];
    const starts: number[] = [];
    const hinted: string[] = [];
    for (const [at, guide] of guided.entries()) {
      if (guide === undefined) continue;
      const { id } = chunk[at] as UsageRecord;
      seen.fingerprint(SEEN.id, id);
      if (seen.find(seen.high, seen.low) !== undefined) hinted.push(keys.source(id));
      if ("code" in guide) continue;
      owners.push([guide.account, guide.epoch]);
      starts.push(guide.startMilliseconds);
    }
    await session.prefetch(hinted);
    await counters.prefetch(owners);
    await writer.prefetchMonths(starts);
  }

  async #take(
    intake: Intake,
    record: UsageRecord,
    guide: GuideOutcome,
    position: number,
  ): Promise<ControlClass> {
    const { session, seen, writer, file } = intake;
    seen.fingerprint(SEEN.id, record.id);
    const { high, low } = seen;
    const first = seen.find(high, low);
    if (first !== undefined && (await this.#isOf(intake, first, record.id))) return "duplicate";
    seen.fingerprint(SEEN.content, contentOf(record));
    const { high: contentHigh, low: contentLow } = seen;
    const twin = seen.find(contentHigh, contentLow);
    const at = writer.position;
    const outcome =
      twin === undefined
        ? this.#price(intake, record, guide)
        : this.#suspend(session, record, "duplicate.suspected", {
            message: `The same content came before under another id${await this.#named(intake, twin)}; decide whether both are real.`,
          });
    const isCharge = outcome === "charged" || outcome === "pricedAtZero";
    const place = isCharge ? at : 0;
    seen.add(high, low, place);
    if (twin === undefined) seen.add(contentHigh, contentLow, place);
    // Also where another id has the same fingerprint: the index names only the first of them.
    if (!isCharge || first !== undefined) {
      session.put(keys.source(record.id), {
        file: file.sha256,
        position,
        outcome,
      } satisfies SourceSeen);
    }
    return outcome;
  }

  /** Whether a fingerprint's first sight was of this very id. */
  async #isOf(intake: Intake, position: number, recordId: string): Promise<boolean> {
    const id = position === 0 ? undefined : await this.#idAt(intake, position);
    if (id === recordId) return true;
    return (await intake.session.get<SourceSeen>(keys.source(recordId))) !== undefined;
  }

  async #named(intake: Intake, position: number): Promise<string> {
    const id = position === 0 ? undefined : await this.#idAt(intake, position);
    return id === undefined ? "" : ` (${id})`;
  }

  async #idAt({ writer }: Intake, position: number): Promise<string | undefined> {
    const fresh = writer.idAt(position);
    if (fresh !== undefined) return fresh;
    const known = this.#rows;
    if (
      known === undefined ||
      position < Number(known.first) ||
      position >= Number(known.first) + known.count
    ) {
      const { store, profile } = this.#context;
      this.#rows = await findRows(store, profile.agreement.chargeBook, BigInt(position));
    }
    const found = this.#rows;
    if (found === undefined) return undefined;
    return isBlock(found.rows)
      ? found.rows.id(position - Number(found.first))
      : (found.rows as StoredCharge).recordId;
  }

  /** Whose it is, by which tariff and in which epoch; or why that can not be said. */
  #guideRecord(record: UsageRecord): GuideOutcome {
    const { profile } = this.#context;
    const startMilliseconds = Date.parse(record.start);
    const tariff = this.#tariffs.inForce(startMilliseconds);
    if (tariff === undefined) {
      return {
        code: "rating.tariff-not-in-force",
        message: "No published tariff was in force when it started; publish one and recycle.",
      };
    }
    const guided =
      profile.trunkAccount === undefined
        ? this.#guide.guide(
            servedIdentities(record, tariff.compiled.document.numbering),
            startMilliseconds,
          )
        : { account: profile.trunkAccount, device: profile.trunkAccount };
    if ("code" in guided) return guided;
    const { account, device } = guided;
    return {
      startMilliseconds,
      tariff,
      account,
      device,
      epoch: this.#openEpoch(startMilliseconds),
    };
  }

  #price(intake: Intake, record: UsageRecord, guide: GuideOutcome): ControlClass {
    const { session, counters, writer } = intake;
    if ("code" in guide) return this.#suspend(session, record, guide.code, guide);
    const rated = guide.tariff.rater.rate(record);
    if (rated.outcome === "not-billable") return "notBillable";
    if (rated.outcome === "suspended") return this.#suspend(session, record, rated.code, rated);
    const wait = this.#untimely(rated);
    if (wait?.code === "record.too-old") return "rejected";
    if (wait !== undefined) return this.#suspend(session, record, wait.code, wait);
    const counter = counters.of(guide.account, guide.epoch);
    const hand = this.#handPriceOf(record);
    const amountNano = hand === undefined ? rated.amountNano : parseDecimalNano(hand.amount);
    if (hand === undefined && fitsBlock(counter, rated, amountNano)) {
      const { id: recordId, source, eventsRoot } = record;
      const { device } = guide;
      writer.add(counter, { recordId, device, rated, amountNano, source, eventsRoot });
    } else {
      const fileSha256 = intake.file.sha256;
      writer.addAlone(counter, unnumbered({ record, rated, guide, amountNano, hand, fileSha256 }));
    }
    return amountNano === 0n ? "pricedAtZero" : "charged";
  }

  async #priceAgain(
    session: StoreSession,
    record: UsageRecord,
    fileSha256: string | undefined,
  ): Promise<ControlClass> {
    const { profile } = this.#context;
    const guide = this.#guideRecord(record);
    if ("code" in guide) return this.#suspend(session, record, guide.code, guide);
    const rated = guide.tariff.rater.rate(record);
    if (rated.outcome === "not-billable") return "notBillable";
    if (rated.outcome === "suspended") return this.#suspend(session, record, rated.code, rated);
    const wait = this.#untimely(rated);
    if (wait !== undefined) return this.#suspend(session, record, wait.code, wait);
    const hand = this.#handPriceOf(record);
    const amountNano = hand === undefined ? rated.amountNano : parseDecimalNano(hand.amount);
    const priced = unnumbered({ record, rated, guide, amountNano, hand, fileSha256 });
    await numberCharge(session, this.#context, profile.agreement.chargeBook, priced);
    return amountNano === 0n ? "pricedAtZero" : "charged";
  }

  /** A charge must be due, and not longer ago than the agreement's maximum record age. */
  #untimely(rated: Rated): { code: string; message: string } | undefined {
    const now = this.#nowSeconds * 1000n;
    const due = dueMilliseconds(rated);
    if (due > now) {
      return {
        code: "record.from-the-future",
        message:
          "It ends later than the ledger's newest block; recycle it when that time has come.",
      };
    }
    if (now - due <= this.#context.profile.agreement.maxRecordAgeSeconds * 1000n) return undefined;
    return {
      code: "record.too-old",
      message: "It is older than the agreement's maximum record age and can not be charged.",
    };
  }

  #handPriceOf(record: UsageRecord): HandPrice | undefined {
    return this.#hasHandPrices ? this.#context.profile.handPrices[record.id] : undefined;
  }

  /** The epoch of the start, or the one after the last that was billed: late records go there. */
  #openEpoch(startMilliseconds: number): string {
    const epoch = this.#epochs.epochOf(startMilliseconds);
    const closed = this.#closedEpoch;
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
function contentOf(record: UsageRecord): string {
  const { service, direction, start, durationSeconds, aParty, bParty, imsi, deviceId } = record;
  const { uplinkOctets, downlinkOctets, totalOctets, energyWattHours, units } = record;
  return (
    `${service}|${direction}|${start}|${durationSeconds}|${aParty}|${bParty}|${imsi}|${deviceId}|` +
    `${uplinkOctets}|${downlinkOctets}|${totalOctets}|${energyWattHours}|${units}`
  );
}

/** When the charge falls due (docs/PROTOCOL.md, section 4): the end of the use. */
const dueMilliseconds = (rated: Rated): bigint =>
  chargeDueMilliseconds({ ...chargeGroupOf(rated), salt: NO_SALT });

interface PricedRecord {
  record: UsageRecord;
  rated: Rated;
  guide: Guided;
  amountNano: bigint;
  hand: HandPrice | undefined;
  fileSha256: string | undefined;
}

function unnumbered(priced: PricedRecord): UnnumberedCharge {
  const { record, rated, guide, amountNano, hand, fileSha256 } = priced;
  return {
    recordId: record.id,
    revision: 0,
    account: guide.account,
    epoch: guide.epoch,
    device: guide.device,
    amountNano,
    startMilliseconds: guide.startMilliseconds,
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
  };
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
