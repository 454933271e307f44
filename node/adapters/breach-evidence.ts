import type { Hex } from "../core/bytes.ts";
import type { BREACH_KIND } from "../core/evidence/claim-kind.ts";
import { AbiCoder, Interface, ParamType } from "./evm-library.ts";
import { LEDGER_ABI } from "./ledger-abi.ts";

/*
 * The evidence of each kind of breach as `open(bytes32, bytes)` of the contract of claims takes it:
 * the structs of contracts/breaches, whose names are in the comments.
 */

const SCOPE = "tuple(bytes8 scope,uint64 scopeSequence,uint64 counterBefore)";
const PATH =
  "tuple(uint8 depth,bytes32[] siblings,bytes32 totals,bytes32 runningTotals,uint64 blockTime)";
const REST = "tuple(bytes32 account,bytes32 party,uint128 amountNano)";
const CHARGE = `tuple(bytes32 salt,uint8 kind,uint8 service,uint8 flags,uint64 start,uint16 sessionMinutes,uint64 quantity,uint64 secondQuantity,uint64 decidingDigits,uint64 originDigits,bytes3 visitedNetwork,uint8 class,uint32 tariffVersion,${SCOPE}[2] scopes)`;
const CREDIT =
  "tuple(bytes32 salt,bytes20 targetBook,uint64 targetSequence,uint32 targetIndex,uint8 reason,bytes32 claim)";
const ACCOUNT =
  "tuple(bytes32 salt,bytes32 pseudonym,uint64 chargeNumber,uint128 runningTotalNano,bytes24 sourceTag,bytes16 deviceTag)";
const BODY =
  "tuple(bytes32 salt,bytes32 pseudonym,uint64 lastChargeNumber,uint64 lastCreditNumber,uint128 creditsNano,uint128 taxNano)";
const TOTALS =
  "tuple(bytes32 salt,bytes32 sumRoot,uint128 sumNano,uint64 count,uint64 from,uint64 to,uint64 suspended,uint64 oldestSuspended)";
const RUNNING =
  "tuple(bytes32 root,uint8 depth,bytes32 totals,uint64 blockTime,bytes32 salt,uint128 sumNano,uint64 count)";
/** UsageOpening */
const USAGE = `tuple(${CHARGE} charge,${REST} rest,${PATH} path)`;
/** AccountOpening */
const OWNER = `tuple(${ACCOUNT} account,bytes32 party,bytes32 third,uint128 amountNano,${PATH} path)`;
/** InvoiceOpening */
const INVOICE = `tuple(bytes32 orderKey,${BODY} body,bytes32 document,uint128 chargesNano,${PATH} path)`;
/** AccountPairEvidence */
const PAIR = `tuple(${OWNER} claimed,uint64 beforeSequence,uint32 beforeIndex,${OWNER} before)`;
/** CreditOpening */
const CREDITED = `tuple(uint64 sequence,uint32 leafIndex,${CREDIT} credit,${REST} rest,${PATH} path)`;
const PRICED = typeOfLast("claims", "openMispriced");
const PRICE = typeOfLast("verifier", "priceUnder");
/** AssignmentOpening */
const ASSIGNED = `tuple(uint64 sequence,uint32 leafIndex,${ACCOUNT} account,${CHARGE} charge,bytes32 party,uint128 amountNano,${PATH} path)`;
/** ConsentedOpening */
const CONSENTED = `tuple(${ACCOUNT} account,${CHARGE} charge,bytes32 party,uint128 amountNano,${PATH} path,address disputeAddress,bytes32 blind,bytes signature)`;
const DOCUMENT = "tuple(bytes32 salt,bytes32 documentHash,bytes32 closingState)";

/** The type of a method's last argument, without its name. */
function typeOfLast(contract: "claims" | "verifier", method: string): string {
  const inputs = new Interface(LEDGER_ABI[contract]).getFunction(method)?.inputs ?? [];
  return inputs
    .at(-1)
    ?.format("full")
    .replace(/ evidence$/, "") as string;
}

const EVIDENCE: Record<keyof typeof BREACH_KIND, string> = {
  mispricedCharge: PRICED,
  untimelyCharge: USAGE,
  chargeNumberReused: PAIR,
  runningTotalWrong: PAIR,
  sourceReused: PAIR,
  // ScopePairEvidence
  scopeReused: `tuple(${USAGE} claimed,uint8 claimedSlot,uint64 beforeSequence,uint32 beforeIndex,${USAGE} before,uint8 beforeSlot)`,
  wrongSplit: PRICED,
  // AfterInvoiceEvidence
  chargeAfterInvoice: `tuple(${OWNER} charge,bytes20 invoiceBook,uint64 invoiceSequence,uint32 invoiceIndex,${INVOICE} invoice)`,
  // InvoiceTotalEvidence
  invoiceTotalWrong: `tuple(${INVOICE} invoice,bytes20 chargeBook,uint64 chargeSequence,uint32 chargeIndex,${OWNER} lastCharge)`,
  // SecondInvoiceEvidence
  secondInvoice: `tuple(${INVOICE} claimed,bytes20 beforeBook,uint64 beforeSequence,uint32 beforeIndex,${INVOICE} before)`,
  // CreditExcessEvidence
  creditAboveOriginal: `tuple(${CREDITED}[] credits,bytes32 third,${REST} charge,${PATH} chargePath)`,
  // ChunkEvidence
  malformedBatch: `tuple(uint8 depth,uint32 chunk,tuple(bytes32 first,bytes32 second,bytes32 third,uint128 amountNano)[] leaves,bytes32[] digests,bytes32[] siblings,uint128 chunkSumNano,uint16 chunkCount,tuple(bytes32 sibling,uint128 siblingSumNano,uint128 statedSumNano)[] sums,${TOTALS} totals,bytes32 runningTotals,uint64 blockTime)`,
  // BookTotalsEvidence
  bookTotalsWrong: `tuple(${RUNNING} running,${TOTALS} totals,uint64 beforeSequence,${RUNNING} before)`,
  // CounterStepEvidence
  counterStepWrong: `tuple(${USAGE} claimed,uint64 beforeSequence,uint32 beforeIndex,${USAGE} before,${PRICE} moved)`,
  // PlanEvidence
  planNotAssigned: `tuple(${CONSENTED} claimed,${ASSIGNED}[] assignments)`,
  // AssignmentsClashEvidence
  assignmentsClash: `tuple(${ASSIGNED} claimed,${ASSIGNED} before)`,
  // InvoiceDocumentEvidence
  invoiceDocumentDiffers: `tuple(bytes32 orderKey,bytes32 body,${DOCUMENT} document,uint128 chargesNano,${PATH} path,bytes32 sentHash,address signer,bytes signature)`,
};

/** @param evidence fields by name, integers as bigint, number or decimal string, bytes as "0x…" */
export const encodeBreachEvidence = (kind: keyof typeof BREACH_KIND, evidence: object): Hex =>
  AbiCoder.defaultAbiCoder().encode([ParamType.from(EVIDENCE[kind])], [evidence]) as Hex;
