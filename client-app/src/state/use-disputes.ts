import { useCallback, useEffect, useRef, useState } from "react";
import type { SignedClaim } from "../ledger/sign-claim.ts";
import {
  type BillLineView,
  type DisputeKind,
  disputedNanoOf,
  disputeKindOf,
} from "../model/bill-line-view.ts";
import { type Dispute, isFinal } from "../model/dispute-words.ts";
import type { NodeApi } from "../node-api/node-api.ts";
import type { CheckerClient } from "../workers/checker-client.ts";
import { consentGiven, rememberConsent } from "./dispute-consent.ts";

const POLL_MILLISECONDS = 1500;

export interface DisputeControl {
  /** False without a personal link: there is nobody to lodge a dispute for. */
  available: boolean;
  of(line: BillLineView): Dispute | undefined;
  isSending(line: BillLineView): boolean;
  errorOf(line: BillLineView): unknown;
  lodge(line: BillLineView): void;
  /** Nano-units that a settled dispute brought back; undefined without one. */
  returnedOf(line: BillLineView): bigint | undefined;
}

interface DisputeSource {
  api: NodeApi | undefined;
  secret: Uint8Array | undefined;
  client: () => CheckerClient;
  /** Called when a dispute has ended, because a new credit may stand in the evidence. */
  onSettled: () => void;
}

/**
 * The subscriber's disputes: lodged with a signature, followed until they end, and opened to the
 * ledger when the operator refuses, if the subscriber has said so beforehand.
 */
export function useDisputes({ api, secret, client, onSettled }: DisputeSource): DisputeControl {
  const [disputes, setDisputes] = useState<Dispute[]>([]);
  const [sending, setSending] = useState<ReadonlySet<string>>(new Set());
  const [errors, setErrors] = useState<Record<string, unknown>>({});
  const opened = useRef(new Set<string>());
  const settled = useRef(new Set<string>());

  const openContested = useCallback(
    async (dispute: Dispute) => {
      if (api === undefined || dispute.kind !== "mispriced" || dispute.state !== "contested")
        return;
      if (opened.current.has(dispute.id) || !consentGiven(placeOf(dispute))) return;
      opened.current.add(dispute.id);
      try {
        await api.sendOpening(dispute.id, await client().opening(dispute.line));
      } catch (error) {
        opened.current.delete(dispute.id);
        setErrors((now) => ({ ...now, [dispute.line]: error }));
      }
    },
    [api, client],
  );

  const refresh = useCallback(async () => {
    if (api === undefined) return;
    const next = await api.disputes();
    setDisputes(next);
    setSending((now) => {
      const listed = new Set(next.map((dispute) => dispute.line));
      const left = [...now].filter((line) => !listed.has(line));
      return left.length === now.size ? now : new Set(left);
    });
    for (const dispute of next) {
      void openContested(dispute);
      if (dispute.state === "settled" && !settled.current.has(dispute.id)) {
        settled.current.add(dispute.id);
        onSettled();
      }
    }
  }, [api, onSettled, openContested]);

  useEffect(() => {
    // Disputes are an addition to the bill: a node that can not list them does not hide it.
    refresh().catch(() => {});
  }, [refresh]);

  // The ledger has the claim before the node lists it.
  const running = sending.size > 0 || disputes.some(({ state }) => !isFinal(state));
  useEffect(() => {
    if (!running) return;
    const timer = window.setInterval(() => refresh().catch(() => {}), POLL_MILLISECONDS);
    return () => window.clearInterval(timer);
  }, [running, refresh]);

  const lodge = useCallback(
    async (line: BillLineView) => {
      const kind = disputeKindOf(line);
      if (api === undefined || secret === undefined || kind === undefined) return;
      setSending((now) => new Set([...now, line.line]));
      setErrors((now) => ({ ...now, [line.line]: undefined }));
      try {
        const claim = await signedClaim(line, kind, secret, client());
        if (kind === "mispriced") rememberConsent(placeOf(claim));
        await api.lodgeClaim(claim);
        await refresh();
      } catch (error) {
        setErrors((now) => ({ ...now, [line.line]: error }));
        setSending((now) => new Set([...now].filter((one) => one !== line.line)));
      }
    },
    [api, client, refresh, secret],
  );

  const returnedOf = useCallback(
    (line: BillLineView) => {
      const dispute = disputes.find((one) => one.state === "settled" && concerns(one, line));
      return dispute && BigInt(dispute.dueNano ?? dispute.claimedNano);
    },
    [disputes],
  );

  return {
    returnedOf,
    available: api !== undefined && secret !== undefined,
    of: (line) => disputes.find((dispute) => concerns(dispute, line)),
    isSending: (line) => sending.has(line.line),
    errorOf: (line) => errors[line.line],
    lodge: (line) => void lodge(line),
  };
}

const placeOf = (place: { domain: string; sequence: string; leafIndex: number }): string =>
  `${place.domain} ${place.sequence} ${place.leafIndex}`;

function concerns(dispute: Dispute, { evidence }: BillLineView): boolean {
  return (
    evidence !== undefined &&
    placeOf(dispute) === placeOf({ ...evidence, sequence: evidence.sequence.toString() })
  );
}

/** The signing code is loaded only by those who dispute something. */
async function signedClaim(
  line: BillLineView,
  kind: DisputeKind,
  secret: Uint8Array,
  client: CheckerClient,
): Promise<SignedClaim> {
  const [{ signClaim }, context] = await Promise.all([
    import("../ledger/sign-claim.ts"),
    client.claimContext(line.line),
  ]);
  const evidence =
    kind === "mispriced"
      ? await client.opening(line.line)
      : {
          line: line.line,
          because: line.device?.because ?? "",
          verdict: line.device?.verdict ?? "",
        };
  return signClaim(secret, context, { kind, claimedNano: disputedNanoOf(line), evidence });
}
