import type { OwnEvent } from "../../../node/core/aggregation/read-own-events.ts";
import type { Hex } from "../../../node/core/bytes.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { type Bundle, parseBundle } from "../../../node/core/evidence/bundle.ts";
import { compareEventLog } from "../../../node/core/evidence/compare-event-log.ts";
import {
  type MispricedOpening,
  mispricedOpening,
} from "../../../node/core/evidence/mispriced-opening.ts";
import { type BundleReport, verifyBundle } from "../../../node/core/evidence/verify-bundle.ts";
import { tellLogsApart } from "../../../node/core/verdicts/shared-entries.ts";
import { type ClaimContext, claimContext } from "../ledger/claim-context.ts";
import { disputeAddress } from "../ledger/dispute-address.ts";
import { type LedgerReading, readLedger } from "../ledger/read-ledger.ts";
import { isSilent } from "../ledger/silence.ts";
import type { LineProof } from "../model/bill-line-view.ts";
import { billOfBundle, proofOfLine } from "../model/bill-of-bundle.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import { type EventFinding, type EventLog, eventFinding } from "../model/event-finding.ts";
import { askEvents, type EventsDoor } from "../node-api/ask-events.ts";
import { bundleText } from "./bundle-text.ts";
import { type CheckerTask, isJudgedOnce, type Progress } from "./checker-messages.ts";
import { compareBill, linePricer, linesOfBundle } from "./compare-bill.ts";
import { type BillFile, readBillFile } from "./read-bill-file.ts";
import { type DeviceLog, readDeviceLog } from "./read-device-log.ts";
import { readEventLog } from "./read-event-log.ts";

export type CheckerResult =
  | { bill: CheckedBill }
  | { proof: LineProof }
  | { opening: MispricedOpening }
  | { context: ClaimContext }
  | { silent: boolean }
  | { eventLog: EventLog | undefined }
  | { finding: EventFinding };
export type OnProgress = (progress: Progress) => void;

const NOTHING_READ: LedgerReading = {
  facts: { sources: [], seals: {}, tariffs: {} },
  unreachable: [],
  problems: [],
};

/**
 * Keeps the bill that is open and the device logs beside it, and judges again whenever one of them
 * changes. Knows nothing of the page; all that it needs comes in with a task.
 */
export class Checker {
  #bundle: Bundle | undefined;
  /** What was found when the bundle was judged last. */
  #report: BundleReport | undefined;
  #fileName: string | undefined;
  /** What the reader's own link yields for the open bundle. */
  #owner: Hex | undefined;
  #reading = NOTHING_READ;
  #billFile: BillFile | undefined;
  #logs: DeviceLog[] = [];
  #events: OwnEvent[] = [];

