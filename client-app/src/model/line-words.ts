import type { BillLineView } from "./bill-line-view.ts";
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

/** How far a dispute is, in the few words of a badge. */
export function disputeBadge(state: DisputeState): { label: string; tone: Tone } {
  switch (state) {
    case "claimed":
      return { label: "Dispute sent", tone: "review" };
    case "contested":
      return { label: "Being decided", tone: "review" };
    case "conceded":
    case "proven":
      return { label: "Money comes back", tone: "review" };
    case "settled":
      return { label: "Corrected", tone: "right" };
    case "refuted":
      return { label: "Line stands", tone: "open" };
    case "lapsed":
      return { label: "Dispute ended", tone: "open" };
  }
}
