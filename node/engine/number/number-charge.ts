import { fromHex, type Hex } from "../../core/bytes.ts";
import type { BatchLeaf } from "../../core/commitment/batch-commitment.ts";
import {
  accountGroupDigest,
  type ChargeGroup,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  type PartyGroup,
  partyGroupDigest,
} from "../../core/commitment/charge-groups.ts";
import { chargeLeaf } from "../../core/commitment/leaf.ts";
import {
  deviceTag,
  recordSalts,
  type SourceRole,
  sourceTag,
} from "../../core/commitment/secrets.ts";
import { assert } from "../../core/errors.ts";
import {
  accountFromJson,
  accountToJson,
  chargeFromJson,
  chargeToJson,
  creditFromJson,
  creditToJson,
  partyFromJson,
  partyToJson,
} from "../../core/evidence/group-json.ts";
import { trafficMonth } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { LooseEntry } from "../store/stored-rows.ts";
import type { BookState, EpochState, OwnedPlaces, StoredCharge } from "../store/stored-types.ts";
import { LeafTile } from "./leaf-tile.ts";
import { NEWEST_PLACES_MAX } from "./stored-epoch.ts";
import { openKey, openSubscriberEpoch } from "./subscriber-epoch.ts";

const SOURCE_TAG_BYTES = 24;

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
  components?: unknown[];
  moves?: StoredCharge["moves"];
  usage?: StoredCharge["usage"];
}

/** Number and running total that a charge gets, and the secrets that its salts and tags come from. */
export interface ChargeFrame {
  epoch: EpochState;
  monthKey: Uint8Array;
  role: SourceRole;
  chargeNumber: bigint;
  runningTotalNano: bigint;
}

/**
 * Gives a single charge its gap-free number and running total, its salts and tags, and appends it to
 * the rows that wait for the book's next batch. Number, totals and charge are one unit of work.
 * Charges by the million go the other way, through `charge-writer.ts`.
 */
export async function numberCharge(
  session: StoreSession,
  context: EngineContext,
  domain: string,
  priced: UnnumberedCharge,
  { role = context.profile.sourceRole, tiles }: NumberingOptions = {},
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
  const month = trafficMonth(priced.startMilliseconds);
  const monthKey = await openKey(session, context.random, keys.monthKey(domain, month));
  const chargeNumber = BigInt(epoch.lastChargeNumber) + 1n;
  const runningTotalNano = BigInt(epoch.runningTotalNano) + priced.amountNano;
  const frame = { epoch, monthKey, role, chargeNumber, runningTotalNano };
  const { charge, leaf } = openCharge(fromHex(domain, 20), priced, frame);
  const position = appendEntry(session, book, charge, leaf, tiles);
  let places: OwnedPlaces = [...(epoch.places ?? []), Number(position), 0];
  if (places.length > 2 * NEWEST_PLACES_MAX) {
    const first = chargeNumber - BigInt(places.length / 2 - 1);
    session.put(keys.owned(priced.account, priced.epoch, domain, first), places);
    places = [];
  }
  session.put(keys.epoch(priced.account, priced.epoch, domain), {
    ...epoch,
    lastChargeNumber: chargeNumber.toString(),
    runningTotalNano: runningTotalNano.toString(),
    places,
  } satisfies EpochState);
  return charge;
}

/** A priced fact with all that opens it, and its leaf: what `leafOf` computes of the stored charge. */
export function openCharge(
  domain: Uint8Array,
  priced: UnnumberedCharge,
  frame: ChargeFrame,
): { charge: StoredCharge; leaf: BatchLeaf } {
  const epochKey = fromHex(frame.epoch.epochKey, 32);
  const salts = recordSalts(epochKey, priced.recordId, priced.revision);
  const { group: partyFields, text } = priced.party(salts.party);
  const account = {
    salt: salts.account,
    pseudonym: fromHex(frame.epoch.pseudonym, 32),
    chargeNumber: frame.chargeNumber,
    runningTotalNano: frame.runningTotalNano,
    // A corrected record's source is charged already: the same tag again would be a breach.
    sourceTag:
      priced.revision === 0
        ? sourceTag(frame.monthKey, frame.role, priced.recordId)
        : new Uint8Array(SOURCE_TAG_BYTES),
    deviceTag: deviceTag(epochKey, priced.device),
  };
  const party = { salt: salts.party, ...partyFields };
  const third = thirdGroup(salts.charge, priced.third);
  const charge: StoredCharge = {
    recordId: priced.recordId,
    revision: priced.revision,
    account: priced.account,
    epoch: priced.epoch,
    device: priced.device,
    amountNano: priced.amountNano.toString(),
    opened: {
      account: accountToJson(account),
      party: partyToJson(party, text),
      ...third.opened,
    },
    ...(priced.components === undefined ? {} : { components: priced.components }),
    ...(priced.moves === undefined ? {} : { moves: priced.moves }),
    ...(priced.usage === undefined ? {} : { usage: priced.usage }),
  };
  const digests = {
    account: accountGroupDigest(account),
    party: partyGroupDigest(party),
    charge: third.digest,
  };
  const { amountNano } = priced;
  const leaf = chargeLeaf(domain, digests, amountNano);
  return { charge, leaf: { leaf, amountNano, start: third.start } };
}

function thirdGroup(salt: Uint8Array, third: UnnumberedCharge["third"]) {
  if (third.kind === "charge") {
    const group = { salt, ...third.group };
    const digest = chargeGroupDigest(group);
    return { opened: { charge: chargeToJson(group) }, digest, start: group.start };
  }
  const group = { salt, ...third.group };
  return { opened: { credit: creditToJson(group) }, digest: creditGroupDigest(group), start: 0n };
}

/**
 * The leaves of entries that one unit of work appends to a book one after the other: stored as one tile.
 */
export class TileRun {
  #first: { domain: Hex; position: bigint } | undefined;
  readonly #leaves: BatchLeaf[] = [];

  add(domain: Hex, position: bigint, leaf: BatchLeaf): void {
    this.#first ??= { domain, position };
    const follows = this.#first.position + BigInt(this.#leaves.length);
    assert(domain === this.#first.domain && position === follows, "entries follow each other");
    this.#leaves.push(leaf);
  }

  /** With the rows that it is of. */
  put(session: StoreSession): void {
    if (this.#first === undefined) return;
    const { domain, position } = this.#first;
    session.putLasting(keys.leaves(domain, position), LeafTile.from(this.#leaves).encode());
  }
}

export interface NumberingOptions {
  role?: SourceRole;
  /** Takes the leaf; the caller puts it with the others of the unit. */
  tiles?: TileRun;
}

/** Appends one entry to a book, with the digest that its batch is sealed from. @returns its position */
export function appendEntry(
  session: StoreSession,
  book: BookState,
  entry: LooseEntry,
  leaf: BatchLeaf,
  tiles?: TileRun,
): bigint {
  const position = BigInt(book.pendingNext);
  session.put(keys.rows(book.domain, position), entry);
  const own = tiles ?? new TileRun();
  own.add(book.domain, position, leaf);
  if (tiles === undefined) own.put(session);
  session.put(keys.book(book.domain), { ...book, pendingNext: (position + 1n).toString() });
  return position;
}

export const leafOf = (domain: Uint8Array, charge: StoredCharge): BatchLeaf => ({
  leaf: leafOfStoredCharge(domain, charge),
  amountNano: BigInt(charge.amountNano),
  start: BigInt(charge.opened.charge?.start ?? 0),
});

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
