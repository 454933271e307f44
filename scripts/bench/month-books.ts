import { randomBytes } from "node:crypto";
import { toHex } from "../../node/core/bytes.ts";
import { NO_DIGITS, NO_NETWORK } from "../../node/core/commitment/charge-groups.ts";
import { packDigits } from "../../node/core/tariff/digits.ts";
import { packedOwner } from "../../node/engine/number/block-owners.ts";
import { ChargeBlock } from "../../node/engine/number/charge-block.ts";
import { encodeEpoch, SECRET_BYTES } from "../../node/engine/number/stored-epoch.ts";
import type { EngineContext } from "../../node/engine/operator.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { encodeBytes } from "../../node/engine/store/stored-bytes.ts";
import { encodeJson } from "../../node/engine/store/stored-json.ts";
import type { Account, BookState } from "../../node/engine/store/stored-types.ts";
import { numberOf } from "./switch-file.ts";

const BLOCK_ROWS = 512;
const WRITE_BYTES = 16 * 1_048_576;
const FROM_MILLISECONDS = Date.parse("2026-10-01T00:00:00Z");
const MONTH_MILLISECONDS = 30 * 86_400_000;

export const MONTH = "2026-10";
export const AFTER_MONTH_SECONDS = BigInt(Date.parse("2026-11-02T00:00:00Z") / 1000);

/** Nano-units of charge number `number` of a subscriber. */
const amountOf = (subscriber: number, number: number): bigint =>
  BigInt(1 + ((subscriber * 7 + number * 13) % 900)) * 10_000_000n;

/**
 * A month as intake leaves it, written straight to the store: accounts, counters, and blocks of charges
 * of which neighbours belong to different subscribers. Secrets are drawn at random and leaf digests are
 * left out; a bill run reads neither, and both would take longer than what is measured.
 */
export async function writeMonth(
  { store, profile }: EngineContext,
  subscribers: number,
  chargesEach: number,
): Promise<void> {
  let operations: StoreOperation[] = [];
  let bytes = 0;
  const put = async (key: string, value: Uint8Array, lasting = false) => {
    operations.push({ type: "put", key, value, lasting });
    bytes += value.length;
    if (bytes < WRITE_BYTES) return;
    await store.write(operations);
    operations = [];
    bytes = 0;
  };
  const { chargeBook } = profile.agreement;
  let totalNano = 0n;
  for (let at = 0; at < subscribers; at++) {
    let ownNano = 0n;
    for (let number = 1; number <= chargesEach; number++) ownNano += amountOf(at, number);
    totalNano += ownNano;
    const secret = () => toHex(new Uint8Array(randomBytes(32)));
    const account: Account = {
      id: accountOf(at),
      label: `Subscriber ${at}`,
      devices: [{ id: numberOf(at) }],
      accessSecret: secret(),
    };
    const state = encodeEpoch({
      secrets: new Uint8Array(randomBytes(SECRET_BYTES)),
      lastChargeNumber: chargesEach,
      runningTotalNano: ownNano,
      taxNano: 0n,
      places: [],
    });
    await put(keys.account(account.id), encodeJson(account));
    await put(keys.epoch(account.id, MONTH, chargeBook), state);
  }
  const count = subscribers * chargesEach;
  for (let from = 0; from < count; from += BLOCK_ROWS) {
    const block = blockOf(from, Math.min(BLOCK_ROWS, count - from), subscribers, count);
    await put(keys.rows(chargeBook, BigInt(from + 1)), encodeBytes(...block.encode()), true);
  }
  const known: BookState = {
    domain: chargeBook,
    kind: 1,
    number: "1",
    agreement: profile.agreement.id,
    currency: profile.agreement.currency,
    lastSequence: "0",
    runningSumNano: totalNano.toString(),
    runningCount: count.toString(),
    pendingFirst: String(count + 1),
    pendingNext: String(count + 1),
  };
  await put(keys.book(chargeBook), encodeJson(known));
  await store.write(operations);
}

const accountOf = (subscriber: number): string => `a${String(subscriber).padStart(8, "0")}`;

/** Every subscriber has one charge in each round; within a round they come in a mixed order. */
function blockOf(from: number, count: number, subscribers: number, all: number): ChargeBlock {
  const block = ChargeBlock.empty(count, { file: new Uint8Array(16).fill(0xbe), role: 1 });
  const { wide, middle, narrow, small } = block;
  const ids: string[] = [];
  let idEnd = 0;
  for (let row = 0; row < count; row++) {
    const at = from + row;
    const subscriber = ((at % subscribers) * MIX) % subscribers;
    const number = 1 + Math.floor(at / subscribers);
    const id = `bench:${at}`;
    ids.push(id);
    idEnd += id.length;
    const account = accountOf(subscriber);
    block.owners.push(packedOwner({ account, epoch: MONTH, device: numberOf(subscriber) }));
    wide.amountNano[row] = amountOf(subscriber, number);
    wide.start[row] = BigInt(FROM_MILLISECONDS + Math.floor((MONTH_MILLISECONDS * at) / all));
    wide.quantity[row] = BigInt(1000 * (1 + ((at * 7) % 900)));
    wide.decidingDigits[row] = packDigits("4930");
    wide.restDigits[row] = packDigits(String(23_125_042 + ((at * 31) % 5_000)));
    wide.originDigits[row] = NO_DIGITS;
    middle.chargeNumber[row] = number;
    middle.tariffVersion[row] = 1;
    middle.visitedNetwork[row] = NO_NETWORK;
    middle.idEnd[row] = idEnd;
    narrow.owner[row] = row;
    small.service[row] = 1;
    small.flags[row] = 1;
    small.partyType[row] = 1;
  }
  block.ids = new TextEncoder().encode(ids.join(""));
  return block;
}

/** Prime, and no divisor of a round number: a round meets every subscriber once. */
const MIX = 7_919;
