/*
 * `npm run attack`: plays every breach that the ledger decides, as somebody would who has nothing but
 * evidence and the URL of a ledger, and prints who was paid what. Without options it brings up a ledger
 * of its own with an operator that lies; with `--rpc` it plays evidence that others collected.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BREACH_KIND, type BreachKind } from "../node/core/evidence/claim-kind.ts";
import { formatDecimalScaled } from "../node/core/money/decimal.ts";
import { BREACHES } from "./attack/breaches.ts";
import { breachesOfBundle } from "./attack/bundle-breaches.ts";
import { type EvidencePack, packAsJson } from "./attack/evidence-pack.ts";
import { Finder, type Outcome } from "./attack/finder.ts";
import { ScriptedOperator, STAKES } from "./attack/scripted-operator.ts";
import { playWithheld } from "./attack/withheld-evidence.ts";
import { EmbeddedLedger } from "./embedded-ledger.ts";
import { Progress } from "./sample/progress.ts";

const HELP = `Usage: npm run attack -- [--json] [--kind KIND]... [--keep FILE]
       npm run attack -- --rpc URL (--evidence FILE | --bundle BUNDLE) [--wait SECONDS] [--json]

  --kind KIND      only these kinds of breach (${Object.keys(BREACH_KIND).join(", ")})
  --keep FILE      write the evidence of the breaches to FILE
  --rpc URL        a running ledger that takes transactions without a fee
  --evidence FILE  evidence as --keep wrote it
  --bundle BUNDLE  a subscriber's bundle: every line that its tariff does not yield is claimed
  --wait SECONDS   how long the operator's answer is waited for (default 60)

Exit code 0 when every breach was proven and everybody was paid as the agreement says, else 1.`;

const TOKEN_DECIMALS = 6;
const NANO_DECIMALS = 9;
const DAYS_BACK_SECONDS = 60 * 86_400;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    kind: { type: "string", multiple: true, default: [] },
    keep: { type: "string" },
    rpc: { type: "string" },
    evidence: { type: "string" },
    bundle: { type: "string" },
    wait: { type: "string", default: "60" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const progress = new Progress();

if (values.help) {
  console.log(HELP);
} else {
  process.exitCode = await (values.rpc === undefined ? playOwn() : playGiven(values.rpc));
}
process.exit();

/** A ledger of our own, an operator that does every wrong, and a finder for each. */
async function playOwn(): Promise<number> {
  const asked = kindsAsked();
  const unplayed = asked.filter((kind) => BREACHES[kind] === undefined);
  if (unplayed.length > 0) return wrongCall(`nobody plays ${unplayed.join(", ")} yet`);
  const directory = await mkdtemp(join(tmpdir(), "tallystick-attack-"));
  const started = Math.floor(Date.now() / 1000) - DAYS_BACK_SECONDS;
  const ledger = new EmbeddedLedger({ directory, port: 0, genesisTimeSeconds: started });
  try {
    await ledger.start();
    await ledger.setTime(started);
    const operator = await ScriptedOperator.start(ledger, EmbeddedLedger.chainId, (what) =>
      progress.step(what),
    );
    const pack: EvidencePack = { chainId: operator.chainId, claims: operator.claims, breaches: [] };
    for (const kind of asked) {
      const found = await BREACHES[kind]?.(operator);
      if (found !== undefined) pack.breaches.push({ kind, ...found });
    }
    if (values.keep !== undefined) await writeFile(values.keep, `${packAsJson(pack)}\n`);
    // Through JSON, as a finder far away would get it.
    const received = JSON.parse(packAsJson(pack)) as EvidencePack;
    const paidAsAgreed = ({ finderPaidUnits, fundPaidUnits }: Outcome) =>
      finderPaidUnits === STAKES.bounty && fundPaidUnits === STAKES.penalty;
    const deny = (claim: string) => operator.contest(claim);
    return await play(ledger.url, received, paidAsAgreed, deny, async () =>
      values.kind.length > 0
        ? []
        : [await playWithheld(operator, "nothing"), await playWithheld(operator, "rubbish")],
    );
  } finally {
    progress.done();
    await ledger.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Evidence that somebody brings, against a ledger that others run. */
async function playGiven(url: string): Promise<number> {
  const file = values.evidence ?? values.bundle;
  if (file === undefined) return wrongCall("--rpc goes with --evidence or --bundle");
  const text = JSON.parse(await readFile(file, "utf8"));
  const pack = values.bundle === undefined ? (text as EvidencePack) : breachesOfBundle(text);
  return play(url, pack, ({ finderPaidUnits }) => finderPaidUnits > 0n);
}

async function play(
  url: string,
  pack: EvidencePack,
  isPaidAsAgreed: (outcome: Outcome) => boolean,
  onLodged?: (claim: string) => Promise<void>,
  more: () => Promise<Outcome[]> = async () => [],
): Promise<number> {
  const finder = new Finder(url, pack, Number(values.wait));
  let played = pack.breaches.length;
  let failed = 0;
  try {
    for (const breach of pack.breaches) {
      progress.step(`claiming ${breach.kind}`);
      const outcome = await finder.play(breach, onLodged);
      progress.done();
      const isRight =
        (outcome.state === "proven" || outcome.state === "settled") &&
        BigInt(breach.expectedDueNano ?? outcome.ownerOwedNano) === outcome.ownerOwedNano &&
        isPaidAsAgreed(outcome);
      if (!isRight) failed++;
      tell(outcome, isRight);
    }
    progress.step("demanding evidence");
    for (const outcome of await more()) {
      progress.done();
      played++;
      const isRight =
        (outcome.state === "withheld" || outcome.state === "rubbish") && isPaidAsAgreed(outcome);
      if (!isRight) failed++;
      tell(outcome, isRight);
    }
  } finally {
    finder.close();
  }
  const passed = played - failed;
  if (values.json) console.log(JSON.stringify({ summary: { proven: passed, failed } }));
  else console.log(`\n${passed} proven and paid, ${failed} not.`);
  return failed === 0 && played > 0 ? 0 : 1;
}

function tell(outcome: Outcome, isRight: boolean): void {
  const { kind, story, state, claim, finder } = outcome;
  const finderPaid = formatDecimalScaled(outcome.finderPaidUnits, TOKEN_DECIMALS, 2);
  const fundPaid = formatDecimalScaled(outcome.fundPaidUnits, TOKEN_DECIMALS, 2);
  const ownerOwed = formatDecimalScaled(outcome.ownerOwedNano, NANO_DECIMALS, 2);
  if (values.json) {
    const gasUsed = Number(outcome.gasUsed);
    const paid = { finderPaid, fundPaid, ownerOwed, currency: "EUR" };
    console.log(
      JSON.stringify({ kind, story, claim, state, finder, ...paid, gasUsed, ok: isRight }),
    );
    return;
  }
  const mark = isRight ? "proven" : `NOT AS IT SHOULD BE (${state})`;
  console.log(`${mark}  ${kind}: the operator ${story}`);
  console.log(
    `        finder ${finder.slice(0, 10)}… was paid ${finderPaid} EUR, the fund ${fundPaid}; ` +
      `owed to the charge's owner: ${ownerOwed}`,
  );
}

function kindsAsked(): BreachKind[] {
  const known = Object.keys(BREACH_KIND) as BreachKind[];
  const unknown = values.kind.filter((kind) => !(known as string[]).includes(kind));
  if (unknown.length > 0) process.exit(wrongCall(`there is no kind ${unknown.join(", ")}`));
  return values.kind.length === 0 ? known : known.filter((kind) => values.kind.includes(kind));
}

function wrongCall(what: string): number {
  process.stderr.write(`${what}\n\n${HELP}\n`);
  return 2;
}
