import type { CompiledTariff } from "../tariff/compile.ts";
import { billedOf, type Piece } from "./price-pieces.ts";
import type { StateKey } from "./rating-state.ts";
import type { UseOfAccount } from "./use-of-account.ts";

/** Units counted from the start of what they are counted over. */
export interface CountedUnits {
  /** What was used before, and what with this use. */
  before: bigint;
  total: bigint;
  /** What is billed of it: from here to there. */
  from: bigint;
  to: bigint;
  /** Whether it is the first use, which the set-up fee is due for. */
  isFirst: boolean;
}

/**
 * Where the billed units of a use begin and end. Over a session or period the sum is raised to whole
 * increments and each use pays what the sum grows by, so that parts cost what the whole would cost.
 * A session's parts lie in one billing period or begin anew in the next.
 */
export function countUnits(
  tariff: CompiledTariff,
  price: number,
  use: UseOfAccount,
  quantity: bigint,
): CountedUnits {
  const { counted = "record" } = tariff.priceSources[price]?.price ?? {};
  if (counted === "record") {
    const to = billedOf(tariff, price, quantity);
    return { before: 0n, total: quantity, from: 0n, to, isFirst: true };
  }
  const { owner, record, place } = use;
  const bucket = counted === "period" ? "" : (record.sessionId ?? record.id);
  const { service, direction = "none" } = place.service;
  const what = [service, direction, place.zone ?? "", place.area ?? "", place.class ?? ""];
  const key: StateKey = ["units", owner.account.id, owner.device, bucket, ...what];
  const isFirst = !use.has(key);
  const before = use.add(key, quantity);
  const total = before + quantity;
  const name =
    counted === "period" ? `${service} of the period` : `${service} of session ${bucket}`;
  use.moves.push({ name, scope: "device", of: owner.device, before, after: total });
  if (counted === "session-end") {
    const isLast = record.partial === undefined || record.partial === "last";
    const to = isLast ? billedOf(tariff, price, total) : total;
    return { before, total, from: before, to, isFirst };
  }
  const from = billedOf(tariff, price, before);
  return { before, total, from, to: billedOf(tariff, price, total), isFirst };
}

/** Pieces of a use that is not the first: each says what this use has of it, not what others had. */
export function withoutEarlier(pieces: Piece[], { before, total, from }: CountedUnits): Piece[] {
  let begin = before;
  let end = from;
  return pieces.map((piece, index) => {
    end += piece.billed;
    const until = index === pieces.length - 1 || end > total ? total : end;
    const quantity = until > begin ? until - begin : 0n;
    begin = until;
    return { ...piece, quantity };
  });
}
