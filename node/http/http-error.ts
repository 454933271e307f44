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
  "bill.charges-pending": 409,
  "bill.earlier-period-open": 409,
  "commit.refused": 409,
  "store.value-damaged": 500,
  "evidence.nothing": 404,
  "account.unknown": 404,
  "claim.unknown": 404,
  "claim.not-concedable": 409,
  "store.write-failed": 507,
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

/** Answers every error as {"error":{code,message}}; what is not ours is told without details. */
export function errorHandler(onInternal: (error: unknown) => void): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof TallystickError) {
      const status =
        error instanceof HttpError ? error.status : (STATUS_BY_CODE[error.code] ?? 422);
      response.status(status).json({ error: error.toJSON() });
      return;
    }
    const bodyError = error as { type?: string; status?: number };
    if (bodyError.type !== undefined && bodyError.status !== undefined && bodyError.status < 500) {
      response.status(bodyError.status).json({
        error: { code: `http.${bodyError.type}`, message: "The body of the request is unusable." },
      });
      return;
    }
    onInternal(error);
    response
      .status(500)
      .json({ error: { code: "internal", message: "Something went wrong inside the node." } });
  };
}

export const noSuch = (what: string): HttpError =>
  new HttpError(404, "http.not-found", `There is no such ${what}.`);
