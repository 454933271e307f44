import type { DiskReserve } from "./adapters/disk.ts";
import type { EvmLedger } from "./adapters/evm-ledger.ts";
import type { LevelStore } from "./adapters/level-store.ts";
import type { ChargingService } from "./charging-service.ts";
import { TallystickError } from "./core/errors.ts";
import type { Cadence } from "./engine/commit/cadence.ts";
import type { Outbox } from "./engine/commit/outbox.ts";
import type { AfterBillPublisher } from "./engine/evidence/publish-after-bill.ts";
import type { OperatorPipeline } from "./engine/pipeline.ts";
import type { PipelineStatus } from "./engine/pipeline-status.ts";
import type { TariffFollower } from "./engine/rate/follow-tariff.ts";
import type { TariffShelf } from "./engine/rate/tariff-shelf.ts";
import type { QuietUpkeep } from "./engine/retention/quiet-upkeep.ts";
import { type Fault, faultOf } from "./engine/standing-fault.ts";
import { type Health, notTold, type PartChecks } from "./http/health.ts";

/** The parts of a node that something can be wrong with. */
export interface FaultyParts {
  store: Pick<LevelStore, "requireUsable">;
  ledger: Pick<EvmLedger, "head">;
  outbox: Pick<Outbox, "pending">;
  pipeline: Pick<OperatorPipeline, "requireCommitsTaken">;
  tariffs: Pick<TariffShelf, "lacking">;
  tariffFollower: Pick<TariffFollower, "trouble">;
  cadence: Pick<Cadence, "faults">;
  upkeep: Pick<QuietUpkeep, "fault">;
  publishing: Pick<AfterBillPublisher, "fault"> | undefined;
  charging: Pick<ChargingService, "requireWritable" | "upkeepFault"> | undefined;
  reserve: Pick<DiskReserve, "requireRoom">;
}

/** What health asks. */
export function partChecks({
  ledger,
  store,
  reserve,
  pipeline,
  cadence,
  charging,
}: FaultyParts): PartChecks {
  return {
    ledger: () => ledger.head(),
    store: () => store.requireUsable(),
    disk: () => reserve.requireRoom(),
    commits: async () => {
      try {
        await pipeline.requireCommitsTaken();
      } catch (error) {
        // While the store does not answer nobody can say; that part tells.
        if (error instanceof TallystickError && error.code === "commit.refused") throw error;
      }
      const seal = cadence.faults.find(({ part }) => part === "seal");
      if (seal !== undefined) throw new TallystickError(seal.code, seal.message);
    },
    ...(charging === undefined ? {} : { charging: () => charging.requireWritable() }),
  };
}

/**
 * All that stands in a node's way, each thing once: what keeps one part from its work often keeps others
 * from theirs, under the same code.
 * @param status undefined while the store does not tell it
 */
export function standingFaults(
  parts: FaultyParts,
  { faults = [] }: Pick<Health, "faults">,
  status: PipelineStatus | undefined,
): Fault[] {
  const { cadence, publishing, upkeep, charging } = parts;
  const found = [
    ...faults,
    inOutbox(parts.outbox),
    inTariff(parts),
    ...(status === undefined ? [] : inBooks(status)),
  ].filter((fault) => fault !== undefined);
  const isChargingTold = faults.some(({ part }) => part === "charging");
  const behind = [
    ...cadence.faults,
    publishing?.fault,
    upkeep.fault,
    isChargingTold ? undefined : charging?.upkeepFault,
  ];
  return [...found, ...notTold(behind, found)];
}

/** Why the ledger does not take the transaction that all others wait behind. */
export const stuckInOutbox = (outbox: Pick<Outbox, "pending">): TallystickError | undefined =>
  outbox.pending().find(({ trouble }) => trouble !== undefined)?.trouble;

function inOutbox(outbox: Pick<Outbox, "pending">): Fault | undefined {
  const stuck = stuckInOutbox(outbox);
  if (stuck === undefined) return undefined;
  const { message } = stuck;
  const said = `A transaction is not taken, all others wait behind it, and it is tried again: ${message}`;
  return { ...faultOf("outbox", stuck), message: said };
}

function inTariff({ tariffs, tariffFollower }: FaultyParts): Fault | undefined {
  const { lacking } = tariffs;
  if (lacking === undefined) return undefined;
  const { trouble } = tariffFollower;
  const from = new Date(1000 * Number(lacking.validFromSeconds)).toISOString();
  const message = `Version ${lacking.version} of the ledger is not at hand; what starts from ${from} on waits. ${trouble?.message ?? ""}`;
  return { part: "tariff", code: trouble?.code ?? "rating.tariff-lacking", message };
}

function inBooks({ totalsBalance, damagedRuns, leftToStaff }: PipelineStatus): Fault[] {
  const found: Fault[] = [];
  if (!totalsBalance) {
    const message =
      "They do not balance: records were lost or counted twice. Run tallystick fsck; tallystick totals says in which file and hour.";
    found.push({ part: "totals", code: "totals.not-balanced", message });
  }
  if (damagedRuns !== undefined) {
    const message = `${damagedRuns} runs of the index of records seen have a damaged value and are merged no more; the rest is taken in. Run tallystick fsck, and restore the store from a backup.`;
    found.push({ part: "records-seen", code: "store.value-damaged", message });
  }
  for (const part of ["claims", "demands"] as const) {
    const [first] = leftToStaff[part];
    if (first === undefined) continue;
    const message = `${leftToStaff[part].length} can not be answered by the node and wait for a person; silence costs the disputed amount or the bond. GET /v1/operator/${part} lists them.`;
    found.push({ part, code: first.code, message });
  }
  return found;
}
