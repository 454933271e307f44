import { TallystickError } from "../core/errors.ts";

/** What each command answers to the shell (docs/COMMANDS.md, "Exit code"). */
export const EXIT = {
  yes: 0,
  no: 1,
  wrongCall: 2,
  unusableInput: 3,
  serviceUnavailable: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Where a command writes. With `--json`, standard output holds newline-delimited JSON and nothing
 * else; words for people and progress go to standard error.
 */
export interface Output {
  readonly json: boolean;
  /** One JSON line with `--json`; otherwise nothing. Resolves when the pipe can take more. */
  record(value: object): Promise<void>;
  /** One line for people, as `plainText`: standard output without `--json`, nothing with it. */
  say(text: string): Promise<void>;
  /** Progress and remarks, always to standard error. */
  remark(text: string): void;
}

export function createOutput(json: boolean): Output {
  const write = (text: string): Promise<void> =>
    process.stdout.write(text)
      ? Promise.resolve()
      : new Promise((resolve) => process.stdout.once("drain", () => resolve()));
  return {
    json,
    record: (value) => (json ? write(`${plainJson(value)}\n`) : Promise.resolve()),
    say: (text) => (json ? Promise.resolve() : write(`${plainText(text)}\n`)),
    remark: (text) => void process.stderr.write(`${plainText(text)}\n`),
  };
}

/**
 * What a file says is shown as text and never obeyed: without control characters (C0, C1, delete),
 * except line feed and tab, and without marks that turn the direction of writing, a name in it can
 * neither move the cursor over a verdict nor rename the window.
 */
export const plainText = (text: string): string =>
  text.replace(/(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "");

/** JSON escapes the characters below a blank by itself; these a terminal could obey too. */
const plainJson = (value: object): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/**
 * A pipe that its reader closed early (head, less) is no error; a full disk is one that is told in
 * words, since nothing else can be written any more.
 */
export function endOnOutputError(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.yes);
    const reason = error.code ?? "unknown reason";
    process.stderr.write(
      `tallystick: The output can not be written (${reason}); what is there is cut. Free space and run it again. [output.not-writable]\n`,
      () => process.exit(EXIT.unusableInput),
    );
  });
  // Without a standard error there is nobody left to tell.
  process.stderr.on("error", () => process.exit(process.exitCode ?? EXIT.unusableInput));
}

/** The call itself is wrong: unknown option, missing file name. Exit code 2. */
export class UsageError extends TallystickError {
  constructor(message: string) {
    super("cli.usage", message);
  }
}

/** A service (ledger, node) could not be reached or refused. Exit code 4. */
export class ServiceError extends TallystickError {}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.wrongCall;
  if (error instanceof ServiceError) return EXIT.serviceUnavailable;
  return EXIT.unusableInput;
}

/** "what happened, where, what to do"; never a stack trace unless asked for. */
export function describeError(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? String(error);
  if (!(error instanceof TallystickError)) {
    return `internal error: ${error instanceof Error ? error.message : String(error)} (run again with --debug for details)`;
  }
  const { file, line, byte, field } = error.place;
  const where = [
    file,
    line === undefined ? undefined : `line ${line}`,
    byte === undefined ? undefined : `byte ${byte}`,
    field === undefined ? undefined : `field ${field}`,
  ].filter((part) => part !== undefined);
  return `${where.length > 0 ? `${where.join(", ")}: ` : ""}${error.message} [${error.code}]`;
}
