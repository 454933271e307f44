import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { moveInto } from "../../adapters/archive-file.ts";
import { requireReadable } from "../../adapters/files.ts";
import { filesOfFolder, type WatchedFile } from "../../adapters/watch-folder.ts";
import { TallystickError } from "../../core/errors.ts";
import { imbalanceOf, isNothing } from "../../engine/intake/control-totals.ts";
import type { CommandModule } from "../command.ts";
import { commitBooks } from "../commit-books.ts";
import { rowsOfTotals } from "../control-rows.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { describeError, EXIT, type Output, ServiceError, UsageError } from "../output.ts";
import { beginBehind, beginUpload, type Sending, type Taken, type Upload } from "../upload-file.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("[file...]", 'files of usage records, "-" for standard input')
      .option("--format <name>", "their format, where nothing in them tells it (see: formats)")
      .option("--watch <dir>", "take in what is put into a folder, until the command is ended")
      .option("--settle <seconds>", "a file in it is whole when it did not change so long", "5")
      .option("--archive <dir>", "where a watched file goes once it was taken in")
      .option("--commit", "then close a batch of each book, and wait until it is final")
      .addHelpText(
        "after",
        "\nPrints each file's control totals. A file that was taken in before changes nothing." +
          "\nA file that is cut is refused as a whole, and the next one goes on." +
          "\nWith --commit the files that were taken in are committed; nothing is where all were refused." +
          "\nExit code 1 when a record was rejected, a file has a problem, or the totals do not balance; 3 when a file was refused;" +
          "\n4 with --commit when no file was refused, all is sealed and the ledger has not taken it yet.",
      );
  },

  async run([files], options, { output }) {
    const named = files as string[];
    const watched = readWatch(options, named);
    const { format } = options as { format?: string };
    if (format !== undefined) await requireFormat(format);
    // Before anything is sent: a name that can not be read is found while nothing is half done.
    for (const file of named) if (file !== "-") await requireReadable(file);
    const worst = { clean: true, refused: 0, taken: 0, isWatching: false, records: 0 };
    const commits = options.commit === true;
    if (commits && watched !== undefined) throw new UsageError("--commit goes without --watch.");
    const committed = await withNode(options as NodeOptions, output, async (node) => {
      const sending: Sending = { node, output, ...(format === undefined ? {} : { format }) };
      const began = performance.now();
      await takeInAll(sending, named, worst);
      await sayRate(worst.records, (performance.now() - began) / 1000, output);
      worst.isWatching = true;
      if (watched !== undefined) await watch(sending, watched, worst);
      if (!commits) return EXIT.yes;
      if (worst.taken > 0) return await commitBooks(node, output);
      output.remark("No file was taken in, so nothing was committed.");
      return EXIT.yes;
    });
    // What needs a person comes before what goes on by itself.
    if (worst.refused > 0) return EXIT.unusableInput;
    if (committed !== EXIT.yes) return committed;
    return worst.clean ? EXIT.yes : EXIT.no;
  },
};

/** @throws UsageError for one that is not there; loaded at need, since only the node reads files */
async function requireFormat(name: string): Promise<void> {
  const { formatByName } = await import("../../core/formats/registry.ts");
  try {
    formatByName(name);
  } catch (error) {
    throw error instanceof TallystickError ? new UsageError(error.message) : error;
  }
}

/** What took less tells more about the start than about the rate. */
const TOLD_SECONDS_MIN = 1;

/** What became of the files so far, for the exit code. */
interface Worst {
  clean: boolean;
  refused: number;
  /** Those that were there before too: their charges may wait for the next batch. */
  taken: number;
  isWatching: boolean;
  /** That were not there before. */
  records: number;
}

interface Watch {
  folder: string;
  settleMilliseconds: number;
  archive?: string;
}

function readWatch(options: Record<string, unknown>, files: string[]): Watch | undefined {
  const { watch: folder, settle, archive } = options as Record<string, string | undefined>;
  if (folder === undefined) {
    if (files.length === 0) throw new UsageError("Name files, or a folder with --watch.");
    if (archive !== undefined) throw new UsageError("--archive goes with --watch.");
    return undefined;
  }
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(settle ?? "")) {
    throw new UsageError(`--settle takes seconds, such as 5, not "${settle}".`);
  }
  const settleMilliseconds = Number(settle) * 1000;
  if (archive !== undefined && resolve(archive) === resolve(folder)) {
    throw new UsageError("--archive has to be another folder than the watched one.");
  }
  return { folder, settleMilliseconds, ...(archive === undefined ? {} : { archive }) };
}

/**
 * Until an interrupt, which lets the files under way come to their end. What was taken in is known by
 * its digest, so that a start from the beginning does nothing twice. While the node is away a file
 * waits and is sent again. As with files that are named, one is sent while another is taken in.
 */
async function watch(sending: Sending, watched: Watch, worst: Worst) {
  const { output } = sending;
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, end);
  output.remark(`Watching ${watched.folder}; Ctrl-C ends it.`);
  const files = filesOfFolder(watched.folder, {
    settleMilliseconds: watched.settleMilliseconds,
    signal: ending.signal,
    onFolder: (trouble) => {
      const words = trouble === undefined ? "is there again" : `is away: ${trouble.message}`;
      output.remark(`${watched.folder} ${words}`);
    },
    onPassedOver: (trouble) => {
      worst.refused++;
      return tellRefused(trouble, output);
    },
  });
  let failure: { error: unknown } | undefined;
  const settle = async (first: Promise<Upload>, file: WatchedFile, before?: Promise<void>) => {
    await before;
    let upload: Promise<Upload> | undefined = first;
    const taken = async () => {
      const attempt = upload ?? beginUpload(sending, file.path);
      upload = undefined;
      return (await attempt).taken;
    };
    const done = await untilNodeAnswers(
      () => takeIn(taken, file.path, output, worst),
      output,
      ending,
    );
    if (done !== true || watched.archive === undefined) return;
    // Another one took its name: it is handed out, too.
    await moveInto(watched.archive, file);
  };
  let last: { upload: Promise<Upload>; settled: Promise<void> } | undefined;
  try {
    for await (const file of files) {
      const before = last;
      const upload =
        before === undefined
          ? beginUpload(sending, file.path)
          : beginBehind(before.upload, sending, file.path);
      upload.catch(() => {});
      const settled = settle(upload, file, before?.settled).catch((error: unknown) => {
        failure ??= { error };
        ending.abort();
      });
      last = { upload, settled };
      // Two at most: one is taken in, one is sent.
      await before?.settled;
    }
    await last?.settled;
  } finally {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, end);
  }
  if (failure !== undefined) throw failure.error;
}

