import { sealWholeFile } from "./seal-evidence-file.ts";

/** Whose file it is. */
export interface EvidenceFileOwner {
  /** 32 bytes of the subscriber's link. */
  secret: Uint8Array;
  epoch: string;
}

/** A bundle's whole text, and the random salt of its file. */
export interface SealTask extends EvidenceFileOwner {
  text: string;
  salt: Uint8Array;
}

/**
 * What compresses and encrypts evidence files. Two implementations: in the caller's own thread (below),
 * and in threads beside it (adapters/evidence-threads.ts).
 */
export interface EvidenceSealer {
  /** @returns the file's bytes */
  seal(task: SealTask): Promise<Uint8Array>;
  end(): Promise<void>;
}

export type OpenEvidenceSealer = () => EvidenceSealer;

export const openPlainSealer: OpenEvidenceSealer = () => ({
  seal: async (task) => sealWholeFile(task),
  end: async () => {},
});
