import { type BillLineView, verdictOf, wordsOf } from "./bill-line-view.ts";
import type { DisputeState } from "./dispute-words.ts";
import { formatNumber } from "./party-words.ts";
import type { Tone } from "./verdict-words.ts";

const SERVICE_WORDS: Record<string, Record<string, string>> = {
  voice: {
    outgoing: "Call",
    incoming: "Received call",
    forwarded: "Forwarded call",
    none: "Call",
  },
  sms: {
    outgoing: "Text message",
    incoming: "Received text message",
    forwarded: "Text message",
    none: "Text message",
  },
  mms: {
    outgoing: "Picture message",
    incoming: "Received picture message",
    forwarded: "Picture message",
    none: "Picture message",
  },
};
const PLAIN_WORDS: Record<string, string> = {
  data: "Mobile data",
  energy: "Energy",
  time: "Time used",
  content: "Content",
  event: "Service",
  closed: "Details not shown",
  unreadable: "Details not readable",
};

/** Who or what a line is about, and what kind of use it was. */
export function lineTitle(line: BillLineView): { title: string; kind: string } {
  const kind =
    SERVICE_WORDS[line.service]?.[line.direction] ?? PLAIN_WORDS[line.service] ?? "Charge";
  const who = line.otherParty;
  if (who === undefined || who === "") {
    return line.service in SERVICE_WORDS
      ? { title: "Number withheld", kind }
      : { title: kind, kind: "" };
  }
  return { title: formatNumber(who), kind };
}

/**
 * The badge of a line: how far its dispute is, else its verdict. That money came back is said only
 * where a recorded credit proves it, never on the operator's word.
 */
export function lineBadge(
  line: BillLineView,
  state: DisputeState | undefined,
  money: (nano: bigint) => string,
): { label: string; tone: Tone } {
  const returned = line.evidence?.returnedNano ?? 0n;
  const isCorrected = verdictOf(line) === "corrected";
  if (isCorrected) return { label: `${money(returned)} came back`, tone: "right" };
  if (state === undefined || (state === "settled" && returned > 0n)) return wordsOf(line);
  return disputeBadge(state);
}

/** How far a dispute is, in the few words of a badge. */
function disputeBadge(state: DisputeState): { label: string; tone: Tone } {
  switch (state) {
    case "claimed":
      return { label: "Dispute sent", tone: "review" };
    case "contested":
      return { label: "Being decided", tone: "review" };
    case "conceded":
    case "proven":
      return { label: "Money comes back", tone: "review" };
    case "settled":
      return { label: "Credit not proven", tone: "review" };
    case "refuted":
      return { label: "Line stands", tone: "open" };
    case "lapsed":
      return { label: "Dispute ended", tone: "open" };
  }
}
