import { fromHex, toHex } from "../../core/bytes.ts";
import { deviceTag, recordSalts } from "../../core/commitment/secrets.ts";
import { isOver, readRetention } from "../retention/retention-state.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import { isBlock, type StoredRows, scanRows } from "../store/stored-rows.ts";
import type { BookState, EpochState, OwnedPlaces, StoredCharge } from "../store/stored-types.ts";
import type { StoreProblem } from "./check-store.ts";

interface Count {
  number: bigint;
  totalNano: bigint;
}

interface Step extends Count {
  account: string;
  epoch: string;
  amountNano: bigint;
}

/**
 * The numbers and running totals of every subscriber, book and billing epoch: from 1 without gaps to
 * the last that was given, each total the one before it plus the amount. One pass over all rows,
 * sealed or waiting, with one count a subscriber in memory.
 */
export async function checkNumbers(store: StoreReader): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const retention = await readRetention(store);
  const counts = new Map<string, Count>();
  for await (const { value: book } of scanJson<BookState>(store, below("book/"))) {
    const { domain, pendingNext } = book;
    for await (const stored of scanRows(store, domain, 1n, BigInt(pendingNext))) {
      for (const step of stepsOf(stored)) {
        const { account, epoch, amountNano, number, totalNano } = step;
        // The first ones of such a month may be gone.
        if (isOver(retention, epoch)) continue;
        const owner = `${account}/${epoch}/${domain}`;
        const before = counts.get(owner) ?? { number: 0n, totalNano: 0n };
        const next = { number: before.number + 1n, totalNano: before.totalNano + amountNano };
        counts.set(owner, next);
        if (number === next.number && totalNano === next.totalNano) continue;
        const message = `Charge ${number} of account ${account} in ${epoch} does not follow.`;
        problems.push({ code: "fsck.charge-numbers", book: domain, sequence: "-", message });
      }
    }
  }
  for await (const { key, value: state } of scanJson<EpochState>(store, below("epoch/"))) {
    const [, account = "", epoch = "", domain = ""] = key.split("/");
    if (isOver(retention, epoch)) continue;
    const owner = `${account}/${epoch}/${domain}`;
    const { number, totalNano } = counts.get(owner) ?? { number: 0n, totalNano: 0n };
    const newest = BigInt((state.places?.length ?? 0) / 2);
    const listed = newest + (await countListed(store, owner));
    const fits =
      BigInt(state.lastChargeNumber) === number && BigInt(state.runningTotalNano) === totalNano;
    if (fits && listed === number) continue;
    const message = `Account ${account} has ${number} charges in ${epoch}, ${listed} of them listed, and says ${state.lastChargeNumber}.`;
    problems.push({ code: "fsck.charge-numbers", book: domain, sequence: "-", message });
  }
  return problems;
}

function* stepsOf({ rows }: StoredRows): Generator<Step> {
  if (!isBlock(rows)) {
    if (!("opened" in rows)) return;
    const { chargeNumber, runningTotalNano } = rows.opened.account;
    yield {
      account: rows.account,
      epoch: rows.epoch,
      amountNano: BigInt(rows.amountNano),
      number: BigInt(chargeNumber),
      totalNano: BigInt(runningTotalNano),
    };
    return;
  }
  for (let row = 0; row < rows.count; row++) {
    const { account, epoch } = rows.owner(row);
    yield {
      account,
      epoch,
      amountNano: rows.wide.amountNano[row] as bigint,
      number: BigInt(rows.middle.chargeNumber[row] as number),
      totalNano: rows.wide.runningTotalNano[row] as bigint,
    };
  }
}

async function countListed(store: StoreReader, owner: string): Promise<bigint> {
  let places = 0;
  for await (const { value } of scanJson<OwnedPlaces>(store, below(`owned/${owner}/`))) {
    places += value.length / 2;
  }
  return BigInt(places);
}

/**
 * Whether the salts and the device tag of a charge follow from the record, the device and the epoch
 * key of the account that it names. Of an epoch whose key was erased nothing can be said.
 */
export async function isOpenedByItsEpoch(
  store: StoreReader,
  domain: string,
  charge: StoredCharge,
): Promise<boolean> {
  const at = keys.epoch(charge.account, charge.epoch, domain);
  const state = await getJson<EpochState>(store, at);
  if (state === undefined) return true;
  const epochKey = fromHex(state.epochKey, 32);
  const salts = recordSalts(epochKey, charge.recordId, charge.revision);
  const { account, party, charge: chargeGroup, credit } = charge.opened;
  return (
    account.salt === toHex(salts.account) &&
    party.salt === toHex(salts.party) &&
    (chargeGroup ?? credit)?.salt === toHex(salts.charge) &&
    account.deviceTag === toHex(deviceTag(epochKey, charge.device)) &&
    account.pseudonym === state.pseudonym
  );
}
