import { z } from "zod";
import type { StatedUse } from "../core/charging/session-request.ts";
import type { StatedQuantity } from "../core/charging/session-use.ts";
import { parseDecimalNano } from "../core/money/decimal.ts";
import type { ChargingNode } from "../engine/charging/charging-node.ts";
import { MoneyWords, name, requestSchema } from "./charging-shapes.ts";
import { HttpError } from "./http-error.ts";
import { readBody } from "./read-body.ts";

const numberSchema = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A session's request as it stands in a path and a body, answered in the words of the interface. */
export class SessionRequests {
  readonly #charging: ChargingNode;
  readonly #money: MoneyWords;
  readonly #isEdge: boolean;

  constructor(charging: ChargingNode, isEdge: boolean) {
    this.#charging = charging;
    this.#money = new MoneyWords(charging.currency);
    this.#isEdge = isEdge;
  }

  /** @throws HttpError 400 `http.body`, 409 `charging.centre-decides`; TallystickError `charging.…`, `rating.…` */
  async answer(sessionText: unknown, numberText: unknown, written: unknown): Promise<object> {
    const session = readBody(name, sessionText);
    const request = readBody(numberSchema, numberText);
    const body = readBody(requestSchema, written);
    if (body.kind === "refund") {
      if (this.#isEdge) throw centreDecides();
      const { amount } = body;
      const refunded = amount === undefined ? {} : { amountNano: parseDecimalNano(amount) };
      return this.#money.answer(await this.#charging.refund({ session, request, ...refunded }));
    }
    const { kind, requested } = body;
    const used = "used" in body ? body.used : undefined;
    const begins = "use" in body ? { account: body.account, use: body.use as StatedUse } : {};
    const answer = await this.#charging.answer({
      kind,
      session,
      request,
      ...begins,
      ...(used === undefined ? {} : { used: used as StatedQuantity }),
      ...(requested === undefined ? {} : { requested: requested as StatedQuantity }),
    });
    return this.#money.answer(answer);
  }
}

export const centreDecides = (): HttpError =>
  new HttpError(
    409,
    "charging.centre-decides",
    "An edge node leaves this to its centre; ask there.",
  );
