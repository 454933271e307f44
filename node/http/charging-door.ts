import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { requireOperator } from "./access.ts";
import { answerOfError, HttpError } from "./http-error.ts";
import type { ChargingRoutesParts } from "./routes/charging-routes.ts";
import { SessionRequests } from "./session-requests.ts";
import { parseStrictBody } from "./strict-body.ts";

const PLACE = /^\/v1\/charging\/sessions\/([!"$&-.0->@-~]+)\/requests\/(\d+)$/;
const ROUTE = "/v1/charging/sessions/:session/requests/:number";
/** A request takes a few hundred bytes; what is larger goes the ordinary way. */
const BODY_BYTES_MAX = 64 * 1024;

/** Told of each answer, as of those that go through Express. */
export type Observe = (method: string, route: string, status: number, seconds: number) => void;

/**
 * Sessions' requests are answered before Express: its layers take more of the processor than the
 * request itself, and thousands of them come in a second. What they are, who may ask and what is
 * answered is the same; whatever has an unusual form (an escaped name, a large or compressed body)
 * goes on to Express, which has the route too.
 */
export function withChargingDoor(
  app: RequestListener,
  { charging, token, isEdge = false }: ChargingRoutesParts,
  onInternal: (error: unknown) => void,
  observe: Observe = () => {},
): RequestListener {
  const sessions = new SessionRequests(charging, isEdge);

  const answer = async (request: IncomingMessage, response: ServerResponse, place: string[]) => {
    const began = performance.now();
    let [status, said]: [number, object] = [200, {}];
    try {
      requireOperator(request, token);
      said = await sessions.answer(
        place[1],
        place[2],
        parseStrictBody((await bodyOf(request)).toString("utf8")),
      );
    } catch (error) {
      ({ status, said } = answerOfError(error, onInternal));
    }
    observe("PUT", ROUTE, status, (performance.now() - began) / 1000);
    if (response.destroyed) return;
    const body = JSON.stringify(said);
    response.writeHead(status, [...HEADERS, "content-length", String(Buffer.byteLength(body))]);
    response.end(body);
  };

  return (request, response) => {
    const place = isOrdinary(request) ? PLACE.exec(request.url ?? "") : null;
    if (place === null) app(request, response);
    else void answer(request, response, place);
  };
}

const HEADERS = [
  ["content-type", "application/json; charset=utf-8"],
  ["cache-control", "no-store"],
  ["x-content-type-options", "nosniff"],
].flat();

function isOrdinary({ method, headers }: IncomingMessage): boolean {
  const length = Number(headers["content-length"]);
  return (
    method === "PUT" &&
    headers["content-type"] === "application/json" &&
    headers["content-encoding"] === undefined &&
    length > 0 &&
    length <= BODY_BYTES_MAX
  );
}

/** The parser lets no more through than was announced. */
function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () =>
      resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)),
    );
    request.on("error", reject);
    request.on("aborted", () =>
      reject(new HttpError(400, "http.request.aborted", "The request broke off.")),
    );
  });
}
