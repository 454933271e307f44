import type { Hex } from "../../../node/core/bytes.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import type { MispricedOpening } from "../../../node/core/evidence/mispriced-opening.ts";
import type { ClaimContext } from "../ledger/claim-context.ts";
import type { BillLineView, LineProof } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { EventFinding, EventLog } from "../model/event-finding.ts";
import type { EventsDoor } from "../node-api/ask-events.ts";
import { joinBill } from "./bill-pieces.ts";
import type { BillTask, CheckerAnswer, CheckerTask, Progress } from "./checker-messages.ts";

interface Waiting {
  resolve: (answer: CheckerAnswer) => void;
  reject: (error: unknown) => void;
  onProgress: (progress: Progress) => void;
  /** Of a bill, as far as they are here. */
  lines: BillLineView[][];
}

/** The page's side of the checker: one promise for each task. */
export class CheckerClient {
  readonly #worker = new Worker(new URL("./checker.worker.ts", import.meta.url), {
    type: "module",
  });
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor() {
    this.#worker.addEventListener("message", ({ data }: MessageEvent<CheckerAnswer>) => {
      const waiting = this.#waiting.get(data.id);
      if (waiting === undefined) return;
      if ("progress" in data) {
        waiting.onProgress(data.progress);
        return;
      }
      if ("lines" in data) {
        waiting.lines.push(data.lines);
        return;
      }
      this.#waiting.delete(data.id);
      if ("failed" in data) {
        const { code, message, ...place } = data.failed;
        waiting.reject(new TallystickError(code, message, place));
      } else if ("bill" in data) {
        waiting.resolve({ ...data, bill: joinBill(data.bill, waiting.lines) });
      } else waiting.resolve(data);
    });
    this.#worker.addEventListener("error", () => {
      for (const { reject } of this.#waiting.values()) {
        reject(new TallystickError("page.checker-stopped", "The check stopped. Reload the page."));
      }
      this.#waiting.clear();
    });
  }

  async bill(
    task: BillTask,
    onProgress: (progress: Progress) => void = () => {},
  ): Promise<CheckedBill> {
    const answer = await this.#run(task, onProgress);
    if ("bill" in answer) return answer.bill;
    throw new Error("the checker answered with something else than a bill");
  }

  async proof(line: string): Promise<LineProof> {
    const answer = await this.#run({ task: "show-proof", line }, () => {});
    if ("proof" in answer) return answer.proof;
    throw new Error("the checker answered with something else than what a verdict rests on");
  }

  async opening(line: string): Promise<MispricedOpening> {
    const answer = await this.#run({ task: "open-charge", line }, () => {});
    if ("opening" in answer) return answer.opening;
    throw new Error("the checker answered with something else than an opening");
  }

  async claimContext(line: string): Promise<ClaimContext> {
    const answer = await this.#run({ task: "claim-context", line }, () => {});
    if ("context" in answer) return answer.context;
    throw new Error("the checker answered with something else than a claim's context");
  }

  async isSilent(claim: Hex): Promise<boolean> {
    const answer = await this.#run({ task: "ask-silence", claim }, () => {});
    if ("silent" in answer) return answer.silent;
    throw new Error("the checker answered with something else than whether a claim is unanswered");
  }

  async eventLog(
    task: Extract<CheckerTask, { task: "read-events" | "forget-events" }>,
  ): Promise<EventLog | undefined> {
    const answer = await this.#run(task, () => {});
    if ("eventLog" in answer) return answer.eventLog;
    throw new Error("the checker answered with something else than a log of events");
  }

  async eventsOf(line: string, door: EventsDoor): Promise<EventFinding> {
    const answer = await this.#run({ task: "compare-events", line, door }, () => {});
    if ("finding" in answer) return answer.finding;
    throw new Error("the checker answered with something else than what a log of events says");
  }

  stop(): void {
    this.#worker.terminate();
  }

  #run(task: CheckerTask, onProgress: (progress: Progress) => void): Promise<CheckerAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress, lines: [] });
      this.#worker.postMessage({ id, task });
    });
  }
}
