import type { ClientRequest, IncomingMessage } from "node:http";
import { http, https } from "../adapters/builtin-http.ts";
import { type Place, TallystickError } from "../core/errors.ts";
import type { Announcements } from "./announcements.ts";
import { ServiceError } from "./output.ts";

export interface NodeAnswer {
  status: number;
  body: Record<string, unknown>;
  /** Said before it, that the node is at it (102); what stands in between may keep that back. */
  wasAnnounced?: true;
}

const ANSWER_BYTES_MAX = 1024 * 1024 * 1024;
/** Statuses of a request that the node understood and could not use: the input is at fault. */
const UNUSABLE = [400, 404, 410, 413, 422];

/** One operator's node over HTTP, with a token of its operator or of a subscriber. */
export class NodeClient {
  readonly url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  get(path: string): Promise<NodeAnswer> {
    return this.#ask("GET", path);
  }

  send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<NodeAnswer> {
    return body === undefined
      ? this.#ask(method, path)
      : this.#ask(method, path, "application/json", [Buffer.from(JSON.stringify(body))]);
  }

  /** Streams a body of any length; memory does not grow with it. A chunk is done with when the next one is asked for. */
  upload(path: string, chunks: AsyncIterable<Uint8Array>): Promise<NodeAnswer> {
    return ofFile(this.#ask("POST", path, "application/octet-stream", chunks));
  }

  /**
   * The same of lines of JSON, the first of which is asked for when the node says that it is at it (102).
   * @param announced told each time that it says so
   */
  tell(
    path: string,
    lines: AsyncIterable<Uint8Array>,
    announced: Announcements,
  ): Promise<NodeAnswer> {
    return ofFile(this.#ask("POST", path, "application/x-ndjson", lines, announced));
  }

  /** Whether it is asked for on this machine; what answers there may still be a node somewhere else. */
  get isNamedLocally(): boolean {
    const { hostname } = new URL(this.url);
    return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
  }

  /**
   * @throws ServiceError `node.unreachable`, and with the node's own code when it refused;
   *   TallystickError with the node's own code when what was sent is unusable
   */
  async #ask(
    method: string,
    path: string,
    type?: string,
    chunks?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    announced?: Announcements,
  ): Promise<NodeAnswer> {
    const { status, text, ...how } = await this.#exchange(method, path, type, chunks, announced);
    const body = parse(text);
    if (status >= 200 && status < 300 && body !== undefined) return { status, body, ...how };
    const told = Object(body?.error) as Record<string, unknown>;
    const code = typeof told.code === "string" ? told.code : "node.answer-unexpected";
    const message =
      typeof told.message === "string"
        ? told.message
        : `${this.url} gave an answer that is not a Tallystick node's (status ${status}). Check --node.`;
    // A balance or a session that does not allow what was asked is no fault of the service.
    const isRefusal = UNUSABLE.includes(status) || (status === 409 && /^charging\./.test(code));
    throw isRefusal && typeof told.code === "string"
      ? new TallystickError(code, message, placeOf(told))
      : new ServiceError(code, message, placeOf(told));
  }

  // Not fetch: its wait for an answer ends after five minutes, and a large file takes longer.
  async #exchange(
    method: string,
    path: string,
    type: string | undefined,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined,
    announced: Announcements | undefined,
  ): Promise<{ status: number; text: string; wasAnnounced?: true }> {
    const target = new URL(`${this.url}${path}`);
    const open = target.protocol === "https:" ? https().request : http.request;
    const call = open(target, {
      method,
      // A connection of its own: one that is kept is closed by the node after some seconds, maybe just now.
      agent: false,
      headers: {
        // Who says that it closes is cut off, with the answer on its way, when it is refused while it sends.
        connection: "keep-alive",
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(type === undefined ? {} : { "content-type": type }),
      },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      call.once("response", resolve);
      call.once("error", reject);
      // Of what answers that it now speaks something else (101) there is neither.
      call.once("close", () => reject(new Error("the connection was closed without an answer")));
    });
    answered.catch(() => {});
    let how: { wasAnnounced?: true } = {};
    call.once("information", () => {
      how = { wasAnnounced: true };
    });
    try {
      let isAnswered = false;
      call.once("response", () => {
        isAnswered = true;
      });
      if (announced !== undefined) await firstOf(announced, call);
      const goesOn = () => !call.destroyed && !isAnswered;
      for await (const chunk of goesOn() ? (chunks ?? []) : []) {
        if (!goesOn()) break;
        await written(call, chunk);
      }
    } catch (error) {
      call.destroy();
      throw error;
    }
    call.end();
    try {
      return { ...(await readAnswer(await answered)), ...how };
    } catch (cause) {
      throw new ServiceError(
        "node.unreachable",
        `The node at ${this.url} does not answer. Start it (npm start), or name another one with --node.`,
        {},
        cause,
      );
    } finally {
      call.destroy();
    }
  }
}

/** Resolved once the node says that it is at the request, or answered it, or is gone. */
function firstOf(announced: Announcements, call: ClientRequest): Promise<void> {
  call.on("information", () => announced.add());
  for (const event of ["response", "error", "close"]) call.once(event, () => announced.end());
  call.flushHeaders();
  return announced.reach(1);
}

/**
 * Resolved once the chunk's memory may be used again. A node that answers early (refusing) ends the wait
 * too: it gets no more.
 */
function written(call: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off("close", done).off("response", done);
      resolve();
    };
    call.once("close", done).once("response", done);
    // Why it could not be written is told by the call itself.
    call.write(chunk, done);
  });
}

const isAway = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && error.code === "node.unreachable";

/** What is said of a file whose node is gone: more than of other requests. */
const ofFile = (asked: Promise<NodeAnswer>): Promise<NodeAnswer> =>
  asked.catch((error: unknown) => {
    throw isAway(error) ? maySendAgain(error) : error;
  });

/** Each block of a file is durable together with its place in it, and each record's key is known. */
const maySendAgain = ({ code, message, place, cause }: ServiceError): ServiceError =>
  new ServiceError(
    code,
    `${message} Then send the file again: what the node took in of it is kept, and nothing is charged twice.`,
    place,
    cause,
  );

async function readAnswer(answer: IncomingMessage): Promise<{ status: number; text: string }> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer) {
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error("the answer does not end");
    parts.push(part);
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Where the node says that an input went wrong. */
function placeOf({ file, line, byte, field }: Record<string, unknown>): Place {
  return {
    ...(typeof file === "string" ? { file } : {}),
    ...(typeof line === "number" ? { line } : {}),
    ...(typeof byte === "number" ? { byte } : {}),
    ...(typeof field === "string" ? { field } : {}),
  };
}
