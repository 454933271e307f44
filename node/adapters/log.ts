import { type DestinationStream, pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/**
 * All that a log line may say beside its event. The list is closed, because logs travel further
 * than records: nothing here can name a subscriber, a number, an amount of someone's, a salt or a
 * key (DESIGN: "Logs and errors carry no numbers, salts or keys").
 */
export interface LogFields {
  /** Part of the node: "ingest", "outbox", … */
  component?: string;
  /** Short name of the member that runs the node. */
  operator?: string;
  /** Stable code of a TallystickError. */
  code?: string;
  format?: string;
  method?: string;
  /** Route as declared ("/bills/:id"), never the path that was asked for. */
  route?: string;
  status?: number;
  count?: number;
  rejected?: number;
  suspended?: number;
  duplicates?: number;
  attempt?: number;
  durationMilliseconds?: number;
  octets?: number;
  port?: number;
  sequence?: number | bigint;
  blockNumber?: number | bigint;
  nonce?: number | bigint;
  /** Public on the ledger. */
  book?: string;
  transactionHash?: string;
  contract?: string;
}

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with fields that every line repeats. */
  child(fields: LogFields): Log;
}

const isCount = (value: unknown) =>
  typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value));
/** Words and dots; a run of digits could be someone's number. */
const isWord = (value: unknown) =>
  typeof value === "string" && /^[\w.:/ -]{1,100}$/.test(value) && !/\d{5}/.test(value);
const isHex = (length: number) => (value: unknown) =>
  typeof value === "string" && new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`).test(value);

const ALLOWED: Record<keyof LogFields, (value: unknown) => boolean> = {
  component: isWord,
  operator: isWord,
  code: isWord,
  format: isWord,
  method: isWord,
  route: isWord,
  status: isCount,
  count: isCount,
  rejected: isCount,
  suspended: isCount,
  duplicates: isCount,
  attempt: isCount,
  durationMilliseconds: isCount,
  octets: isCount,
  port: isCount,
  sequence: isCount,
  blockNumber: isCount,
  nonce: isCount,
  book: isHex(20),
  transactionHash: isHex(32),
  contract: isHex(20),
};

/** One JSON object a line, to `destination` or standard error (standard output is for answers). */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "event",
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return logOver(logger, {});
}

type Write = (fields: object, event: string) => void;

function logOver(
  logger: { debug: Write; info: Write; warn: Write; error: Write },
  common: LogFields,
): Log {
  const line =
    (level: "debug" | "info" | "warn" | "error") => (event: string, fields?: LogFields) =>
      logger[level](permitted({ ...common, ...fields }), isWord(event) ? event : "(withheld)");
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (fields) => logOver(logger, { ...common, ...fields }),
  };
}

/** The types stop a mistake in our code, this one a value that only looks right at run time. */
function permitted(fields: LogFields): object {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || !Object.hasOwn(ALLOWED, name)) continue;
    const isAllowed = ALLOWED[name as keyof LogFields](value);
    kept[name] = isAllowed ? (typeof value === "bigint" ? String(value) : value) : "(withheld)";
  }
  return kept;
}
