import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { http, https } from "../adapters/builtin-http.ts";
import type { EdgeReport } from "../core/charging/settle-slice.ts";
import { TallystickError } from "../core/errors.ts";
import type { Centre, EdgeAnswer } from "../engine/charging/edge-settlement.ts";
import type { PublishedDocument } from "../engine/rate/tariff-shelf.ts";
import { readAnswer, readTariffs, toWire } from "./edge-shapes.ts";

const TIMEOUT_MILLISECONDS = 10_000;

/** The centre over HTTP, with its operator's token. */
export class HttpCentre implements Centre {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  async settle({ edge, ...report }: EdgeReport): Promise<EdgeAnswer> {
    const path = `/v1/charging/edges/${encodeURIComponent(edge)}/settlement`;
    return this.#answer("PUT", path, readAnswer, toWire(report));
  }

  /**
   * Versions of the tariff beyond this one.
   * @throws TallystickError `centre.unreachable`, or the centre's own code
   */
  tariffsAfter(version: number): Promise<PublishedDocument[]> {
    return this.#answer("GET", `/v1/charging/tariffs?after=${version}`, readTariffs);
  }

  async #answer<T>(
    method: "GET" | "PUT",
    path: string,
    read: (body: unknown) => T,
    text?: string,
  ): Promise<T> {
    let answer: { status: number; body: unknown };
    try {
      answer = await this.#ask(method, path, text);
      if (answer.status === 200) return read(answer.body);
    } catch (cause) {
      const message = "The centre does not answer; the edge goes on with what it holds.";
      throw new TallystickError("centre.unreachable", message, {}, cause);
    }
    const { error } = Object(answer.body) as { error?: { code?: string; message?: string } };
    const { code = "centre.refused", message = "The centre refused the report." } = error ?? {};
    throw new TallystickError(code, message);
  }

  /** Not fetch, whose client takes ten megabytes that an edge has better uses for. */
  async #ask(
    method: string,
    path: string,
    text?: string,
  ): Promise<{ status: number; body: unknown }> {
    const target = new URL(`${this.#url}${path}`);
    const open = target.protocol === "https:" ? https().request : http.request;
    const call = open(target, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    call.end(text);
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part);
    const body: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
    return { status: answer.statusCode ?? 0, body };
  }
}
