import type { ApprovedFacts } from "../core/twin/approval.ts";
import { TWIN_DIMENSIONS, type TwinDimension, type TwinSums } from "../core/twin/twin-sums.ts";
import type { TwinRun } from "./twin-run.ts";

/*
 * The page of `twin --report`: one file without scripts or anything that is fetched, so that it can
 * be filed with the approval. The picture shows by how much each product gains or loses.
 */

const BARS_MAX = 16;
const TITLES: Record<TwinDimension, string> = {
  service: "By service",
  product: "By product",
  customerGroup: "By customer group",
  partner: "By partner: visited network, else the split",
};
const STYLE = `
:root{color-scheme:light dark;--ink:#1a2230;--soft:#5d6878;--line:#d9dee6;--page:#fff;--up:#b4532a;--down:#1f7a6d}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa6b6;--line:#323b48;--page:#141a22;--up:#e8875c;--down:#4fbfae}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
td{font-variant-numeric:tabular-nums}code{font-size:.8rem;overflow-wrap:anywhere}
svg{width:100%;height:auto}text{fill:var(--ink);font:13px system-ui,sans-serif}.soft{color:var(--soft)}`;

export function twinReport(run: TwinRun, facts: Omit<ApprovedFacts, "report">): string {
  const { total } = run.tally;
  const { before, after } = run.currencies;
  const tables = TWIN_DIMENSIONS.map((dimension) =>
    table(TITLES[dimension], [...run.tally.by[dimension]], run),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>What the draft changes</title><style>${STYLE}</style></head><body>
<h1>What the draft changes</h1>
<p>“${escapeHtml(run.names.draft)}” in the place of “${escapeHtml(run.names.tariff)}”:
${count(total.changed)} of ${count(total.records)} records change: ${money(run, total.beforeNano)} ${before} become
${money(run, total.afterNano)} ${after}. Suspended ${count(total.suspendedBefore)} before,
${count(total.suspendedAfter)} after.</p>
${before === after ? picture([...run.tally.by.product], run) : ""}
${tables.join("\n")}
<h2>Largest changes</h2>
<table><tr><th>Record</th><th>Service</th><th>Difference</th></tr>
${run.largest.changes
  .map(
    ({ usageId, service, differenceNano }) =>
      `<tr><td>${escapeHtml(usageId)}</td><td>${escapeHtml(service)}</td><td>${signed(run, differenceNano)}</td></tr>`,
  )
  .join("\n")}</table>
<h2>What was compared</h2>
<p class="soft">Tariff <code>${facts.tariff}</code><br>Draft <code>${facts.draft}</code><br>
Usage <code>${facts.usage.sha256}</code>, ${facts.usage.records} records</p>
</body></html>
`;
}

type Row = [string, TwinSums];

const difference = ([, { beforeNano, afterNano }]: Row): bigint => afterNano - beforeNano;
const size = (row: Row): bigint => {
  const nano = difference(row);
  return nano < 0n ? -nano : nano;
};
const bySize = (a: Row, b: Row): number => (size(a) < size(b) ? 1 : size(a) > size(b) ? -1 : 0);

function table(title: string, rows: Row[], run: TwinRun): string {
  const { before, after } = run.currencies;
  const lines = rows.sort(bySize).map(([name, sums]) => {
    const { records, changed, beforeNano, afterNano } = sums;
    const change = before === after ? `<td>${signed(run, afterNano - beforeNano)}</td>` : "";
    return (
      `<tr><td>${escapeHtml(name)}</td><td>${count(records)}</td><td>${count(changed)}</td>` +
      `<td>${money(run, beforeNano)}</td><td>${money(run, afterNano)}</td>${change}</tr>`
    );
  });
  const last = before === after ? "<th>Difference</th>" : "";
  return (
    `<h2>${title}</h2><table><tr><th></th><th>Records</th><th>Change</th>` +
    `<th>${before}</th><th>${after} by the draft</th>${last}</tr>\n${lines.join("\n")}</table>`
  );
}

/** Bars to the right for what gets dearer, to the left for what gets cheaper. */
function picture(rows: Row[], run: TwinRun): string {
  const shown = rows.filter((row) => difference(row) !== 0n).sort(bySize);
  const bars = shown.slice(0, BARS_MAX);
  const [first] = bars;
  if (first === undefined) return "<p>No product comes to another sum.</p>";
  const largest = size(first);
  const [zero, room, height] = [500, 180, 26];
  const parts = bars.map((row, index) => {
    const [name] = row;
    const nano = difference(row);
    // Thousandths of the room: a picture needs no more, and money stays out of numbers.
    const width = (room * Number((size(row) * 1000n) / largest)) / 1000;
    const y = index * height;
    const x = nano < 0n ? zero - width : zero;
    const label = nano < 0n ? zero + 8 : zero + width + 8;
    return (
      `<text x="300" y="${y + 17}" text-anchor="end">${escapeHtml(name.slice(0, 40))}</text>` +
      `<rect x="${x}" y="${y + 4}" width="${Math.max(width, 1)}" height="${height - 8}" rx="3" ` +
      `style="fill:var(${nano < 0n ? "--down" : "--up"})"/>` +
      `<text x="${label}" y="${y + 17}">${signed(run, nano)}</text>`
    );
  });
  const total = bars.length * height;
  const more = shown.length - bars.length;
  return (
    `<h2>Difference by product</h2><svg viewBox="0 0 860 ${total}" role="img" ` +
    `aria-label="Difference by product, dearer to the right, cheaper to the left">` +
    `<line x1="${zero}" y1="0" x2="${zero}" y2="${total}" style="stroke:var(--line)"/>` +
    `${parts.join("")}</svg>${more > 0 ? `<p class="soft">and ${more} more products</p>` : ""}`
  );
}

/** Thousands are told apart; decimals are left as they are. */
function grouped(number: string): string {
  const [whole = "", decimals] = number.split(".");
  const told = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? told : `${told}.${decimals}`;
}

const count = (records: number): string => grouped(String(records));
const money = (run: TwinRun, nano: bigint): string => grouped(run.money(nano));

function signed(run: TwinRun, nano: bigint): string {
  return `${nano > 0n ? "+" : ""}${money(run, nano)}`;
}

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one] ?? "&#39;",
  );
}
