import { encodeBytes32String, id, type JsonRpcSigner } from "ethers";
import type { TestLedger } from "./chain.ts";

export const ROLE = { operator: 1, partner: 2, auditor: 4, arbiter: 8 } as const;
export const DUTY = { commit: 0, settle: 1, govern: 2 } as const;
export const BOOK = { charges: 1, credits: 2, invoices: 3, taxes: 4 } as const;
export const NO_BOOK = `0x${"00".repeat(20)}`;
export const EUR = "0x455552";

export interface Party {
  id: string;
  commit: JsonRpcSigner;
  settle: JsonRpcSigner;
  govern: JsonRpcSigner;
}

/** Admits a member whose three keys are accounts `first`, `first + 1` and `first + 2`. */
export async function admit(
  ledger: TestLedger,
  name: string,
  roles: number,
  first: number,
): Promise<Party> {
  const [commit, settle, govern] = [0, 1, 2].map((i) => ledger.account(first + i));
  const keys = [commit, settle, govern] as [JsonRpcSigner, JsonRpcSigner, JsonRpcSigner];
  const call = [name, roles, keys.map((key) => key.address)] as const;
  const id = (await ledger.preview(ledger.account(0), "members", "admit", ...call)) as string;
  await ledger.send(ledger.account(0), "members", "admit", ...call);
  return { id, commit: keys[0], settle: keys[1], govern: keys[2] };
}

export type ShareDraft = [
  party: string,
  fixedNano: bigint,
  parts: number,
  minimumNano: bigint,
  maximumNano: bigint,
];

export interface TermsDraft {
  parties: string[];
  sides: [operator: string, payer: string][];
  splits: [remainder: string, shares: ShareDraft[]][];
  tolerances: [
    service: number,
    direction: number,
    parts: number,
    absoluteNano: bigint,
    pays: number,
  ][];
  period: [zone: string, lengthDays: number, byEnd: boolean, closedByBoth: boolean];
  currency: string;
  token: string;
  arbiter: string;
  netted: boolean;
  windows: [
    challenge: number,
    claim: number,
    age: number,
    credit: number,
    notice: number,
    demand: number,
    dispute: number,
    payment: number,
  ];
  stakes: [
    bondMin: bigint,
    bounty: bigint,
    penalty: bigint,
    concessionCapNano: bigint,
    concessionFee: bigint,
  ];
}

export const DAY = 86_400;
export const BERLIN = encodeBytes32String("Europe/Berlin");
/** A week to object, a day to answer, a month of age, a week to credit, a day for each other step. */
export const WINDOWS: TermsDraft["windows"] = [7 * DAY, DAY, 30 * DAY, 7 * DAY, 0, DAY, DAY, 0];
export const STAKES: TermsDraft["stakes"] = [5_000_000n, 2_000_000n, 1_000_000n, 500_000_000n, 0n];

/** An operator's agreement with itself. */
export function retailTerms(ledger: TestLedger, operator: Party, arbiter: Party): TermsDraft {
  return {
    parties: [operator.id],
    sides: [[operator.id, operator.id]],
    splits: [[operator.id, []]],
    tolerances: [],
    period: [BERLIN, 0, false, false],
    currency: EUR,
    token: ledger.addresses.demoToken,
    arbiter: arbiter.id,
    netted: false,
    windows: [...WINDOWS],
    stakes: [...STAKES],
  };
}

/** Proposes by the first party and signs by the others. */
export async function agree(
  ledger: TestLedger,
  terms: TermsDraft,
  signers: Party[],
): Promise<string> {
  const [proposer, ...others] = signers as [Party, ...Party[]];
  const id = (await ledger.preview(proposer.govern, "agreements", "propose", terms)) as string;
  await ledger.send(proposer.govern, "agreements", "propose", terms);
  for (const party of others) await ledger.send(party.govern, "agreements", "sign", id);
  return id;
}

/** Tops an operator's bond up to the agreement's minimum. */
export async function bondFor(
  ledger: TestLedger,
  operator: Party,
  agreement: string,
): Promise<void> {
  const { bondMin } = await ledger.read("agreements", "stakesOf", agreement);
  const missing = bondMin - (await ledger.read("bonds", "bondOf", agreement, operator.id));
  if (missing <= 0n) return;
  const { settle } = operator;
  const { token } = await ledger.read("agreements", "tokenOf", agreement);
  if (token !== ledger.addresses.demoToken) throw new Error("bonds in play money only");
  await ledger.send(settle, "token", "mint", settle.address, missing);
  const target = ledger.addresses.bonds;
  const allowed = await ledger.read("token", "allowance", settle.address, target);
  await ledger.send(settle, "token", "approve", target, allowed + missing);
  await ledger.send(settle, "bonds", "deposit", agreement, operator.id, missing);
  await ledger.send(settle, "token", "approve", target, allowed);
}

/** Signs for the data of a statement, so that the window to object begins. */
export const receive = (ledger: TestLedger, by: Party, statement: string) =>
  ledger.send(by.settle, "statements", "signReceipt", statement, id(`data of ${statement}`));

export async function openBook(
  ledger: TestLedger,
  operator: Party,
  agreement: string,
  kind: number,
  number = 1,
  split = 1,
): Promise<string> {
  await bondFor(ledger, operator, agreement);
  const call = [agreement, kind, number, split] as const;
  const book = (await ledger.preview(operator.commit, "books", "openBook", ...call)) as string;
  await ledger.send(operator.commit, "books", "openBook", ...call);
  return book;
}
