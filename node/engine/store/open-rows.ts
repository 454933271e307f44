import { fromHex, toHex } from "../../core/bytes.ts";
import { PARTY_TYPE } from "../../core/commitment/charge-groups.ts";
import { deviceTag, recordSalts, sourceTag, textIdentity } from "../../core/commitment/secrets.ts";
import { assert } from "../../core/errors.ts";
import { accountToJson, chargeToJson, partyToJson } from "../../core/evidence/group-json.ts";
import { trafficMonth } from "../bill/billing-epoch.ts";
import type { ChargeBlock } from "../number/charge-block.ts";
import { type BlockSecrets, OWNER_SECRET_BYTES } from "../number/hash-charges.ts";
import { keys } from "./key-spaces.ts";
import { MonthKeys } from "./month-keys.ts";
import type { StoreReader } from "./store.ts";
import { getJson, readJson } from "./stored-json.ts";
import type { EpochState, StoredCharge } from "./stored-types.ts";

const REMEMBERED_MAX = 100_000;
const DAY_MS = 86_400_000;

/** Opens rows of blocks with the keys of their epochs and traffic months, read once each. */
export class RowOpener {
  readonly #store: StoreReader;
  readonly #domain: string;
  readonly #epochs = new Map<string, EpochState | undefined>();
  readonly #monthKeys: MonthKeys;

  constructor(store: StoreReader, domain: string) {
    this.#store = store;
    this.#domain = domain;
    this.#monthKeys = new MonthKeys(store, domain);
  }

  /** Undefined for a row whose epoch's key was erased. */
  async open(block: ChargeBlock, row: number): Promise<StoredCharge | undefined> {
    const { account, epoch, device } = block.owner(row);
    const state = await this.#epoch(account, epoch);
    if (state === undefined) return undefined;
    const recordId = block.id(row);
    const epochKey = fromHex(state.epochKey, 32);
    const salts = recordSalts(epochKey, recordId, 0);
    const { wide, middle, narrow, small } = block;
    const start = wide.start[row] as bigint;
    const monthKey = await this.#monthKeys.of(Number(start));
    assert(monthKey !== undefined, `the key of ${trafficMonth(Number(start))} is stored`);
    const text = block.table.texts[row];
    const eventsRoot = block.table.eventsRoots?.[row];
    const accounted = block.table.accounted?.[row];
    return {
      recordId,
      revision: 0,
      account,
      epoch,
      device,
      amountNano: String(wide.amountNano[row]),
      opened: {
        account: accountToJson({
          salt: salts.account,
          pseudonym: fromHex(state.pseudonym, 32),
          chargeNumber: BigInt(middle.chargeNumber[row] as number),
          runningTotalNano: wide.runningTotalNano[row] as bigint,
          sourceTag: sourceTag(monthKey, block.source.role, recordId),
          deviceTag: deviceTag(epochKey, device),
        }),
        party: partyToJson(
          {
            salt: salts.party,
            restDigits:
              small.partyType[row] === PARTY_TYPE.text && text !== undefined
                ? BigInt(toHex(textIdentity(salts.party, text)))
                : (wide.restDigits[row] as bigint),
            type: small.partyType[row] as number,
            cell: 0n,
            file: block.source.file,
            offset: wide.offset[row] as bigint,
            length: middle.length[row] as number,
            eventsRoot: eventsRoot === undefined ? new Uint8Array(32) : fromHex(eventsRoot, 32),
          },
          text,
        ),
        charge: {
          ...chargeToJson({
            salt: salts.charge,
            kind: block.kind(row),
            service: small.service[row] as number,
            flags: small.flags[row] as number,
            start,
            sessionMinutes: narrow.sessionMinutes[row] as number,
            quantity: wide.quantity[row] as bigint,
            secondQuantity: wide.secondQuantity[row] as bigint,
            decidingDigits: wide.decidingDigits[row] as bigint,
            originDigits: wide.originDigits[row] as bigint,
            visitedNetwork: middle.visitedNetwork[row] as number,
            class: small.class[row] as number,
            tariffVersion: middle.tariffVersion[row] as number,
            counters: [],
          }),
          counters: accounted?.scopes ?? [],
        },
      },
      ...(accounted === undefined
        ? {}
        : { components: accounted.components, moves: accounted.moves }),
    };
  }

  /** What the leaves of a whole block are computed with; undefined when a key of it was erased. */
  async secretsOf(block: ChargeBlock): Promise<BlockSecrets | undefined> {
    await this.#prefetch(block);
    const owners = new Uint8Array(OWNER_SECRET_BYTES * block.owners.count);
    let at = 0;
    for (const { account, epoch, device } of block.owners) {
      const state = await this.#epoch(account, epoch);
      if (state === undefined) return undefined;
      const epochKey = fromHex(state.epochKey, 32);
      owners.set(epochKey, at);
      owners.set(fromHex(state.pseudonym, 32), at + 32);
      owners.set(deviceTag(epochKey, device), at + 64);
      at += OWNER_SECRET_BYTES;
    }
    const months: string[] = [];
    const monthKeys: Uint8Array[] = [];
    const monthOf = new Uint16Array(block.count);
    // A date costs more than the rest of a row; most rows are of the day of the one before.
    let day = -1;
    let known = 0;
    for (let row = 0; row < block.count; row++) {
      const start = Number(block.wide.start[row]);
      if (Math.floor(start / DAY_MS) !== day) {
        day = Math.floor(start / DAY_MS);
        const month = trafficMonth(start);
        known = months.indexOf(month);
        if (known < 0) {
          const key = await this.#monthKeys.of(start);
          if (key === undefined) return undefined;
          known = months.push(month) - 1;
          monthKeys.push(key);
        }
      }
      monthOf[row] = known;
    }
    return { owners, monthKeys: Buffer.concat(monthKeys), monthOf };
  }

  /** Reads the epochs of a block's owners in one call. */
  async #prefetch({ owners }: ChargeBlock): Promise<void> {
    if (this.#epochs.size > REMEMBERED_MAX) this.#epochs.clear();
    const missing = new Set<string>();
    for (const { account, epoch } of owners) {
      const key = keys.epoch(account, epoch, this.#domain);
      if (!this.#epochs.has(key)) missing.add(key);
    }
    const wanted = [...missing];
    for (const [at, value] of (await this.#store.getMany(wanted)).entries()) {
      const key = wanted[at] as string;
      this.#epochs.set(key, value === undefined ? undefined : readJson<EpochState>(key, value));
    }
  }

  async #epoch(account: string, epoch: string): Promise<EpochState | undefined> {
    const key = keys.epoch(account, epoch, this.#domain);
    if (!this.#epochs.has(key)) {
      if (this.#epochs.size > REMEMBERED_MAX) this.#epochs.clear();
      this.#epochs.set(key, await getJson<EpochState>(this.#store, key));
    }
    return this.#epochs.get(key);
  }
}
