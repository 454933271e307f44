import type { NumberedNotice } from "../../core/charging/charging-state.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ChargingNode } from "./charging-node.ts";

/**
 * Takes notices over, all of them or none.
 * @param stopping ends a call that is under way: its notices are told again at the next start
 */
export type NoticeReceiver = (
  notices: readonly NumberedNotice[],
  stopping: AbortSignal,
) => Promise<void>;

/** Figures of the delivery; the calls are those of this process. */
export interface NoticeFigures {
  /** Number of the last notice that was taken over. */
  takenUpTo: number;
  waiting: number;
  /** The oldest that nobody took over in time for the room that there is. */
  dropped: number;
  oldestAt?: number;
  callsFailed: number;
  /** Why the last call failed, until one succeeds. */
  trouble?: string;
}

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
  #callsFailed = 0;
  #dropped = 0;
  #trouble: string | undefined;
  #isStopped = true;
  readonly #stopping = new AbortController();

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
    this.#stopping.abort();
    await this.#turn;
  }

  get figures(): NoticeFigures {
    const { waiting, dropped, oldestAt } = this.#charging.noticesWaiting();
    return {
      takenUpTo: this.#charging.noticesTakenUpTo,
      waiting,
      dropped: this.#dropped + dropped,
      ...(oldestAt === undefined ? {} : { oldestAt }),
      callsFailed: this.#callsFailed,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  /** One call at most. @returns how many were taken over. @throws what the receiver throws */
  async deliverOnce(): Promise<number> {
    const notices = await this.#charging.noticesAfter(
      this.#charging.noticesTakenUpTo,
      NOTICES_A_CALL,
    );
    const last = notices.at(-1);
    if (last === undefined) return 0;
    await this.#receive(notices, this.#stopping.signal);
    const { noticesTakenUpTo } = this.#charging;
    await this.#charging.noticesTaken(last.number);
    this.#dropped += last.number - noticesTakenUpTo - notices.length;
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
      this.#trouble = undefined;
    } catch (error) {
      if (this.#isStopped) return;
      this.#callsFailed += 1;
      this.#trouble = error instanceof TallystickError ? error.code : "internal";
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
