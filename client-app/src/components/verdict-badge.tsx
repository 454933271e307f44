import type { DisputeState } from "../model/dispute-words.ts";
import { disputeBadge } from "../model/line-words.ts";
import type { VerdictWords } from "../model/verdict-words.ts";
import { ToneIcon } from "./icon.tsx";

interface VerdictBadgeProps {
  words: VerdictWords;
  dispute?: DisputeState | undefined;
}

/** Icon and words; colour only repeats them. A running dispute says how far it is. */
export function VerdictBadge({ words, dispute }: VerdictBadgeProps) {
  const { label, tone } = dispute === undefined ? words : disputeBadge(dispute);
  return (
    <span className={`badge tone-${tone}`} title={words.meaning}>
      <ToneIcon tone={tone} size={16} />
      <span>{label}</span>
    </span>
  );
}
