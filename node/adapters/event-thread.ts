import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { PolicyDocument } from "../core/aggregation/policy.ts";
import { type Place, TallystickError } from "../core/errors.ts";
import type { ClosedParts } from "../engine/aggregate/close-window.ts";
import type {
  EventLane,
  FlushedLane,
  LaneState,
  TakenLines,
} from "../engine/aggregate/event-lane.ts";
import type { Lane } from "../engine/aggregate/lane-team.ts";

/** What a thread is begun with. */
export interface ThreadBegin {
  policy: PolicyDocument;
  folder: string;
  lane: number;
  state: LaneState;
}

export interface ThreadCall {
  method: Exclude<keyof EventLane, "event" | "rejected">;
  args: unknown[];
}

/** Answers come in the order of the calls. */
export type ThreadAnswer = { value: unknown } | { error: ThreadError };

export interface ThreadError {
  message: string;
  code: string | undefined;
  /** Of an error of the file system. */
  syscall: string | undefined;
  /** Of a TallystickError. */
  place: Place | undefined;
}

const PROGRAM = fileURLToPath(new URL("./event-thread-program.ts", import.meta.url));

/** A lane in a thread of its own. Lines are handed over, not copied. */
export class EventThread implements Lane {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  #failed: unknown;

  constructor(begin: ThreadBegin) {
    this.#worker = new Worker(PROGRAM, { workerData: begin });
    this.#worker.on("message", (answer: ThreadAnswer) => {
      const call = this.#waiting.shift();
      if ("value" in answer) call?.resolve(answer.value);
      else call?.reject(asError(answer.error));
    });
    const fail = (error: unknown) => {
      this.#failed ??= error;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    this.#worker.on("error", fail);
    this.#worker.on("exit", (code) => fail(new Error(`a thread of events ended with ${code}`)));
  }

  update = (state: LaneState) => this.#call<void>("update", [state]);
  begin = (header: string) => this.#call<void>("begin", [header]);
  take = (lines: Uint8Array) =>
    this.#call<TakenLines>("take", [lines], lines.buffer as ArrayBuffer);
  flush = () => this.#call<FlushedLane>("flush", []);
  beginClosing = (name: string, parts: number) => this.#call<void>("beginClosing", [name, parts]);
  closePart = (part: number) => this.#call<void>("closePart", [part]);
  finishClosing = () => this.#call<ClosedParts>("finishClosing", []);

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #call<T>(method: ThreadCall["method"], args: unknown[], handOver?: ArrayBuffer): Promise<T> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      const call: ThreadCall = { method, args };
      this.#worker.postMessage(call, handOver === undefined ? [] : [handOver]);
    });
  }
}

function asError({ code, message, syscall, place }: ThreadError): unknown {
  if (place !== undefined && code !== undefined) return new TallystickError(code, message, place);
  return Object.assign(new Error(message), { code, syscall });
}