  async run(task: CheckerTask, onProgress: OnProgress): Promise<CheckerResult> {
    switch (task.task) {
      case "open-evidence":
        return { bill: await this.#openEvidence(task, onProgress) };
      case "open-file":
        return { bill: await this.#openFile(task, onProgress) };
      case "read-ledger":
        return { bill: await this.#readLedger(onProgress) };
      case "compare":
        return { bill: await this.#compare(task.files, onProgress) };
      case "forget-device":
        this.#logs = [];
        return { bill: this.#judge(onProgress) };
      case "read-events":
        this.#events = await readEventLog(task.file, onProgress);
        return { eventLog: { name: task.file.name, events: this.#events.length } };
      case "forget-events":
        this.#events = [];
        return { eventLog: undefined };
      case "compare-events":
        return { finding: await this.#compareEvents(task.line, task.door) };
      case "show-proof":
        return { proof: this.#proofOf(task.line) };
      case "open-charge":
        return { opening: mispricedOpening(this.#requireBundle(), task.line) };
      case "claim-context":
        return { context: claimContext(this.#requireBundle(), task.line) };
      case "ask-silence":
        return { silent: await isSilent(this.#requireBundle(), task.claim) };
    }
  }

  async #openFile(
    { file, zone, secret }: Extract<CheckerTask, { task: "open-file" }>,
    onProgress: OnProgress,
  ): Promise<CheckedBill> {
    onProgress({ words: "Reading the file", done: 0, total: 0 });
    const text = await bundleText(file, secret);
    if (text === undefined) return this.#openBill(file, zone, onProgress);
    return this.#openEvidence({ text, fileName: file.name }, onProgress);
  }

  /** @param from the link that the evidence was asked for by, or the file that it lay in */
  async #openEvidence(
    from: { text: string } & ({ secret: Uint8Array } | { fileName: string }),
    onProgress: OnProgress,
  ): Promise<CheckedBill> {
    onProgress({ words: "Reading the evidence", done: 0, total: 0 });
    const before = this.#bundle;
    const bundle = parseBundle(from.text);
    // The same month again, perhaps with a new credit: what the ledger said of it still holds.
    const same =
      before?.agreement === bundle.agreement && before.period.epoch === bundle.period.epoch;
    if (!same) this.#reading = NOTHING_READ;
    this.#bundle = bundle;
    this.#report = undefined;
    this.#fileName = "fileName" in from ? from.fileName : undefined;
    this.#owner = "secret" in from ? disputeAddress(from.secret, bundle.period.epoch) : undefined;
    this.#billFile = undefined;
    return isJudgedOnce({ lines: bundle.charges })
      ? this.#readLedger(onProgress)
      : this.#judge(onProgress);
  }

  async #readLedger(onProgress: OnProgress): Promise<CheckedBill> {
    const bundle = this.#requireBundle();
    const reading = await readLedger(bundle, (done, total) =>
      onProgress({ words: "Asking the ledger", done, total }),
    );
    // Another bill may have been opened while the ledger was answering.
    if (this.#bundle === bundle) this.#reading = reading;
    return this.#judge(onProgress);
  }

  async #openBill(file: File, zone: string, onProgress: OnProgress): Promise<CheckedBill> {
    this.#billFile = await readBillFile(file, zone, onProgress);
    this.#bundle = undefined;
    this.#report = undefined;
    return this.#judge(onProgress);
  }

  async #compare(files: File[], onProgress: OnProgress): Promise<CheckedBill> {
    const { zone } = this.#judge(onProgress);
    const logs: DeviceLog[] = [];
    const names = tellLogsApart(files.map(({ name }) => name));
    for (const [at, file] of files.entries()) {
      logs.push(await readDeviceLog(file, names[at] ?? file.name, zone, onProgress));
    }
    onProgress({ words: "Comparing the lines", done: 0, total: 0 });
    const before = this.#logs;
    this.#logs = logs;
    try {
      return this.#judge(onProgress);
    } catch (error) {
      // A log that can not be compared must not stand in the way of the bill afterwards.
      this.#logs = before;
      throw error;
    }
  }

  async #compareEvents(line: string, door: EventsDoor): Promise<EventFinding> {
    const bundle = this.#requireBundle();
    const charge = bundle.charges.find((one) => one.line === line);
    if (charge === undefined) {
      throw new TallystickError("page.no-line", "The bill that is open has no such line.");
    }
    const ask = askEvents(door, bundle.period.epoch, line);
    return eventFinding(await compareEventLog(bundle, charge, this.#events, ask));
  }

  #judge(onProgress: OnProgress): CheckedBill {
    if (this.#bundle !== undefined) {
      const bill = this.#billOfBundle(this.#bundle, onProgress);
      return this.#logs.length === 0
        ? bill
        : compareBill(bill, linesOfBundle(bill), this.#logs, linePricer(this.#bundle));
    }
    if (this.#billFile !== undefined) {
      const { bill, lines } = this.#billFile;
      return this.#logs.length === 0 ? bill : compareBill(bill, lines, this.#logs, undefined);
    }
    throw new TallystickError("page.no-bill", "Open a bill first, then add your phone's log.");
  }

  #billOfBundle(bundle: Bundle, onProgress: OnProgress): CheckedBill {
    const { facts, unreachable } = this.#reading;
    // The one before is let go first: of a large bill it is hundreds of megabytes.
    this.#report = undefined;
    const report = verifyBundle(bundle, facts, {
      ...(this.#owner === undefined ? {} : { owner: this.#owner }),
      onProgress: (done, total) => onProgress({ words: "Checking the lines", done, total }),
    });
    this.#report = report;
    const { ledger, ...bill } = billOfBundle(bundle, report, facts, unreachable);
    return {
      ...bill,
      ...(this.#reading === NOTHING_READ || ledger === undefined ? {} : { ledger }),
      ...(this.#fileName === undefined ? {} : { fileName: this.#fileName }),
      ...(this.#owner === undefined ? {} : { owner: this.#owner }),
    };
  }

  #proofOf(line: string): LineProof {
    const proof = this.#report && proofOfLine(this.#requireBundle(), this.#report, line);
    if (proof !== undefined) return proof;
    throw new TallystickError("page.no-line", "The bill that is open has no such line.");
  }

  #requireBundle(): Bundle {
    if (this.#bundle === undefined) {
      throw new TallystickError("page.no-proofs", "This bill came without proofs.");
    }
    return this.#bundle;
  }
}
