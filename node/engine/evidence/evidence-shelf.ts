/**
 * Where published evidence files are put: a folder that a web server hands out. Implemented by
 * node/adapters/evidence-folder.ts, and in memory by the tests.
 */
export interface EvidenceShelf {
  /**
   * Takes away what a crash or a failed `put` left of files that were begun, and makes durable what it left
   * under its name; nothing is being put meanwhile. Whatever `lengths` finds after it survives a power cut.
   * @throws TallystickError `publish.not-written`
   */
  sweep(): Promise<void>;

  /** Which of the places hold a file, each as it was put, whole: its bytes. */
  lengths(places: readonly string[]): Promise<(number | undefined)[]>;

  /**
   * Files at places that hold none. Each is there whole or not at all, and all of them survive a power
   * cut once the promise resolves; a crash before may leave any of them.
   * @returns their lengths
   * @throws TallystickError `publish.not-written`
   */
  put(files: readonly NewFile[]): Promise<number[]>;

  /** What is told of a month; replaced as a whole. */
  writeManifest(epoch: string, manifest: EvidenceManifest): Promise<void>;
}

/** The same folder when what was put there is over. */
export interface WrittenShelf {
  /**
   * Takes away files at places, those of them that are there; they do not come back after a power cut once the
   * promise resolves.
   * @throws TallystickError `publish.not-erased`
   */
  remove(places: readonly string[]): Promise<void>;

  /**
   * Takes away a month's manifest, where it is this operator's, and what is left empty of the month.
   * @throws TallystickError `publish.not-erased`
   */
  removeMonth(epoch: string, operator: string): Promise<void>;
}

/** The shelf of a folder that was written to. @throws TallystickError `publish.not-erased` where it is not there */
export type OpenWrittenShelf = (folder: string) => Promise<WrittenShelf>;

export interface NewFile {
  place: string;
  /** All of it, where it is at hand; the memory is the shelf's from now on. */
  whole?: Uint8Array<ArrayBuffer>;
  /** Else piece by piece. */
  chunks: () => AsyncIterable<Uint8Array>;
}

/** `manifest.json` of a month: what a web server's keeper may know. Nothing in it tells who. */
export interface EvidenceManifest {
  format: "tallystick-evidence-folder";
  version: 1;
  epoch: string;
  operator: string;
  /** Every subscriber's file is there, with all credits there were when the run began. */
  complete: boolean;
  subscribers: number;
  files: number;
  bytes: number;
  /** Ledger time at which this was written; UTC. */
  writtenAt: string;
}
