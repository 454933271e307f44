import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { readPieces } from "../adapters/files.ts";
import type { TallystickError } from "../core/errors.ts";
import type { IngestedFile } from "../engine/store/stored-types.ts";
import { Announcements } from "./announcements.ts";
import { tellIntake } from "./intake-progress.ts";
import { LaidFile } from "./laid-file.ts";
import type { NodeClient } from "./node-client.ts";
import type { Output } from "./output.ts";
import { PROGRESS_MS } from "./told-progress.ts";

/** What the node answers once it took a file in. */
export type Taken = IngestedFile & { already: boolean };

/** A file on its way to the node, and what the node makes of it. */
export interface Upload {
  turn: string;
  /** Resolved once the node has all of it, or will have no more. */
  sent: Promise<void>;
  taken: Promise<Taken>;
}

/** Where files are sent, and what is said of each. */
export interface Sending {
  node: NodeClient;
  output: Output;
  /** Their format, where it was named. */
  format?: string;
}

/** Sends a file once the one before is sent; the node takes it in after that one. */
export function beginBehind(
  before: Promise<Upload>,
  sending: Sending,
  file: string,
): Promise<Upload> {
  const upload = before.then(
    async ({ sent, turn }) => {
      await sent;
      return beginUpload(sending, file, turn);
    },
    () => beginUpload(sending, file),
  );
  // Who fails is told when it is waited for.
  upload.catch(() => {});
  return upload;
}

/** @param after the turn of the upload that the node is to take in before this one */
export async function beginUpload(
  { node, output, format }: Sending,
  file: string,
  after?: string,
): Promise<Upload> {
  const turn = randomUUID();
  const name = file === "-" ? "standard input" : basename(file);
  const size = file === "-" ? undefined : (await stat(file)).size;
  const query = {
    name,
    turn,
    ...(after === undefined ? {} : { after }),
    ...(format === undefined ? {} : { format }),
  };
  let end = () => {};
  let onSent = () => {};
  const sent = new Promise<void>((resolve) => {
    onSent = resolve;
  });
  const pieces = () => telling(readPieces(file), name, size, output);
  const path = `/v1/operator/usage?${new URLSearchParams(query)}`;
  async function* thenTell(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* chunks;
    end();
    end = tellIntake(node, name, output);
    onSent();
  }
  const send = () => node.upload(path, thenTell(pieces()));
  async function lay(laid: LaidFile) {
    const announced = new Announcements();
    try {
      const words = thenTell(laid.lay(pieces(), announced));
      return await node.tell(`${path}&laid=${laid.name}`, words, announced);
    } catch (error) {
      if ((error as TallystickError).code !== "ingest.not-laid") throw error;
    } finally {
      await laid.close();
    }
    // Its spool is another folder than the one of that name here.
    return send();
  }
  const laid = await LaidFile.open(node, size);
  const taken = (laid === undefined ? send() : lay(laid))
    .then(({ body }) => body as unknown as Taken)
    .finally(() => {
      end();
      onSent();
    });
  taken.catch(() => {});
  return { turn, sent, taken };
}

/** Passes the bytes on and says now and then how far they are. */
async function* telling(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  size: number | undefined,
  output: Output,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  const began = Date.now();
  let told = began;
  const megabytes = (octets: number) => `${Math.floor(octets / 1_000_000)} MB`;
  for await (const chunk of chunks) {
    yield chunk;
    sent += chunk.length;
    if (Date.now() - told < PROGRESS_MS) continue;
    told = Date.now();
    const perSecond = (1000 * sent) / (told - began);
    const left = size === undefined ? "" : `, ${Math.ceil((size - sent) / perSecond)} s left`;
    output.remark(
      `${name}: ${megabytes(sent)}${size === undefined ? "" : ` of ${megabytes(size)}`} sent, ${megabytes(perSecond)} a second${left}`,
    );
  }
}
