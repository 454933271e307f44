import type { NumberedNotice } from "../../core/charging/charging-state.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ChargingNode } from "./charging-node.ts";

/** Takes notices over, all of them or none. */
export type NoticeReceiver = (notices: readonly NumberedNotice[]) => Promise<void>;

const NOTICES_A_CALL = 100;
const IDLE_MILLISECONDS = 200;
const BACKOFF_FIRST_MILLISECONDS = 1_000;
const BACKOFF_MAX_MILLISECONDS = 300_000;

/**
 * Tells a receiver of every notice, in their order. What it has taken over is noted in the charging
 * log, and only then forgotten; a receiver that is away is asked again, ever more seldom. A crash
 * between its answer and the note tells it again under the same numbers, by which it knows them.
 */
export class NoticeDelivery {
  readonly #charging: ChargingNode;
  readonly #receive: NoticeReceiver;
  readonly #onTrouble: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #failures = 0;
  #isStopped = true;

  constructor(
    charging: ChargingNode,
    receive: NoticeReceiver,
    onTrouble: (error: unknown) => void,
  ) {
    this.#charging = charging;
    this.#receive = receive;
    this.#onTrouble = onTrouble;
  }

  /** From now on notices are kept until they are taken over. */
  async start(): Promise<void> {
    await this.#charging.noticesTaken(0);
    this.#isStopped = false;
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#turn;
  }

  /** One call at most. @returns how many were taken over. @throws what the receiver throws */
  async deliverOnce(): Promise<number> {
    const notices = await this.#charging.noticesAfter(
      this.#charging.noticesTakenUpTo,
      NOTICES_A_CALL,
    );
    const last = notices.at(-1);
    if (last === undefined) return 0;
    await this.#receive(notices);
    await this.#charging.noticesTaken(last.number);
    return notices.length;
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#turn = this.#run();
    }, milliseconds);
  }

  async #run(): Promise<void> {
    let pause = IDLE_MILLISECONDS;
    try {
      if ((await this.deliverOnce()) === NOTICES_A_CALL) pause = 0;
      this.#failures = 0;
    } catch (error) {
      // The first failure is told; a receiver that stays away says nothing new.
      if (this.#failures === 0) this.#onTrouble(error);
      pause = backoffMilliseconds(this.#failures++);
    }
    if (!this.#isStopped) this.#schedule(pause);
  }
}

export const backoffMilliseconds = (failures: number): number =>
  Math.min(BACKOFF_FIRST_MILLISECONDS * 2 ** Math.min(failures, 20), BACKOFF_MAX_MILLISECONDS);

/** @param status of a receiver that answered, but did not take the notices over */
export function noticesRefused(status: number): TallystickError {
  return new TallystickError(
    "webhook.refused",
    `The receiver of notices answered ${status}; it is asked again later.`,
  );
}
