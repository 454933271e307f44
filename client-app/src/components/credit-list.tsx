import type { CheckedBill } from "../model/checked-bill.ts";
import { creditNumber } from "../model/dispute-words.ts";
import { formatMoment } from "../model/time-words.ts";
import { useWording } from "../state/locale.tsx";
import { Icon } from "./icon.tsx";

/** What came back: credits that stand in the operator's book. */
export function CreditList({ bill }: { bill: CheckedBill }) {
  const { money, dates } = useWording();
  return (
    <section className="credits" aria-labelledby="credits-title">
      <h2 id="credits-title">Your credits</h2>
      <ul>
        {bill.credits.map((credit) => (
          <li key={credit.line}>
            <Icon name="credit" />
            <span>
              <strong>Credit no. {creditNumber(credit.line)}</strong>
              {credit.correctsLine === undefined ? "" : ` for line ${credit.correctsLine}`}
              {credit.committedAt === undefined ? null : (
                <span className="quiet">
                  {" "}
                  recorded on {formatMoment(credit.committedAt, dates)}
                </span>
              )}
            </span>
            <span className="credit-amount">{money(credit.amountNano)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
