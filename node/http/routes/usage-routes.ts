import { hash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { Request, Router } from "express";
import { ReadingThreads } from "../../adapters/reading-threads.ts";
import { openUsage, type UsageSource } from "../../adapters/usage-source.ts";
import type { ParseOptions } from "../../core/formats/inspect-line.ts";
import { type Format, formatByName } from "../../core/formats/registry.ts";
import { NO_REPETITIONS } from "../../core/formats/repetition-index.ts";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import { CallSlots, type SlotBounds } from "../call-slots.ts";
import { EarlyLook, usageFormatOf } from "../early-look.ts";
import { FileReception, sayAtIt } from "../file-reception.ts";
import { HttpError } from "../http-error.ts";
import { IntakeProgress, type Turn, type UploadProgress } from "../intake-progress.ts";
import type { Spool } from "../spool.ts";
import type { SpooledFile } from "../spooled-file.ts";
import { takeFileIn } from "../take-file-in.ts";
import type { PaceBounds } from "../upload-pace.ts";

/** Files that are received over lines of any speed, looked at, waiting and taken in at once: their bytes are on the disk. */
const FILES_AT_ONCE = 16;
/** Threads that read them, with their buffers. One is taken in and one looked at; large ones beside these do without. */
const THREADS_AT_ONCE = 4;
/** Uploads of which nothing is read yet: their senders wait with the bytes. */
const FILES_WAITING_MAX = 64;
/** Well before the server itself ends a request whose body does not come. */
const WAIT_MILLISECONDS_MAX = 120_000;

/** How long an upload that was refused on its way is still read. */
const HEARD_MILLISECONDS = 10_000;
/** What comes of an upload at least while others wait for its place, unless it is said: 17 kB a second. Well within their wait. */
const LEAST_PACE: PaceBounds = { bytesMin: 524_288, milliseconds: 30_000 };

const TURN_NAME = /^[A-Za-z0-9-]{1,64}$/;

export interface UsageRoutesParts {
  pipeline: OperatorPipeline;
  spool: Spool;
  /** Of CSV files that do not tell their zone. */
  zone: string;
  sourceName: string;
  /** Other bounds than the usual ones. */
  uploads?: Partial<Omit<SlotBounds, "refusal">>;
  /** Of uploads whose places others wait for. */
  leastPace?: Partial<PaceBounds>;
}

/** Files of usage records: taken in whole or not at all, and how far they are meanwhile. */
export function usageRoutes(router: Router, parts: UsageRoutesParts): void {
  const { pipeline, spool, zone, sourceName } = parts;
  const leastPace = { ...LEAST_PACE, ...parts.leastPace };
  // One reads the file that is taken in, and one looks at the next.
  const threads = new ReadingThreads({ keptMax: 2, takenMax: THREADS_AT_ONCE });
  const intake = new IntakeProgress();
  const slots = new CallSlots({
    inFlightMax: FILES_AT_ONCE,
    waitingMax: FILES_WAITING_MAX,
    waitMillisecondsMax: WAIT_MILLISECONDS_MAX,
    ...parts.uploads,
    refusal: {
      code: "ingest.too-many",
      message: "Too many files are on their way in at the moment; send this one again soon.",
    },
  });

  const isWaitedFor = () => slots.areWaitedFor;
  const reception = new FileReception({ spool, leastPace, isWaitedFor });

  router.get("/usage", (_request, response) => {
    response.json({ uploads: intake.list() });
  });

  /** For a command on this machine, whose file need not come through a connection. */
  router.get("/usage/spool", async (_request, response) => {
    const folder = await spool.laid.folder();
    // Who does not hear this one would not hear either when its file is asked for.
    sayAtIt(response);
    response.json({ folder });
  });

  router.post("/usage", async (request, response) => {
    const { name, turn: own, after } = request.query;
    const upload = intake.begin(String(name ?? "upload").slice(0, 255));
    const turn = intake.takeTurn(turnName(own), turnName(after));
    try {
      const { format, laid } = request.query;
      const named = format === undefined ? undefined : formatByName(String(format));
      if (slots.areTaken) intake.enter(upload, "waiting");
      // Those that come after one another have their slots in that order: none waits for one behind it.
      const taken = await slots.run(() => {
        const receive: Receive = (early) =>
          laid === undefined
            ? reception.receive(request, early)
            : reception.follow(String(laid), request, response, early);
        return take(receive, upload, turn, named);
      });
      response.json({ ...taken, seconds: intake.secondsOf(upload) });
    } finally {
      turn.pass();
      intake.end(upload);
      endSoon(request);
    }
  });

  async function take(
    receive: Receive,
    upload: UploadProgress,
    turn: Turn,
    named: Format | undefined,
  ) {
    intake.enter(upload, "receiving");
    // What goes wrong there is told when the file is taken in.
    pipeline.prepareIntake().catch(() => {});
    const early = new EarlyLook({ threads, options: optionsOf(upload), named });
    try {
      const spooled = await receive(early);
      try {
        intake.enter(upload, "looking");
        const source = (await early.end()) ?? (await open(spooled, upload, named));
        try {
          return await takeFileIn({ pipeline, spool, intake }, source, spooled, upload, turn);
        } finally {
          await source.close();
        }
      } finally {
        await rm(spooled.path, { force: true });
      }
    } finally {
      await early.close();
    }
  }

  async function open(
    { path }: SpooledFile,
    upload: UploadProgress,
    named: Format | undefined,
  ): Promise<UsageSource> {
    const format = await usageFormatOf(path, upload.name, named);
    return openUsage(path, format, optionsOf(upload), threads);
  }

  function optionsOf({ name }: UploadProgress): ParseOptions {
    return {
      file: name,
      zone,
      sourceName,
      // The engine tells repeated records, over all files; an index for one would grow with it.
      repetitions: () => NO_REPETITIONS,
      sha256: (bytes) => hash("sha256", bytes),
    };
  }
}

/** Gets a file into the spool. */
type Receive = (early: EarlyLook) => Promise<SpooledFile>;

/** Of whoever was answered before all was sent the rest is read and dropped, so that the answer is heard; for a while. */
function endSoon(request: Request): void {
  if (request.complete) return;
  request.resume();
  const end = () => request.destroy();
  const timer = setTimeout(end, HEARD_MILLISECONDS).unref();
  // Once it is answered nobody tells a request that its connection is gone.
  request.socket.once("close", () => {
    clearTimeout(timer);
    end();
  });
}

/** @throws HttpError `http.turn` */
function turnName(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && TURN_NAME.test(given)) return given;
  throw new HttpError(
    400,
    "http.turn",
    '"turn" and "after" are names of 1 to 64 letters, digits and hyphens.',
  );
}
