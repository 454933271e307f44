import { UsageColumns, type UsageLines } from "../core/formats/usage-columns.ts";

/** How far an upload is, for who sent it and waits for the answer. */
export interface UploadProgress {
  name: string;
  /** "looking": read to its end before anything is taken in; then it waits for its turn, or is rated. */
  phase: "receiving" | "looking" | "rating";
  /** Records and rejected rows of the file; known once it was looked at. */
  records?: number;
  /** Of them, those that were taken in, or had been before. */
  done: number;
}

/** The uploads under way. */
export class IntakeProgress {
  readonly #uploads = new Set<UploadProgress>();

  list(): UploadProgress[] {
    return [...this.#uploads];
  }

  begin(name: string): UploadProgress {
    const upload: UploadProgress = { name, phase: "receiving", done: 0 };
    this.#uploads.add(upload);
    return upload;
  }

  end(upload: UploadProgress): void {
    this.#uploads.delete(upload);
  }
}

/** The same blocks; what was taken of a block is counted when the next one is asked for. */
export async function* counted(blocks: UsageLines, upload: UploadProgress): UsageLines {
  for await (const block of blocks) {
    yield block;
    if (block instanceof UsageColumns) upload.done += block.count;
    else
      for (const line of Array.isArray(block) ? block : [block])
        if (!("file" in line)) upload.done++;
  }
}
