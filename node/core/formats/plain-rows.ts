import type { UsageColumns } from "./usage-columns.ts";

/** Takes rows that are written as programs write nearly all of a format, out of a batch's raw bytes into its columns. */
export interface PlainRows {
  /** Of the parties, by their numbers. */
  readonly names: { readonly names: readonly string[]; readonly generation: number };
  /** Before a batch. */
  begin(): void;
  /**
   * Appends rows from `at` on.
   * @param last whether the file ends with these bytes
   * @returns where the first one begins that is to be looked at, or is not whole
   */
  take(columns: UsageColumns, at: number, last: boolean): number;
  /** Behind a batch. */
  end(): void;
}
