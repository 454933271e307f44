import { TallystickError } from "../core/errors.ts";

/** What is wrong until somebody mends it, or it is over: for the status, the health and the figures of a node. */
export interface Fault {
  /** Which part of the node. */
  part: string;
  code: string;
  /** What happened and what to do, for people. */
  message: string;
}

/** What is not ours is told without details: they may quote data. */
export function faultOf(part: string, error: unknown): Fault {
  if (error instanceof TallystickError) {
    return { part, code: error.code, message: error.message };
  }
  const message =
    "Something went wrong inside and is tried again. If it stays, start the node again and tell us.";
  return { part, code: "internal", message };
}
