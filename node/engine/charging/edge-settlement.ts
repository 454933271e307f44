import type { AccountPolicy } from "../../core/charging/charging-account.ts";
import type { EdgeReport } from "../../core/charging/settle-slice.ts";
import type { EdgeSlice } from "../../core/charging/slice.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ChargingNode } from "./charging-node.ts";

const RECORDS_MAX = 1_000;

/** What the centre answers to an edge node's report. */
export interface EdgeAnswer {
  slices: (Omit<EdgeSlice, "edge"> & { policy: AccountPolicy; lock?: string })[];
  recordsTaken: number;
}

/** The node that has the whole balances. */
export interface Centre {
  /** @throws TallystickError `centre.unreachable`, or the centre's own code */
  settle(report: EdgeReport): Promise<EdgeAnswer>;
}

/**
 * The edge's side of settling. What it may spend is what was topped up here, what it spent and gave
 * back is what the accounts say: the state of the slices is that of the accounts, in one log, so
 * there is nothing that a crash could let drift apart. All of it are sums, so a report or an answer
 * that is lost, late or repeated changes nothing.
 */
export class EdgeSettlement {
  readonly #edge: string;
  readonly #charging: ChargingNode;
  readonly #centre: Centre;
  readonly #wanted: ReadonlyMap<string, bigint>;

  /** @param wanted how much free money to hold of each account, in nano-units */
  constructor(
    edge: string,
    charging: ChargingNode,
    centre: Centre,
    wanted: ReadonlyMap<string, bigint>,
  ) {
    this.#edge = edge;
    this.#charging = charging;
    this.#centre = centre;
    this.#wanted = wanted;
  }

  /** Whether some account has less than half of what it should hold: not to be waited with. */
  get isUrgent(): boolean {
    for (const [id, wanted] of this.#wanted) {
      const account = this.#find(id);
      if (account === undefined || 2n * account.balanceNano < wanted) return true;
    }
    return false;
  }

  /**
   * Tells what was charged here, hands its records over, and takes what is granted anew.
   * @throws TallystickError `centre.unreachable`: nothing is lost, the next round tells it
   */
  async run(): Promise<void> {
    for (const [id, wanted] of this.#wanted) await this.#giveBack(id, wanted);
    const records = this.#charging.recordsAfter(0, RECORDS_MAX);
    const { slices, recordsTaken } = await this.#centre.settle({
      edge: this.#edge,
      firstRecord: records[0]?.number ?? 1,
      records: records.map(({ record }) => record),
      slices: [...this.#wanted].map(([account, wantedNano]) => {
        const found = this.#find(account);
        return {
          account,
          spentNano: found?.spentNano ?? 0n,
          returnedNano: found?.paidOutNano ?? 0n,
          wantedNano,
        };
      }),
    });
    await this.#charging.recordsTaken(recordsTaken);
    for (const slice of slices) await this.#take(slice);
  }

  /** What is far more than is wanted goes back; first here, so that it can not be spent as well. */
  async #giveBack(id: string, wanted: bigint): Promise<void> {
    const account = this.#find(id);
    if (account === undefined || account.balanceNano <= 2n * wanted) return;
    const amountNano = wanted - account.balanceNano;
    const reference = `returned ${account.paidOutNano - amountNano}`;
    await this.#charging.pay({ account: id, reference, amountNano });
  }

  async #take({ account: id, grantedNano, policy, lock }: EdgeAnswer["slices"][number]) {
    const before = this.#find(id);
    // What may be overspent is in the grant already, and so is the period's limit.
    const { spendLimitNano: _, ...rest } = policy;
    const own: AccountPolicy = { ...rest, overspendNano: "0" };
    if (before === undefined || JSON.stringify(before.policy) !== JSON.stringify(own)) {
      await this.#charging.setAccount(id, own);
    }
    const amountNano = grantedNano - (before?.toppedUpNano ?? 0n);
    if (amountNano > 0n) {
      await this.#charging.pay({ account: id, reference: `granted ${grantedNano}`, amountNano });
    }
    if (lock !== undefined && before?.lock?.reason !== lock) {
      await this.#charging.lock(id, { reason: lock });
    }
    if (lock === undefined && before?.lock !== undefined) await this.#charging.unlock(id);
  }

  #find(id: string) {
    try {
      return this.#charging.account(id);
    } catch (error) {
      if (error instanceof TallystickError && error.code === "charging.account-unknown") {
        return undefined;
      }
      throw error;
    }
  }
}
