import { useCallback, useEffect, useRef, useState } from "react";
import type { Hex } from "../../../node/core/bytes.ts";
import type { ClaimContext } from "../ledger/claim-context.ts";
import type { SignedClaim } from "../ledger/sign-claim.ts";
import {
  type BillLineView,
  type DisputeKind,
  disputeKindOf,
  objectedNanoOf,
} from "../model/bill-line-view.ts";
import { type Dispute, isFinal } from "../model/dispute-words.ts";
import type { NodeApi } from "../node-api/node-api.ts";
import type { CheckerClient } from "../workers/checker-client.ts";
import { consentGiven, rememberConsent } from "./dispute-consent.ts";

const POLL_MILLISECONDS = 1500;
/** How often the ledger is asked whether the time for an answer has passed. */
const SILENCE_MILLISECONDS = 30_000;

export interface DisputeControl {
  /** False without a personal link: there is nobody to lodge a dispute for. */
  available: boolean;
  of(line: BillLineView): Dispute | undefined;
  isSending(line: BillLineView): boolean;
  errorOf(line: BillLineView): unknown;
  lodge(line: BillLineView): void;
  /** The operator let the time for its answer pass. */
  isSilent(line: BillLineView): boolean;
  /** Has that silence recorded as consent. */
  conclude(line: BillLineView): void;
}

interface DisputeSource {
  api: NodeApi | undefined;
  secret: Uint8Array | undefined;
  client: () => CheckerClient;
  /** The address of this link for the open bill's month; absent when another's bill is open. */
  owner: Hex | undefined;
  endpoints: readonly string[];
  /** Called when a dispute has ended, because a new credit may stand in the evidence. */
  onSettled: () => void;
}

/**
 * The subscriber's disputes: lodged with a signature, followed until they end, and opened to the
 * ledger when the operator refuses, if the subscriber has said so beforehand.
 */
export function useDisputes(source: DisputeSource): DisputeControl {
  const { api, secret, client, owner, endpoints, onSettled } = source;
  const [disputes, setDisputes] = useState<Dispute[]>([]);
  const [sending, setSending] = useState<ReadonlySet<string>>(new Set());
  const [errors, setErrors] = useState<Record<string, unknown>>({});
  const [silent, setSilent] = useState<ReadonlySet<string>>(new Set());
  const asked = useRef(new Map<string, number>());
  const opened = useRef(new Set<string>());
  const settled = useRef(new Set<string>());
  /** The address is of one month: another bill has another one. */
  const shown = useRef(false);

  const openContested = useCallback(
    async (dispute: Dispute) => {
      if (api === undefined || dispute.kind !== "mispriced" || dispute.state !== "contested")
        return;
      if (opened.current.has(dispute.id) || !consentGiven(dispute.id, placeOf(dispute))) return;
      opened.current.add(dispute.id);
      try {
        await api.sendOpening(dispute.id, await client().opening(dispute.line), endpoints);
      } catch (error) {
        opened.current.delete(dispute.id);
        setErrors((now) => ({ ...now, [dispute.line]: error }));
      }
    },
    [api, client, endpoints],
  );

  const askSilence = useCallback(
    async ({ id, state }: Dispute) => {
      const last = asked.current.get(id) ?? 0;
      if (state !== "claimed" || Date.now() - last < SILENCE_MILLISECONDS) return;
      asked.current.set(id, Date.now());
      if (await client().isSilent(id)) setSilent((now) => new Set([...now, id]));
    },
    [client],
  );

  const refresh = useCallback(async () => {
    if (api === undefined || owner === undefined) return;
    // Anyone can claim about any place of a book: only what this link signed is this reader's.
    const next = (await api.disputes()).filter(({ finder }) => finder === owner);
    setDisputes(next);
    setSending((now) => {
      const listed = new Set(next.map((dispute) => dispute.line));
      const left = [...now].filter((line) => !listed.has(line));
      return left.length === now.size ? now : new Set(left);
    });
    for (const dispute of next) {
      void openContested(dispute);
      askSilence(dispute).catch(() => {});
      if (dispute.state === "settled" && !settled.current.has(dispute.id)) {
        settled.current.add(dispute.id);
        onSettled();
      }
    }
  }, [api, askSilence, onSettled, openContested, owner]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another address was not shown yet
  useEffect(() => {
    shown.current = false;
  }, [owner]);

  useEffect(() => {
    if (owner === undefined) setDisputes([]);
    // Disputes are an addition to the bill: a node that can not list them does not hide it.
    refresh().catch(() => {});
  }, [owner, refresh]);

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
        const { claim, standing } = await signedClaim(line, kind, secret, client());
        if (kind === "mispriced") {
          const before = disputes.filter((one) => placeOf(one) === placeOf(claim));
          rememberConsent(
            placeOf(claim),
            before.map(({ id }) => id),
          );
        }
        if (standing !== undefined && !shown.current) {
          // Without it the operator's silence would concede nothing; the claim itself goes on.
          shown.current = await api.showReceipt(standing, endpoints).then(
            () => true,
            () => false,
          );
        }
        await api.lodgeClaim(claim, endpoints);
        await refresh();
      } catch (error) {
        setErrors((now) => ({ ...now, [line.line]: error }));
        setSending((now) => new Set([...now].filter((one) => one !== line.line)));
      }
    },
    [api, client, disputes, endpoints, refresh, secret],
  );

  /** The one that runs, else the newest. */
  const of = (line: BillLineView): Dispute | undefined => {
    const about = disputes.filter((dispute) => concerns(dispute, line));
    return about.find(({ state }) => !isFinal(state)) ?? about.at(-1);
  };

  const conclude = async (line: BillLineView) => {
    const dispute = of(line);
    if (api === undefined || dispute === undefined) return;
    setErrors((now) => ({ ...now, [line.line]: undefined }));
    try {
      await api.concludeSilence(dispute.id, endpoints);
      await refresh();
    } catch (error) {
      setErrors((now) => ({ ...now, [line.line]: error }));
    }
  };

  return {
    available: api !== undefined && secret !== undefined && owner !== undefined,
    of,
    isSilent: (line) => {
      const dispute = of(line);
      return dispute?.state === "claimed" && silent.has(dispute.id);
    },
    conclude: (line) => void conclude(line),
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
): Promise<{ claim: SignedClaim; standing: ClaimContext["standing"] }> {
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
  const claimed = { kind, claimedNano: objectedNanoOf(line), evidence };
  return { claim: await signClaim(secret, context, claimed), standing: context.standing };
}
