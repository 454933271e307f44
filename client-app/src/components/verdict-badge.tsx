import type { VerdictWords } from "../model/verdict-words.ts";
import { ToneIcon } from "./icon.tsx";

interface VerdictBadgeProps {
  words: Pick<VerdictWords, "label" | "tone">;
  meaning: string;
}

/** Icon and words; colour only repeats them. */
export function VerdictBadge({ words: { label, tone }, meaning }: VerdictBadgeProps) {
  return (
    <span className={`badge tone-${tone}`} title={meaning}>
      <ToneIcon tone={tone} size={16} />
      <span>{label}</span>
    </span>
  );
}
