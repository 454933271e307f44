import type { LineFilter } from "../model/bill-summary.ts";
import { formatCount } from "../model/money-words.ts";
import { TONE_WORDS, type Tone, VERDICT_WORDS } from "../model/verdict-words.ts";
import { useWording } from "../state/locale.tsx";
import { ToneIcon } from "./icon.tsx";

interface VerdictFilterProps {
  filters: { filter: LineFilter; count: number }[];
  current: LineFilter;
  onChoose: (filter: LineFilter) => void;
}

export function VerdictFilter({ filters, current, onChoose }: VerdictFilterProps) {
  const { locale } = useWording();
  if (filters.length <= 2) return null;
  return (
    <fieldset className="filters">
      <legend className="visually-hidden">Show only</legend>
      {filters.map(({ filter, count }) => {
        const { label, tone } = filterWords(filter);
        return (
          <label key={filter} className={tone === undefined ? "chip" : `chip tone-${tone}`}>
            <input
              type="radio"
              name="line-filter"
              className="visually-hidden"
              checked={current === filter}
              onChange={() => onChoose(filter)}
            />
            {tone === undefined ? null : <ToneIcon tone={tone} size={15} />}
            <span>{label}</span>
            <span className="chip-count">{formatCount(count, locale)}</span>
          </label>
        );
      })}
    </fieldset>
  );
}

function filterWords(filter: LineFilter): { label: string; tone?: Tone } {
  if (filter === "all") return { label: "All" };
  if (filter in TONE_WORDS) return { label: TONE_WORDS[filter as Tone].label };
  return VERDICT_WORDS[filter as keyof typeof VERDICT_WORDS];
}
