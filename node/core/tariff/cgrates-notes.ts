import type { CgratesRow } from "./cgrates-files.ts";

/** What a reader of the imported document must know, by its place in the plan. */
export interface CgratesNote {
  code: string;
  file: string;
  line: number;
  message: string;
  /** Something of the plan is not in the document. */
  isLeftOut: boolean;
}

/** Each thing once, in the order in which it was found. */
export class CgratesNotes {
  readonly list: CgratesNote[] = [];

  leaveOut(row: CgratesRow, code: string, message: string): void {
    this.#add(row, code, message, true);
  }

  note(row: CgratesRow, code: string, message: string): void {
    this.#add(row, code, message, false);
  }

  #add({ file, line }: CgratesRow, code: string, message: string, isLeftOut: boolean): void {
    const isKnown = this.list.some(
      (one) => one.file === file && one.line === line && one.code === code,
    );
    if (!isKnown) this.list.push({ code, file, line, message, isLeftOut });
  }
}
