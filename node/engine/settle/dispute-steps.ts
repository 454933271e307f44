import type { SettlementStep } from "./settlement.ts";

const whole = (value: unknown): bigint => BigInt(String(value));

/**
 * Disputes about statements and demands for chunks, as steps of settlement: each one call to the ledger.
 * A dispute's steps are taken once; the same demand can be made again after it was answered.
 */
export const DISPUTE_STEPS: Record<string, SettlementStep> = {
  openDispute: ({ statement, from, to, reason, disputedNano, evidenceRoot }) => ({
    key: `dispute:${statement}`,
    call: {
      contract: "disputes",
      method: "open",
      args: [statement, whole(from), whole(to), Number(reason), whole(disputedNano), evidenceRoot],
    },
  }),
  answerDispute: ({ dispute, askedNano, evidenceRoot }) => ({
    key: `dispute:${dispute}:answer`,
    call: {
      contract: "disputes",
      method: "answer",
      args: [dispute, whole(askedNano), evidenceRoot],
    },
  }),
  giveWay: ({ dispute }) => ({
    key: `dispute:${dispute}:give-way`,
    call: { contract: "disputes", method: "giveWay", args: [dispute] },
  }),
  escalateDispute: ({ dispute }) => ({
    key: `dispute:${dispute}:escalate`,
    call: { contract: "disputes", method: "escalate", args: [dispute] },
  }),
  decideDispute: ({ dispute, owedNano }) => ({
    key: `dispute:${dispute}:decide`,
    call: { contract: "disputes", method: "decide", args: [dispute, whole(owedNano)] },
  }),
  concludeDispute: ({ dispute }) => ({
    key: `dispute:${dispute}:conclude`,
    call: { contract: "disputes", method: "conclude", args: [dispute] },
  }),
  /** The deposit has to be approved first (step `approve`, spender: the contract of demands). */
  demandChunk: ({ book, sequence, chunk, keyX, keyY, commitment, blockTime }) => ({
    key: `demand:${book}:${sequence}:${chunk}:${keyX}`,
    call: {
      contract: "demands",
      method: "demandChunk",
      args: [
        book,
        whole(sequence),
        Number(chunk),
        { x: whole(keyX), y: whole(keyY) },
        commitment,
        whole(blockTime),
      ],
    },
  }),
};
