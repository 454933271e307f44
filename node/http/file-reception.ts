import { rm } from "node:fs/promises";
import type { Request, Response } from "express";
import type { EarlyLook } from "./early-look.ts";
import type { Spool } from "./spool.ts";
import type { SpooledFile } from "./spooled-file.ts";
import { type PaceBounds, UploadPace } from "./upload-pace.ts";

export interface FileReceptionParts {
  spool: Spool;
  /** What has to come while others wait. */
  leastPace: PaceBounds;
  isWaitedFor: () => boolean;
}

/** How a file comes into the spool, looked at as far as it is there. */
export class FileReception {
  readonly #parts: FileReceptionParts;

  constructor(parts: FileReceptionParts) {
    this.#parts = parts;
  }

  /** Its bytes. @throws HttpError `ingest.too-slow`; as `Spool.receive` and `EarlyLook.reach` */
  receive(request: Request, early: EarlyLook): Promise<SpooledFile> {
    const { spool } = this.#parts;
    return this.#keepingPace((pace) =>
      spool.receive(pace.of(chunksOf(request)), (path, bytes) => early.reach(path, bytes)),
    );
  }

  /**
   * What is told of it, while a command lays it down.
   * @throws HttpError `ingest.too-slow`; as `LaidFiles` and `EarlyLook.reach`
   */
  async follow(
    name: string,
    request: Request,
    response: Response,
    early: EarlyLook,
  ): Promise<SpooledFile> {
    const { laid } = this.#parts.spool;
    const path = await laid.claim(name);
    // Nobody writes to the disk who only waits for a place, or further ahead than was looked.
    const goOn = () => sayAtIt(response);
    goOn();
    let before = 0;
    return this.#keepingPace((pace) => {
      const onWritten = (bytes: number) => {
        pace.count(bytes - before);
        before = bytes;
        early.reach(path, bytes);
      };
      return laid.follow(path, chunksOf(request), onWritten, goOn);
    });
  }

  async #keepingPace(receive: (pace: UploadPace) => Promise<SpooledFile>): Promise<SpooledFile> {
    const pace = new UploadPace(this.#parts.leastPace, this.#parts.isWaitedFor);
    const received = receive(pace);
    try {
      return await Promise.race([received, pace.lost]);
    } catch (error) {
      // What comes all the same, after its sender was refused, is nobody's.
      received.then(({ path }) => rm(path, { force: true })).catch(() => {});
      throw error;
    } finally {
      pace.end();
    }
  }
}

/** Status 102; to HTTP/1.0 nothing may be said before the answer (RFC 9110, section 15.2). */
export function sayAtIt(response: Response): void {
  if (response.req.httpVersion !== "1.0") response.writeProcessing();
}

/** Whoever is refused hears why: ending the iteration is not to end the connection. */
const chunksOf = (request: Request) => request.iterator({ destroyOnReturn: false });
