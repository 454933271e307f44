import type { LogLevel } from "./adapters/log.ts";

/* The only file that reads the environment; apart from the configuration, whose schema takes a command longer to load. */

export interface Environment {
  logLevel: LogLevel;
  passphrase: string | undefined;
  /** Data folder of the commands and of `npm start`. */
  dataDirectory: string | undefined;
  /** The operator's token, for commands that speak to a node whose data folder is elsewhere. */
  token: string | undefined;
}

const LOG_LEVELS: LogLevel[] = ["debug", "info", "warn", "error", "silent"];

export function readEnvironment(): Environment {
  const level = process.env.TALLYSTICK_LOG_LEVEL as LogLevel;
  return {
    logLevel: LOG_LEVELS.includes(level) ? level : "info",
    passphrase: process.env.TALLYSTICK_PASSPHRASE,
    dataDirectory: process.env.TALLYSTICK_DATA,
    token: process.env.TALLYSTICK_TOKEN,
  };
}
