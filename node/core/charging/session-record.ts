import type { ChargingSession } from "./charging-session.ts";
import type { SessionRecord } from "./entry.ts";
import type { SessionPrice } from "./price-session.ts";

/** What a session is from its first request on. */
export type Opened = Pick<ChargingSession, "id" | "account" | "use" | "tariffVersion" | "period">;

export function sessionRecord(
  session: Opened,
  used: bigint,
  { rated }: SessionPrice,
  currency: string,
): SessionRecord {
  return {
    session: session.id,
    account: session.account,
    use: session.use,
    quantity: used.toString(),
    amountNano: rated.amountNano.toString(),
    currency,
    tariffVersion: session.tariffVersion,
    components: rated.components.map(
      ({ amountNano, quantity, billed, counterBefore, ...rest }) => ({
        ...rest,
        amountNano: amountNano.toString(),
        ...(quantity === undefined ? {} : { quantity: quantity.toString() }),
        ...(billed === undefined ? {} : { billed: billed.toString() }),
        ...(counterBefore === undefined ? {} : { counterBefore: counterBefore.toString() }),
      }),
    ),
  };
}
