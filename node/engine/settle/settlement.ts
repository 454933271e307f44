import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { LedgerCall } from "../commit/ledger.ts";
import type { Outbox } from "../commit/outbox.ts";
import type { Settled } from "../commit/outbox-journal.ts";
import { keyNotRefused } from "../commit/retry-key.ts";
import { DISPUTE_STEPS } from "./dispute-steps.ts";

/** What a step makes of its body: one call to the ledger, and the key under which it is made once. */
export type SettlementStep = (body: Record<string, unknown>) => { key: string; call: LedgerCall };

/** The steps that follow a statement, each one call to the ledger. */
const STEPS: Record<string, SettlementStep> = {
  ...DISPUTE_STEPS,
  finalize: ({ statement }) => ({
    key: `finalize:${statement}`,
    call: { contract: "statements", method: "finalize", args: [statement] },
  }),
  receipt: ({ statement, dataDigest }) => ({
    key: `receipt:${statement}`,
    call: { contract: "statements", method: "signReceipt", args: [statement, dataDigest] },
  }),
  draw: ({ statement, key }) => ({
    key: `draw:${statement}:${key ?? ""}`,
    call: { contract: "statements", method: "drawSample", args: [statement] },
  }),
  object: ({ statement, undisputedNano, reasonHash }) => ({
    key: `object:${statement}`,
    call: {
      contract: "statements",
      method: "object",
      args: [statement, BigInt(String(undisputedNano)), reasonHash],
    },
  }),
  // Each obligation is approved for itself: two of the same amount need two approvals.
  approve: ({ token, spender, units, obligation }) => ({
    key: `approve:${token}:${spender}:${units}:${obligation ?? ""}`,
    call: { contract: "token", method: "approve", args: [spender, BigInt(String(units))] },
  }),
  pay: ({ obligation }) => ({
    key: `pay:${obligation}`,
    call: { contract: "settlement", method: "pay", args: [obligation] },
  }),
  // Of netted agreements: instead of paying each obligation (docs/CONTRACTS.md).
  enter: ({ obligation }) => ({
    key: `enter:${obligation}`,
    call: { contract: "netting", method: "enter", args: [obligation] },
  }),
  closeCycle: ({ cycle }) => ({
    key: `close:${cycle}`,
    call: { contract: "netting", method: "close", args: [cycle] },
  }),
  fund: ({ cycle, units, key }) => ({
    key: `fund:${cycle}:${key ?? ""}`,
    call: { contract: "netting", method: "fund", args: [cycle, BigInt(String(units))] },
  }),
  unwind: ({ cycle, member, max, key }) => ({
    key: `unwind:${cycle}:${member}:${key ?? ""}`,
    call: { contract: "netting", method: "unwind", args: [cycle, member, Number(max)] },
  }),
  fallBack: ({ cycle, member, max, key }) => ({
    key: `fall-back:${cycle}:${member}:${key ?? ""}`,
    call: { contract: "netting", method: "fallBack", args: [cycle, member, Number(max)] },
  }),
  collect: ({ token, cycle, to }) => ({
    key: `collect:${cycle}`,
    call: { contract: "netting", method: "withdraw", args: [token, cycle, to] },
  }),
  setOff: ({ obligation, against }) => ({
    key: `set-off:${obligation}:${against}`,
    call: { contract: "settlement", method: "setOff", args: [obligation, against] },
  }),
  withdraw: ({ token, to, key }) => ({
    key: `withdraw:${key}`,
    call: { contract: "settlement", method: "withdraw", args: [token, to] },
  }),
};

/** Brings the operator's settlement steps to the ledger, each once under its key. */
export class Settlement {
  readonly #outbox: Outbox;
  readonly #post: () => Promise<string>;
  readonly #showSample: (statement: Hex) => Promise<string>;

  /**
   * @param post posts the statement of the operator's books; answers its outbox key
   * @param showSample shows what was drawn of a statement; answers its outbox key
   */
  constructor(
    outbox: Outbox,
    post: () => Promise<string>,
    showSample: (statement: Hex) => Promise<string>,
  ) {
    this.#outbox = outbox;
    this.#post = post;
    this.#showSample = showSample;
  }

  async post(): Promise<{ transaction: Hex }> {
    return this.#result(await this.#outbox.settled(await this.#post()));
  }

  /** @throws TallystickError `settlement.step-unknown`, `settlement.step-body`, `ledger.refused` */
  async run(step: string, body: Record<string, unknown>): Promise<{ transaction: Hex }> {
    if (step === "sample") {
      const shown = await this.#showSample(String(body.statement) as Hex);
      return this.#result(await this.#outbox.settled(shown));
    }
    const make = Object.hasOwn(STEPS, step) ? STEPS[step] : undefined;
    if (make === undefined) {
      throw new TallystickError(
        "settlement.step-unknown",
        `There is no step "${step}"; the steps are ${Object.keys(STEPS).join(", ")}, sample.`,
      );
    }
    const made = madeOf(step, make, body);
    const key = await keyNotRefused(this.#outbox, `settlement:${made.key}`);
    await this.#outbox.enqueue({ key, purpose: step, duty: "settle", call: made.call });
    return this.#result(await this.#outbox.settled(key));
  }

  #result(settled: Settled): { transaction: Hex } {
    if (settled.error === undefined) return { transaction: settled.hash };
    throw new TallystickError(
      "ledger.refused",
      `The ledger refused: ${settled.error.name} ${JSON.stringify(settled.error.values)}.`,
    );
  }
}

function madeOf(step: string, make: SettlementStep, body: Record<string, unknown>) {
  try {
    return make(body);
  } catch (cause) {
    const message = `The step "${step}" needs other fields, or numbers where it got none.`;
    throw new TallystickError("settlement.step-body", message, {}, cause);
  }
}
