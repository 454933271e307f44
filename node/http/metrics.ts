import type { RequestHandler } from "express";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { NoticeFigures } from "../engine/charging/deliver-notices.ts";
import { imbalanceOf, together } from "../engine/intake/control-totals.ts";
import type { PipelineStatus } from "../engine/pipeline-status.ts";
import type { Fault } from "../engine/standing-fault.ts";
import { type AllTotals, CONTROL_CLASSES } from "../engine/store/stored-types.ts";

/** What the node's figures are read from, anew for each scrape that is due. */
export interface MetricsSources {
  status: () => Promise<NodeStatus>;
  totals: () => Promise<AllTotals>;
  disk: () => Promise<NonNullable<NodeStatus["disk"]>>;
  ledger: () => Promise<NodeStatus["ledger"]>;
  /** For when there is no status: what stands in the way of the parts that answer. */
  faults: () => Promise<Fault[]>;
  /** Of the webhook; undefined where there is none. */
  notices?: () => NoticeFigures | undefined;
}

export interface NodeStatus extends PipelineStatus {
  ledger: { reachable: boolean; block?: string; blockTime?: string };
  outbox: number;
  cadenceSeconds: number;
  disk?: { freeBytes: number; sizeBytes: number; hasRoom: boolean };
  faults: Fault[];
}

/** Figures stand so long: whoever scrapes more often costs the store nothing. */
const KEPT_MS = 5_000;
const BOOK_WORDS: Record<number, string> = {
  1: "charges",
  2: "credits",
  3: "invoices",
  4: "taxes",
};

/**
 * The node in the text format of Prometheus (exposition format 0.0.4). Labels name outcomes, kinds
 * and states only: never an account, a number or a member.
 */
