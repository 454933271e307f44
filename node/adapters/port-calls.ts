import type { MessagePort } from "node:worker_threads";
import { type Place, TallystickError } from "../core/errors.ts";

/** What can be asked of the other side, by name: the argument, and what is given. Both are copied, or moved. */
export type CallShapes<Names extends string = string> = Record<
  Names,
  { argument: unknown; result: unknown }
>;

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
export interface Given<Result> {
  result: Result;
  moved?: ArrayBuffer[];
}

export type CallHandlers<Calls extends CallShapes<keyof Calls & string>> = {
  [Name in keyof Calls]: (
    argument: Calls[Name]["argument"],
  ) => Promise<Given<Calls[Name]["result"]>>;
};

/** Answers calls for as long as the port is open, which holds no process up. */
export function answerCalls<Calls extends CallShapes<keyof Calls & string>>(
  port: MessagePort,
  handlers: Partial<CallHandlers<Calls>>,
): void {
  const byName = new Map<string, unknown>(Object.entries(handlers));
  const answer = async ({ id, name, argument }: Call): Promise<void> => {
    try {
      const handler = byName.get(name) as
        | ((argument: unknown) => Promise<Given<unknown>>)
        | undefined;
      if (handler === undefined) throw unknownCall(name);
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

const unknownCall = (name: string): TallystickError =>
  new TallystickError("port.unknown-call", `Nobody here answers "${name}".`);

/** The asking side. */
export class PortCalls<Calls extends CallShapes<keyof Calls & string>> {
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

  /**
   * @throws TallystickError as the other side did; `internal` where that was no error of ours, `port.unknown-call`
   *   where it answers nothing of that name
   */
  ask<Name extends keyof Calls & string>(
    name: Name,
    argument: Calls[Name]["argument"],
  ): Promise<Calls[Name]["result"]> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, name, argument } satisfies Call);
    });
  }
}
