import { createHmac } from "node:crypto";
import type { NumberedNotice } from "../core/charging/charging-state.ts";
import { TallystickError } from "../core/errors.ts";
import { type NoticeReceiver, noticesRefused } from "../engine/charging/deliver-notices.ts";

const TIMEOUT_MILLISECONDS = 10_000;

export interface WebhookOptions {
  url: string;
  secret: string;
  /** Milliseconds since 1970 UTC. */
  now: () => number;
}

/**
 * POSTs notices to a URL, signed: `Tallystick-Signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256
 * of `SECONDS.BODY` under the shared secret. An answer of 2xx takes them over; nothing is followed.
 */
export function noticeWebhook({ url, secret, now }: WebhookOptions): NoticeReceiver {
  return async (notices, stopping) => {
    const body = JSON.stringify({ notices: notices.map(written) });
    const signature = signatureOf(body, secret, Math.floor(now() / 1000));
    const response = await post(url, body, signature, stopping);
    await response.body?.cancel();
    if (!response.ok) throw noticesRefused(response.status);
  };
}

export function signatureOf(body: string, secret: string, seconds: number): string {
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${mac}`;
}

const written = ({ at, ...notice }: NumberedNotice): object => ({
  ...notice,
  at: new Date(at).toISOString(),
});

async function post(
  url: string,
  body: string,
  signature: string,
  stopping: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "tallystick-signature": signature },
      body,
      redirect: "manual",
      signal: AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
    });
  } catch (cause) {
    throw new TallystickError(
      "webhook.unreachable",
      "The receiver of notices can not be reached; it is asked again later.",
      {},
      cause,
    );
  }
}
