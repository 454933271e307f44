import type { EngineContext } from "../operator.ts";
import type { StoreSession } from "../store/store-session.ts";
import { lastClosing } from "./bill-state.ts";
import { epochAfter, epochOfInstant } from "./billing-epoch.ts";

/** The month whose bill is open for what comes now: this one, or the one behind the last that was closed. */
export async function openEpoch(
  { profile, time }: EngineContext,
  session: StoreSession,
): Promise<string> {
  const current = epochOfInstant(Number(await time.seconds()) * 1000, profile.zone);
  const closed = await lastClosing(session);
  return closed !== undefined && current <= closed ? epochAfter(closed) : current;
}