export class NodeMetrics {
  readonly #registry = new Registry();
  readonly #sources: MetricsSources;
  readonly #figures: Figures;
  readonly #requests: Histogram<"method" | "route" | "status">;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.#figures = figuresIn(this.#registry);
    this.#requests = new Histogram({
      name: "tallystick_http_request_duration_seconds",
      help: "Time from a request to the end of its answer.",
      labelNames: ["method", "route", "status"],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers: [this.#registry],
    });
    collectDefaultMetrics({ register: this.#registry });
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** Times every request by its route's pattern: a path itself may hold an account. */
  readonly observe: RequestHandler = (request, response, next) => {
    const done = this.#requests.startTimer({ method: request.method });
    response.on("finish", () => {
      const route = request.route?.path === undefined ? "other" : String(request.route.path);
      done({ route: `${request.baseUrl}${route}`, status: String(response.statusCode) });
    });
    next();
  };

  /** The same for an answer that did not go through Express. */
  timed(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  async text(): Promise<string> {
    if (performance.now() - this.#readAt > KEPT_MS) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#registry.metrics();
  }

  async #read(): Promise<void> {
    const figures = this.#figures;
    // Whoever watches wants the rest all the more while one part does not answer.
    const [status, ledger, totals, disk] = await Promise.allSettled([
      this.#sources.status(),
      this.#sources.ledger(),
      this.#sources.totals(),
      this.#sources.disk(),
    ]);
    if (totals.status === "fulfilled") setTotals(figures, totals.value);
    if (status.status === "fulfilled") setStatus(figures, status.value);
    if (ledger.status === "fulfilled") setLedger(figures, ledger.value);
    setNotices(figures, this.#sources.notices?.());
    const faults =
      status.status === "fulfilled" ? status.value.faults : await this.#sources.faults();
    setFaults(figures, faults);
    const isStoreWell = !faults.some(({ part }) => part === "store");
    figures.storeUp.set(totals.status === "fulfilled" && isStoreWell ? 1 : 0);
    if (disk.status === "fulfilled") {
      figures.diskFree.set(disk.value.freeBytes);
      figures.diskSize.set(disk.value.sizeBytes);
      figures.hasRoom.set(disk.value.hasRoom ? 1 : 0);
    }
    // Of the last block that was seen: while the ledger is away its age grows.
    const { time } = figures.newestBlock;
    if (time !== undefined) figures.ledgerAge.set(ageSeconds(time));
    this.#readAt = performance.now();
  }
}

type Figures = ReturnType<typeof figuresIn>;

function figuresIn(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name: `tallystick_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name: `tallystick_${name}`, help, labelNames, registers });
  const figures = {
    newestBlock: {} as { time?: string },
    recordsIn: counter("records_in_total", "Rows of source files that came in."),
    records: counter("records_total", "Usage records by what became of them.", "outcome"),
    duplicates: counter("duplicates_total", "Records that came before under the same key."),
    charges: counter("charges_total", "Charges that were numbered, sealed in a batch or not yet."),
    leftSuspense: counter(
      "suspense_left_total",
      "Records that waited in suspense and do no longer: these count under two outcomes.",
    ),
    seconds: counter("usage_seconds_total", "Seconds of use by what became of them.", "outcome"),
    octets: counter("usage_octets_total", "Octets by what became of them.", "outcome"),
    imbalance: gauge(
      "control_difference",
      "What came in minus all that became of it; anything but 0 is an alarm.",
      "quantity",
    ),
    files: counter("files_total", "Source files taken in, whole or in part."),
    batches: counter("batches_total", "Batches sealed.", "book"),
    entries: counter("batch_entries_total", "Entries of sealed batches.", "book"),
    pending: gauge("batch_entries_pending", "Entries that wait for the next batch.", "book"),
    newestEntries: gauge("newest_batch_entries", "Entries of the newest batch.", "book"),
    newestBytes: gauge("newest_batch_bytes", "Bytes of its rows in the store.", "book"),
    chargesMax: gauge("batch_entries_max", "Entries of a batch at most."),
    bytesMax: gauge("batch_bytes_max", "Bytes of the rows of a batch at most."),
    suspended: gauge("suspended_records", "Records that wait in suspense."),
    claims: gauge("claims", "Claims by state.", "state"),
    entriesErased: counter(
      "retention_entries_erased_total",
      "Charges and credits that were erased because their retention is over.",
    ),
    erasing: gauge("retention_erasing", "1 while something that is over is not erased yet."),
    faults: gauge("fault", "1 for each thing that stands in the node's way.", "part", "code"),
    storeUp: gauge(
      "store_reachable",
      "1 while the store answers and keeps what is written; else its figures are old ones.",
    ),
    ledgerUp: gauge("ledger_reachable", "1 while the ledger answers."),
    ledgerHeight: gauge("ledger_height", "Newest block of the ledger that the node knows."),
    ledgerAge: gauge("ledger_height_age_seconds", "Age of that block by the machine's clock."),
    ticksOpen: gauge("commitments_open", "Commitments that are sealed and not final."),
    lag: gauge("commitment_lag_seconds", "Age of the oldest commitment that is not final."),
    refused: gauge("commitments_refused", "1 while the ledger refuses a commitment."),
    outbox: gauge("outbox_transactions", "Signed transactions that are not final."),
    cadence: gauge("commit_cadence_seconds", "Seconds between commitments; 0: when asked."),
    noticesTaken: counter("notices_delivered_total", "Notices that the webhook has taken over."),
    noticesWaiting: gauge("notices_waiting", "Notices that the webhook has not taken over."),
    noticeAge: gauge("notice_oldest_age_seconds", "Age of the oldest of them."),
    noticesDropped: counter(
      "notices_dropped_total",
      "Notices that were dropped since the start, as more waited than there is room for.",
    ),
    noticeCallsFailed: counter(
      "notice_calls_failed_total",
      "Calls of the webhook since the start that did not succeed.",
    ),
    diskFree: gauge("disk_free_bytes", "Free bytes of the data folder's file system."),
    hasRoom: gauge("disk_has_room", "0 when less is free than the reserve: nothing is taken in."),
    diskSize: gauge("disk_size_bytes", "Size of the data folder's file system."),
  };
  // What was never seen is no block 0.
  for (const unknown of [figures.ledgerHeight, figures.ledgerAge]) unknown.set(Number.NaN);
  return figures;
}

/** The store's sums only grow; a counter is set by starting it again. */
function setTotals(figures: Figures, totals: AllTotals): void {
  const { recordsIn, records, duplicates, seconds, octets, files, leftSuspense, imbalance } =
    figures;
  for (const one of [recordsIn, records, duplicates, seconds, octets, files, leftSuspense]) {
    one.reset();
  }
  duplicates.inc(totals.classes.duplicate.records);
  files.inc(totals.files);
  recordsIn.inc(totals.in.records);
  leftSuspense.inc(totals.leftSuspense.records);
  const difference = imbalanceOf(totals);
  imbalance.set({ quantity: "records" }, difference.records);
  imbalance.set({ quantity: "seconds" }, Number(difference.durationMilliseconds) / 1000);
  imbalance.set({ quantity: "octets" }, Number(difference.octets));
  for (const outcome of CONTROL_CLASSES) {
    const now = totals.classes[outcome];
    // A counter never falls: of suspense it tells what ever came there, the gauge what waits now.
    const counted = outcome === "suspended" ? together(now, totals.leftSuspense) : now;
    records.inc({ outcome }, counted.records);
    seconds.inc({ outcome }, Number(counted.durationMilliseconds) / 1000);
    octets.inc({ outcome }, Number(counted.octets));
  }
}

function setStatus(figures: Figures, status: NodeStatus): void {
  figures.batches.reset();
  figures.entries.reset();
  figures.charges.reset();
  figures.chargesMax.set(status.bounds.batchChargesMax);
  figures.bytesMax.set(status.bounds.batchBytesMax);
  for (const { kind, lastSequence, runningCount, pending, newest } of status.books) {
    const book = BOOK_WORDS[kind] ?? String(kind);
    figures.batches.inc({ book }, Number(lastSequence));
    figures.entries.inc({ book }, Number(runningCount));
    figures.pending.set({ book }, Number(pending));
    if (newest !== undefined) figures.newestEntries.set({ book }, newest.entries);
    if (newest?.bytes !== undefined) figures.newestBytes.set({ book }, newest.bytes);
    if (book === "charges") figures.charges.inc(Number(runningCount) + Number(pending));
  }
  figures.suspended.set(status.suspended);
  figures.entriesErased.reset();
  figures.entriesErased.inc(status.retention.entriesDropped);
  figures.erasing.set(status.retention.done ? 0 : 1);
  figures.claims.reset();
  for (const [state, count] of Object.entries(status.claims)) figures.claims.set({ state }, count);
  figures.ticksOpen.set(status.ticksOpen);
  const { oldestOpenTick } = status;
  figures.lag.set(oldestOpenTick === undefined ? 0 : ageSeconds(oldestOpenTick));
  figures.refused.set(status.commitRefused === undefined ? 0 : 1);
  figures.outbox.set(status.outbox);
  figures.cadence.set(status.cadenceSeconds);
}

function setFaults({ faults }: Figures, found: readonly Fault[]): void {
  faults.reset();
  for (const { part, code } of found) faults.set({ part, code }, 1);
}

function setNotices(figures: Figures, notices: NoticeFigures | undefined): void {
  if (notices === undefined) return;
  const { noticesTaken, noticesWaiting, noticeAge, noticesDropped, noticeCallsFailed } = figures;
  for (const one of [noticesTaken, noticesDropped, noticeCallsFailed]) one.reset();
  noticesTaken.inc(notices.takenUpTo);
  noticesDropped.inc(notices.dropped);
  noticeCallsFailed.inc(notices.callsFailed);
  noticesWaiting.set(notices.waiting);
  const { oldestAt } = notices;
  noticeAge.set(oldestAt === undefined ? 0 : Math.max(0, (Date.now() - oldestAt) / 1000));
}

function setLedger(figures: Figures, ledger: NodeStatus["ledger"]): void {
  const { reachable, block, blockTime } = ledger;
  figures.ledgerUp.set(reachable ? 1 : 0);
  if (block !== undefined) figures.ledgerHeight.set(Number(block));
  if (blockTime !== undefined) figures.newestBlock.time = blockTime;
}

const ageSeconds = (instant: string): number =>
  Math.max(0, (Date.now() - Date.parse(instant)) / 1000);
