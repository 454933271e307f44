import type { Log } from "./log.ts";

const silence = () => {};

/** Says nothing, and loads nothing: a command tells its user itself what happened. */
export const SILENT_LOG: Log = {
  debug: silence,
  info: silence,
  warn: silence,
  error: silence,
  child: () => SILENT_LOG,
};
