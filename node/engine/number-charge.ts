import { fromHex } from "../core/bytes.ts";
import {
  accountGroupDigest,
  type ChargeGroup,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  type PartyGroup,
  partyGroupDigest,
} from "../core/commitment/charge-groups.ts";
import { chargeLeaf } from "../core/commitment/leaf.ts";
import { deviceTag, recordSalts, sourceTag } from "../core/commitment/secrets.ts";
import { assert } from "../core/errors.ts";
import {
  accountFromJson,
  accountToJson,
  chargeFromJson,
  chargeToJson,
  creditFromJson,
  creditToJson,
  partyFromJson,
  partyToJson,
} from "../core/evidence/group-json.ts";
import { trafficMonth } from "./billing-epoch.ts";
import { keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import type { StoreSession } from "./store-session.ts";
import type { BookState, StoredCharge } from "./stored-types.ts";
import { openKey, openSubscriberEpoch } from "./subscriber-epoch.ts";

/** A priced fact, before it has its number, its salts and its place. */
export interface UnnumberedCharge {
  recordId: string;
  revision: number;
  account: string;
  epoch: string;
  device: string;
  amountNano: bigint;
  startMilliseconds: number;
  party: (salt: Uint8Array) => { group: Omit<PartyGroup, "salt">; text?: string };
  /** The third group: of a charge, or in a book of credits of a credit. */
  third:
    | { kind: "charge"; group: Omit<ChargeGroup, "salt"> }
    | { kind: "credit"; group: Omit<CreditGroup, "salt"> };
  components: unknown[];
  usage?: StoredCharge["usage"];
}

/**
 * Gives a charge its gap-free number and running total, its salts and tags, and appends it to the
 * charges that wait for the book's next batch. Number, totals and charge are one unit of work.
 */
export async function numberCharge(
  session: StoreSession,
  context: EngineContext,
  domain: string,
  priced: UnnumberedCharge,
): Promise<StoredCharge> {
  const book = await session.get<BookState>(keys.book(domain));
  assert(book !== undefined, `book ${domain} is open`);
  const epoch = await openSubscriberEpoch(
    session,
    context.random,
    priced.account,
    priced.epoch,
    book.domain,
  );
  const epochKey = fromHex(epoch.epochKey, 32);
  const salts = recordSalts(epochKey, priced.recordId, priced.revision);
  const month = trafficMonth(priced.startMilliseconds);
  const monthKey = await openKey(session, context.random, keys.monthKey(domain, month));
  const chargeNumber = BigInt(epoch.lastChargeNumber) + 1n;
  const runningTotalNano = BigInt(epoch.runningTotalNano) + priced.amountNano;
  const { group: party, text } = priced.party(salts.party);
  const charge: StoredCharge = {
    recordId: priced.recordId,
    revision: priced.revision,
    account: priced.account,
    epoch: priced.epoch,
    device: priced.device,
    amountNano: priced.amountNano.toString(),
    opened: {
      account: accountToJson({
        salt: salts.account,
        pseudonym: fromHex(epoch.pseudonym, 32),
        chargeNumber,
        runningTotalNano,
        sourceTag: sourceTag(monthKey, context.profile.sourceRole, priced.recordId),
        deviceTag: deviceTag(epochKey, priced.device),
      }),
      party: partyToJson({ salt: salts.party, ...party }, text),
      ...(priced.third.kind === "charge"
        ? { charge: chargeToJson({ salt: salts.charge, ...priced.third.group }) }
        : { credit: creditToJson({ salt: salts.charge, ...priced.third.group }) }),
    },
    components: priced.components,
    ...(priced.usage === undefined ? {} : { usage: priced.usage }),
  };
  session.put(keys.epoch(priced.account, priced.epoch, domain), {
    ...epoch,
    lastChargeNumber: chargeNumber.toString(),
    runningTotalNano: runningTotalNano.toString(),
  });
  appendPending(session, book, charge);
  return charge;
}

export function appendPending(session: StoreSession, book: BookState, entry: unknown): void {
  const number = BigInt(book.pendingNext);
  session.put(keys.pending(book.domain, number), entry);
  session.put(keys.book(book.domain), { ...book, pendingNext: (number + 1n).toString() });
}

/** The leaf of a stored charge or credit, always computed from what opens it. */
export function leafOfStoredCharge(domain: Uint8Array, charge: StoredCharge): Uint8Array {
  const { account, party, charge: chargeGroup, credit } = charge.opened;
  assert((chargeGroup === undefined) !== (credit === undefined), "one third group");
  return chargeLeaf(
    domain,
    {
      account: accountGroupDigest(accountFromJson(account)),
      party: partyGroupDigest(partyFromJson(party)),
      charge:
        chargeGroup === undefined
          ? creditGroupDigest(creditFromJson(credit as NonNullable<typeof credit>))
          : chargeGroupDigest(chargeFromJson(chargeGroup)),
    },
    BigInt(charge.amountNano),
  );
}
