import type { ErrorRequestHandler, RequestHandler } from "express";
import { TallystickError } from "../core/errors.ts";

/** An error with the HTTP status that a client should see. */
export class HttpError extends TallystickError {
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(code, message);
    this.status = status;
  }
}

/** Codes of the engine whose status is not "the request was unusable". */
const STATUS_BY_CODE: Record<string, number> = {
  "ledger.unreachable": 503,
  "ledger.refused": 409,
  "bill.period-open": 409,
  "bill.running": 409,
  "bill.other-run-open": 409,
  "bill.interrupted": 503,
  "fsck.interrupted": 503,
  "bill.charges-pending": 409,
  "bill.earlier-period-open": 409,
  "commit.refused": 409,
  "correction.unknown": 404,
  "correction.not-sealed": 409,
  "store.value-damaged": 500,
  "evidence.nothing": 404,
  "evidence.retention-over": 410,
  "publish.not-billed": 409,
  "publish.not-final": 409,
  "publish.not-written": 507,
  "publish.not-erased": 507,
  "account.unknown": 404,
  "claim.unknown": 404,
  "claim.not-concedable": 409,
  "store.write-failed": 507,
  "store.unavailable": 503,
  "store.removed": 503,
  "store.read-failed": 503,
  "store.corrupt": 500,
  "spool.write-failed": 507,
  "disk.nearly-full": 507,
  "disk.unavailable": 503,
  "outbox.full": 503,
  "outbox.key-reused": 409,
  "charging.account-unknown": 404,
  "charging.session-unknown": 404,
  "charging.session-exists": 409,
  "charging.session-closed": 409,
  "charging.session-open": 409,
  "charging.request-differs": 409,
  "charging.request-too-old": 409,
  "charging.payment-differs": 409,
  "charging.balance-too-low": 409,
  "charging.log-failed": 507,
};

export const notFound: RequestHandler = (request) => {
  throw new HttpError(404, "http.not-found", `There is no ${request.method} ${request.path} here.`);
};

/** What an error is answered with; what is not ours is told without details. */
export function answerOfError(
  error: unknown,
  onInternal: (error: unknown) => void,
): { status: number; said: { error: object } } {
  if (error instanceof TallystickError) {
    const status = error instanceof HttpError ? error.status : (STATUS_BY_CODE[error.code] ?? 422);
    return { status, said: { error: error.toJSON() } };
  }
  onInternal(error);
  const said = { error: { code: "internal", message: "Something went wrong inside the node." } };
  return { status: 500, said };
}

/** Answers every error as {"error":{code,message}}. */
export function errorHandler(onInternal: (error: unknown) => void): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const bodyError = error as { type?: string; status?: number };
    const isOfBody = !(error instanceof TallystickError) && bodyError.type !== undefined;
    if (isOfBody && bodyError.status !== undefined && bodyError.status < 500) {
      response.status(bodyError.status).json({
        error: { code: `http.${bodyError.type}`, message: "The body of the request is unusable." },
      });
      return;
    }
    const { status, said } = answerOfError(error, onInternal);
    response.status(status).json(said);
  };
}

export const noSuch = (what: string): HttpError =>
  new HttpError(404, "http.not-found", `There is no such ${what}.`);
