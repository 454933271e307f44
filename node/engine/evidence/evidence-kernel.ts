import type { OperatorProfile } from "../operator.ts";
import type { StoreReader } from "../store/store.ts";
import type { BundleTariffs, LedgerSection } from "./build-evidence.ts";
import { EvidenceWorker } from "./evidence-worker.ts";
import type { SignInvoice, SignReceipt } from "./issue-receipt.ts";

/** A longer bundle is written piece by piece, by the node's own thread; no kernel is asked for it. */
export const WHOLE_LINES_MAX = 500;

/** Of which operator evidence files are; the same for all tasks of a kernel. */
export interface EvidenceFacts {
  profile: OperatorProfile;
  ledger: LedgerSection;
  tariffs: BundleTariffs["versions"];
}

/** What a kernel asks for while it works: keys stay with whoever has them. */
export interface EvidenceReach {
  store: Pick<StoreReader, "getMany" | "scan">;
  signReceipt?: SignReceipt;
  signInvoice?: SignInvoice;
}

/** A file to be made, of an account that has charges in the month. */
export interface NewEvidence {
  account: string;
  /** 32 bytes of the subscriber's link. */
  secret: Uint8Array;
  /** Random, of this file only. */
  salt: Uint8Array;
}

export interface EvidenceTask {
  epoch: string;
  /** The ledger's time, which the bundles carry. */
  seconds: bigint;
  /** Of accounts close to each other in the order of ids; together of some thousand lines. */
  files: NewEvidence[];
}

/**
 * What makes evidence files: reads, proves, writes, compresses, encrypts. Two implementations: in the
 * caller's own thread (below), and in threads that read through it (adapters/evidence-threads.ts).
 */
export interface EvidenceKernel {
  /** Tasks that are worth being handed over at once. */
  readonly tasksAtOnce: number;
  /** @returns the files' bytes, in their order @throws TallystickError as `EvidenceBuilder.write` */
  write(task: EvidenceTask): Promise<Uint8Array<ArrayBuffer>[]>;
  end(): Promise<void>;
}

export type OpenEvidenceKernel = (facts: EvidenceFacts, reach: EvidenceReach) => EvidenceKernel;

export const openPlainEvidenceKernel: OpenEvidenceKernel = (facts, reach) => {
  const worker = new EvidenceWorker(facts, reach);
  return {
    tasksAtOnce: 1,
    write: (task) => worker.write(task),
    end: async () => {},
  };
};