const RETRY_MS = 5_000;

/** @returns undefined when it was ended meanwhile */
async function untilNodeAnswers<T>(
  work: () => Promise<T>,
  output: Output,
  ending: AbortController,
): Promise<T | undefined> {
  while (!ending.signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      output.remark(`${error.message} Trying again in ${RETRY_MS / 1000} s.`);
      await pause(RETRY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }
  return undefined;
}

async function sayRate(records: number, seconds: number, output: Output): Promise<void> {
  if (records === 0 || seconds < TOLD_SECONDS_MIN) return;
  const whole = (count: number) => Math.round(count).toLocaleString("en-US");
  await output.say(
    `${whole(records)} records in ${seconds.toFixed(1)} s: ${whole(records / seconds)} a second.`,
  );
}

/** In their order; while the node takes one in, the next one is sent and looked at. */
async function takeInAll(sending: Sending, files: string[], worst: Worst) {
  let ahead: Promise<Upload> | undefined;
  for (const [at, file] of files.entries()) {
    const upload: Promise<Upload> = ahead ?? beginUpload(sending, file);
    const behind = files[at + 1];
    if (behind !== undefined) ahead = beginBehind(upload, sending, behind);
    await takeIn(async () => (await upload).taken, file, sending.output, worst);
  }
}

/** @returns false when the node refused the file */
async function takeIn(
  upload: () => Promise<Taken>,
  file: string,
  output: Output,
  worst: Worst,
): Promise<boolean> {
  let taken: Taken;
  try {
    taken = await upload();
  } catch (error) {
    const named = withFile(error, file);
    // A node that is away takes the next file no better; a file that it refuses is one file.
    if (!(named instanceof TallystickError) || named instanceof ServiceError) throw named;
    // In a watched folder it comes again, once it is quiet.
    const comesAgain = worst.isWatching && named.code === "file.changed";
    if (!comesAgain) worst.refused++;
    await tellRefused(named, output);
    return false;
  }
  const balanced = isNothing(imbalanceOf(taken));
  worst.taken++;
  if (!taken.already) worst.records += taken.in.records;
  await output.record({ file: { ...taken, balanced } });
  for (const line of inWords(taken, balanced)) await output.say(line);
  worst.clean &&=
    balanced && taken.problems.length === 0 && (taken.classes.rejected?.records ?? 0) === 0;
  return true;
}

async function tellRefused(error: TallystickError, output: Output): Promise<void> {
  await output.record({ error: error.toJSON() });
  output.remark(describeError(error, false));
}

/** The node does not know under which path the file stands here. */
function withFile(error: unknown, file: string): unknown {
  if (!(error instanceof TallystickError)) return error;
  const { code, message, place } = error;
  const kind = error instanceof ServiceError ? ServiceError : TallystickError;
  return new kind(code, message, { ...place, file }, error);
}

function inWords(taken: Taken, balanced: boolean): string[] {
  const waiting = taken.classes.suspended?.records ?? 0;
  return [
    `${taken.name}${taken.already ? ": already taken in, nothing was done again" : ""}`,
    ...rowsOfTotals(taken),
    balanced ? "  The totals balance." : "  THE TOTALS DO NOT BALANCE; run tallystick fsck.",
    ...inWordsOfRejections(taken),
    ...inWordsOfDuplicates(taken),
    ...taken.problems.map(({ code, message }) => `  PROBLEM  ${message} [${code}]`),
    ...(waiting > 0 ? [`  ${waiting} wait for a decision: tallystick suspense list`] : []),
  ];
}

/** A file that came again under other bytes is full of them. */
const DUPLICATES_SHOWN = 5;

/** By its number in the file, from 1; the node tells the first of them. */
function inWordsOfRejections({ rejections = [], classes }: Taken): string[] {
  const more = (classes.rejected?.records ?? 0) - rejections.length;
  return [
    ...rejections.map(
      ({ position, line, message, code }) =>
        `  REJECTED record ${position}${line === undefined ? "" : `, line ${line}`}: ${message} [${code}]`,
    ),
    ...(rejections.length > 0 && more > 0 ? [`  and ${more} more; inspect shows them all.`] : []),
  ];
}

/** Where each of the first duplicates came first; a file that came again is told in a line. */
function inWordsOfDuplicates({ duplicates = [], classes }: Taken): string[] {
  const shown = duplicates.slice(0, DUPLICATES_SHOWN);
  const more = (classes.duplicate?.records ?? 0) - shown.length;
  return [
    ...shown.map(({ position, record, first }) => {
      const place = first.position === undefined ? "" : `record ${first.position} of `;
      const where = first.file === undefined ? "" : ` in ${place}${first.file}`;
      return `  DUPLICATE record ${position}: ${record} came first${where}`;
    }),
    ...(shown.length > 0 && more > 0 ? [`  and ${more} more duplicates.`] : []),
  ];
}
