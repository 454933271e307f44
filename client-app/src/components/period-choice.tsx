import { formatEpoch } from "../model/time-words.ts";
import type { Period } from "../node-api/shapes.ts";
import { useWording } from "../state/locale.tsx";

interface PeriodChoiceProps {
  periods: Period[];
  chosen: string | undefined;
  onChoose: (epoch: string) => void;
}

export function PeriodChoice({ periods, chosen, onChoose }: PeriodChoiceProps) {
  const { dates } = useWording();
  const newestFirst = periods.toSorted((a, b) => (a.epoch < b.epoch ? 1 : -1));
  return (
    <label className="period-choice">
      <span className="visually-hidden">Month</span>
      <select value={chosen} onChange={(event) => onChoose(event.target.value)}>
        {newestFirst.map(({ epoch, status }) => (
          <option key={epoch} value={epoch}>
            {formatEpoch(epoch, dates.locale)}
            {status === "open" ? " (not billed yet)" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}
