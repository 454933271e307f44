import { setTimeout as sleep } from "node:timers/promises";
import { parseDecimalNano } from "../../node/core/money/decimal.ts";
import type { Answered, ChargingProcess } from "./charging-process.ts";
import type { Seeded } from "./seeded.ts";

const USE = {
  service: "voice",
  direction: "outgoing",
  aParty: "+4917139200071",
  bParty: "+442071234567",
};
const UPDATES_MAX = 2;

/** Gateways that make calls, never use more than is granted, and remember every answer. */
export class ChargingCallers {
  /** Every answer of a session's request, in its order. */
  readonly answered: Answered[] = [];
  /** What each ended session was charged, in nano-units, and whose it is. */
  readonly charged = new Map<string, { account: string; nano: bigint }>();
  readonly paid = new Map<string, bigint>();
  readonly problems: string[] = [];
  readonly #asked: ChargingProcess;
  readonly #money: ChargingProcess;
  readonly #accounts: readonly string[];
  readonly #random: Seeded;
  #isStopped = false;
  #payments = 0;
  #running: Promise<unknown> = Promise.resolve();

  /** @param asked who answers sessions  @param money who takes payments */
  constructor(
    asked: ChargingProcess,
    money: ChargingProcess,
    accounts: readonly string[],
    random: Seeded,
  ) {
    this.#asked = asked;
    this.#money = money;
    this.#accounts = accounts;
    this.#random = random;
  }

  start(count: number): void {
    const refused = (error: unknown): void => {
      this.problems.push(error instanceof Error ? error.message : String(error));
    };
    this.#running = Promise.all(
      Array.from({ length: count }, (_, slot) => this.#call(slot).catch(refused)),
    );
  }

  /** Ends when every call that was begun is committed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async pay(account: string, cents: number): Promise<void> {
    const reference = `payment-${++this.#payments}`;
    const amount = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
    const path = `/accounts/${account}/payments/${reference}`;
    await this.#money.ask("PUT", path, JSON.stringify({ amount }));
    const nano = (this.paid.get(account) ?? 0n) + parseDecimalNano(amount);
    this.paid.set(account, nano);
  }

  async #call(slot: number): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const account = this.#random.pick(this.#accounts);
      if (this.#random.chance(0.05)) await this.pay(account, 1 + this.#random.below(300));
      await this.#session(`call-${slot}-${number}`, account);
    }
  }

  async #session(session: string, account: string): Promise<void> {
    let request = 0;
    const wanted = () => ({ durationSeconds: 30 + this.#random.below(570) });
    const reserve = { kind: "reserve", account, use: USE, requested: wanted() };
    let answer = await this.#request(session, request++, reserve);
    if (answer.result !== "granted") {
      // Money that is on its way comes in a moment.
      await sleep(5);
      return;
    }
    let usedSeconds = 0;
    for (let update = this.#random.below(UPDATES_MAX + 1); update > 0; update--) {
      usedSeconds += this.#random.below((answer.granted?.durationSeconds ?? 0) + 1);
      const used = { durationSeconds: usedSeconds };
      const body = { kind: "update", used, requested: wanted() };
      answer = await this.#request(session, request++, body);
    }
    usedSeconds += this.#random.below((answer.granted?.durationSeconds ?? 0) + 1);
    const used = { durationSeconds: usedSeconds };
    const { charged } = await this.#request(session, request, { kind: "commit", used });
    this.charged.set(session, { account, nano: parseDecimalNano(charged) });
  }

  async #request(session: string, request: number, body: object): Promise<SessionAnswer> {
    const path = `/sessions/${session}/requests/${request}`;
    const answered = await this.#asked.ask("PUT", path, JSON.stringify(body));
    this.answered.push(answered);
    const answer = JSON.parse(answered.text) as SessionAnswer;
    if (answer.balance.startsWith("-"))
      this.problems.push(`${path}: a balance of ${answer.balance}`);
    return answer;
  }
}

interface SessionAnswer {
  result: string;
  granted?: { durationSeconds: number };
  charged: string;
  balance: string;
}
