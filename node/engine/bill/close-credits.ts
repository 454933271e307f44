import { fromHex } from "../../core/bytes.ts";
import { CREDIT_REASON } from "../../core/commitment/charge-groups.ts";
import { numberCharge } from "../number/number-charge.ts";
import type { EngineContext } from "../operator.ts";
import { below } from "../store/key-spaces.ts";
import { type PlacedCharge, readOwnedCharges } from "../store/read-charges.ts";
import type { StoreSession } from "../store/store-session.ts";
import { scanJson } from "../store/stored-json.ts";
import { billingEpoch, epochBefore } from "./billing-epoch.ts";
import { type ClosingCredits, closingEntry } from "./closing-lines.ts";

/** Accounts whose credits are numbered in one write. */
const UNIT_ACCOUNTS = 1_024;

/**
 * The next accounts' credits, whose charges are on the ledger.
 * @returns whether there were any
 */
export async function creditSome(step: CreditingStep): Promise<boolean> {
  const { context, session, epoch } = step;
  const range = { ...below(`closing-credits/${epoch}/`), limit: UNIT_ACCOUNTS };
  let isAny = false;
  for await (const { key, value } of scanJson<ClosingCredits>(context.store, range)) {
    await writeCredits(step, value);
    session.delete(key);
    isAny = true;
  }
  return isAny;
}

/** A charge, and what no credit has taken off it yet. */
interface Creditable extends PlacedCharge {
  leftNano: bigint;
}

interface CreditingStep {
  context: EngineContext;
  session: StoreSession;
  epoch: string;
}

/**
 * A reduction is credited to the largest charges, each at most by what earlier credits left of it. An
 * account whose charges were given back already gets no more than they asked.
 */
async function writeCredits(step: CreditingStep, credits: ClosingCredits): Promise<void> {
  const { context, session, epoch } = step;
  const { account, period, lines } = credits;
  const { creditBook } = context.profile.agreement;
  const charges = await creditables(step, credits);
  let at = 0;
  for (const line of lines) {
    let left = BigInt(line.amountNano);
    for (const charge of charges) {
      const amountNano = left < charge.leftNano ? left : charge.leftNano;
      if (amountNano === 0n) continue;
      charge.leftNano -= amountNano;
      left -= amountNano;
      await numberCharge(session, context, creditBook, {
        ...closingEntry({ account, epoch, period }, `C${at++}`),
        device: line.name,
        amountNano,
        third: {
          kind: "credit",
          group: {
            targetDomain: fromHex(charge.domain, 20),
            targetSequence: charge.sequence,
            targetIndex: charge.leafIndex,
            reason: CREDIT_REASON.goodwill,
            claim: new Uint8Array(32),
          },
        },
        components: [{ kind: "credit", name: line.name, amountNano: amountNano.toString() }],
      });
    }
  }
}

/** Charges on the ledger, the largest first, with what earlier credits left of them. */
async function creditables(
  { context, epoch }: CreditingStep,
  { account, period }: ClosingCredits,
): Promise<Creditable[]> {
  const { store, profile } = context;
  const { chargeBook, creditBook } = profile.agreement;
  const { fromMilliseconds } = billingEpoch(epoch, profile.zone);
  const epochs = [epoch, ...(period.from < fromMilliseconds ? [epochBefore(epoch)] : [])];
  const charges: Creditable[] = [];
  const credited = new Map<string, bigint>();
  for (const of of epochs) {
    for (const one of await readOwnedCharges(store, account, of, chargeBook)) {
      charges.push({ ...one, leftNano: BigInt(one.charge.amountNano) });
    }
  }
  for await (const { key } of store.scan(below(`epoch/${account}/`))) {
    const [, , of = "", domain] = key.split("/");
    if (domain !== creditBook) continue;
    for (const { charge } of await readOwnedCharges(store, account, of, creditBook)) {
      const { credit } = charge.opened;
      if (credit === undefined) continue;
      const place = `${credit.targetSequence}/${credit.targetIndex}`;
      credited.set(place, (credited.get(place) ?? 0n) + BigInt(charge.amountNano));
    }
  }
  for (const one of charges) {
    const taken = credited.get(`${one.sequence}/${one.leafIndex}`) ?? 0n;
    one.leftNano = taken < one.leftNano ? one.leftNano - taken : 0n;
  }
  return charges
    .filter(({ leftNano }) => leftNano > 0n)
    .sort((a, b) => (a.leftNano > b.leftNano ? -1 : a.leftNano < b.leftNano ? 1 : 0));
}
