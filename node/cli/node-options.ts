import type { Command } from "commander";

export interface NodeOptions {
  node?: string;
  data?: string;
  operator?: string;
  /** Whether what is taken in is committed before the node that was started for it ends. */
  commit?: boolean;
}

export const declareNodeOptions = (parser: Command): Command =>
  parser
    .option("--node <url>", "a running node, instead of the one of the data folder")
    .option("--data <dir>", "data folder (default: TALLYSTICK_DATA, else .tallystick)")
    .option("--operator <name>", "whose node, where the data folder holds several");
