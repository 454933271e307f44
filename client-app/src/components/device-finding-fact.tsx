import { type BillLineView, verdictOf } from "../model/bill-line-view.ts";
import type { DeviceComparison } from "../model/checked-bill.ts";
import { formatNumber } from "../model/party-words.ts";
import { formatClock, formatDuration } from "../model/time-words.ts";
import { VERDICT_WORDS } from "../model/verdict-words.ts";
import { useWording } from "../state/locale.tsx";
import { Fact } from "./line-detail.tsx";

interface DeviceFindingFactProps {
  line: BillLineView;
  device: DeviceComparison | undefined;
}

/** What the phone's own log says, beside what the bill says. */
export function DeviceFindingFact({ line, device }: DeviceFindingFactProps) {
  const finding = line.device;
  if (device === undefined || finding === undefined) {
    return (
      <Fact icon="phone" title="What your phone says" ok={null}>
        <p>Add your phone's call log above to compare this line with it.</p>
      </Fact>
    );
  }
  // Where only the price is in question, the phone and the bill tell of the same call.
  const onlyPrice = finding.verdict === "price-differs" && line.evidence !== undefined;
  const { tone } = onlyPrice ? VERDICT_WORDS.matched : VERDICT_WORDS[finding.verdict];
  return (
    <Fact
      icon="phone"
      title="What your phone says"
      ok={tone === "right" ? true : tone === "wrong" ? false : null}
    >
      <p>{onlyPrice ? "Your phone has the same call. Only its price differs." : finding.because}</p>
      {finding.entry === undefined ? null : <Comparison line={line} />}
      {verdictOf(line) === finding.verdict ? null : (
        <p className="quiet">{VERDICT_WORDS[finding.verdict].label}.</p>
      )}
    </Fact>
  );
}

/** Written with or without country code, and in groups or not. */
function sameNumber(bill: string, phone: string | undefined): boolean {
  const last = (number: string) => number.replaceAll(/\D/g, "").slice(-7);
  return phone !== undefined && last(bill) === last(phone);
}

function Comparison({ line }: { line: BillLineView }) {
  const { dates } = useWording();
  const entry = line.device?.entry;
  if (entry === undefined) return null;
  const rows: [string, string, string][] = [
    ["Starts", formatClock(line.start ?? Number.NaN, dates), formatClock(entry.start, dates)],
  ];
  if (line.durationMilliseconds !== undefined && entry.durationMilliseconds !== undefined) {
    rows.push([
      "Lasts",
      formatDuration(line.durationMilliseconds),
      formatDuration(entry.durationMilliseconds),
    ]);
  }
  if (line.otherParty !== undefined && !sameNumber(line.otherParty, entry.number)) {
    rows.push([
      "Number",
      formatNumber(line.otherParty),
      entry.number === undefined ? "withheld" : formatNumber(entry.number),
    ]);
  }
  return (
    <table className="comparison">
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">What</span>
          </th>
          <th scope="col">Bill</th>
          <th scope="col">Phone</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([what, bill, phone]) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td>{bill}</td>
            <td>{phone}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
