import type { MessagePort } from "node:worker_threads";
import { type Place, TallystickError } from "../core/errors.ts";

/** A thread that computes asks the one that started it for what only that one can do. */
interface Call {
  id: number;
  name: string;
  argument: unknown;
}

type Answer =
  | { id: number; result: unknown }
  | { id: number; error: { code: string; message: string; place: Place } };

/** What a call gives; `moved` is memory of it that is handed over, not copied. */
export interface Given {
  result: unknown;
  moved?: ArrayBuffer[];
}

/** By name. The argument is what the asker gave, copied. */
export type CallHandlers = Record<string, (argument: never) => Promise<Given>>;

/** Answers calls for as long as the port is open, which holds no process up. */
export function answerCalls(port: MessagePort, handlers: CallHandlers): void {
  const answer = async ({ id, name, argument }: Call): Promise<void> => {
    try {
      const handler = handlers[name] as (argument: unknown) => Promise<Given>;
      const { result, moved = [] } = await handler(argument);
      port.postMessage({ id, result } satisfies Answer, moved);
    } catch (error) {
      const { message } = error as Error;
      const { code, place } =
        error instanceof TallystickError ? error : { code: "internal", place: {} };
      port.postMessage({ id, error: { code, message, place } } satisfies Answer);
    }
  };
  port.on("message", (call: Call) => void answer(call));
  port.unref();
}

/** The asking side. */
export class PortCalls {
  readonly #port: MessagePort;
  readonly #waiting = new Map<
    number,
    { resolve: (result: never) => void; reject: (error: unknown) => void }
  >();
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (answer: Answer) => {
      const asked = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (!("error" in answer)) return asked?.resolve(answer.result as never);
      const { code, message, place } = answer.error;
      asked?.reject(new TallystickError(code, message, place));
    });
  }

  /** @throws TallystickError as the other side did; `internal` where that was no error of ours */
  ask<Result>(name: string, argument: unknown): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, name, argument } satisfies Call);
    });
  }
}
