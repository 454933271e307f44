import { setImmediate as othersTurn } from "node:timers/promises";
import { type Fault, faultOf } from "../standing-fault.ts";
import type { ChargingNode } from "./charging-node.ts";

const PAUSE_MILLISECONDS = 100;
/** Sessions that are looked at in one turn: a hundred thousand of them take ten seconds. */
const SESSIONS_A_TURN = 1_000;
/** And in one go, between which requests are answered. */
const SESSIONS_AT_ONCE = 100;

/** Whatever a charging node does without being asked: reservations expire, the log is compacted. */
export class ChargingUpkeep {
  readonly #node: ChargingNode;
  readonly #onTrouble: (error: unknown) => void;
  /** What else is due in each turn: records go to the books, an edge reports to its centre. */
  readonly #also: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #fault: Fault | undefined;
  #compactionFault: Fault | undefined;
  #turn: Promise<void> = Promise.resolve();
  #compacting: Promise<void> = Promise.resolve();

  constructor(
    node: ChargingNode,
    onTrouble: (error: unknown) => void,
    also: () => Promise<void> = async () => {},
  ) {
    this.#node = node;
    this.#onTrouble = onTrouble;
    this.#also = also;
  }

  /** Why the last turn was not done to its end, or the last snapshot not made. */
  get fault(): Fault | undefined {
    return this.#fault ?? this.#compactionFault;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#turn = this.#run().finally(() => {
        if (this.#timer !== undefined) this.start();
      });
    }, PAUSE_MILLISECONDS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#turn;
    await this.#compacting;
  }

  async #run(): Promise<void> {
    try {
      for (let looked = 0; looked < SESSIONS_A_TURN; looked += SESSIONS_AT_ONCE) {
        await this.#node.expireSome(SESSIONS_AT_ONCE);
        await othersTurn();
      }
      if (this.#node.wantsSnapshot) {
        this.#compacting = this.#compact();
      }
      await this.#also();
      this.#fault = undefined;
    } catch (error) {
      // Ten times a second would say no more.
      if (this.#fault === undefined) this.#onTrouble(error);
      this.#fault = faultOf("charging-upkeep", error);
    }
  }

  async #compact(): Promise<void> {
    try {
      await this.#node.compact();
      this.#compactionFault = undefined;
    } catch (error) {
      if (this.#compactionFault === undefined) this.#onTrouble(error);
      this.#compactionFault = faultOf("charging-upkeep", error);
    }
  }
}
