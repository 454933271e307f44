import type { BreachKind } from "../../node/core/evidence/claim-kind.ts";
import { formatDecimalScaled } from "../../node/core/money/decimal.ts";
import { BREACHES } from "../attack/breaches.ts";
import { type EvidencePack, packAsJson } from "../attack/evidence-pack.ts";
import { Finder } from "../attack/finder.ts";
import { ScriptedOperator, STAKES } from "../attack/scripted-operator.ts";
import { EmbeddedLedger } from "../embedded-ledger.ts";
import { keystoreOf } from "../network/parties.ts";
import type { SampleNetwork } from "../network/sample-network.ts";

export const LIAR = "Fir Mobile";
/** Beside the wrong price of the sample's bill, which is of a kind of its own. */
const KINDS: readonly BreachKind[] = ["chargeNumberReused", "sourceReused", "secondInvoice"];
const TOKEN_DECIMALS = 6;
const WAIT_SECONDS = 20;

/**
 * A third operator joins the sample's ledger and commits what is false; strangers who hold the
 * evidence, each with a key made for one claim, show it to the contracts.
 * @returns one sentence for each, of what was proven and who was paid
 * @throws Error when one of them was not proven, or not paid as the agreement says
 */
export async function catchLiar(
  { ledger, network, directory }: SampleNetwork,
  say: (what: string) => void,
): Promise<string[]> {
  const governor = await (await keystoreOf(directory, "governor")).signer("govern");
  const { chainId } = EmbeddedLedger;
  const joined = { ledger, chainId, contracts: network.contracts, governor, name: LIAR };
  const operator = await ScriptedOperator.join(joined, say);
  const pack: EvidencePack = { chainId, claims: operator.claims, breaches: [] };
  for (const kind of KINDS) {
    const found = await BREACHES[kind]?.(operator);
    if (found !== undefined) pack.breaches.push({ kind, ...found });
  }
  await ledger.releaseTime();
  // Through JSON, as a finder far away would get it.
  const received = JSON.parse(packAsJson(pack)) as EvidencePack;
  const finder = new Finder(ledger.url, received, WAIT_SECONDS);
  try {
    const words: string[] = [];
    for (const breach of received.breaches) {
      say(`claiming ${breach.kind}`);
      const outcome = await finder.play(breach, (claim) => operator.contest(claim));
      const { state, finderPaidUnits, fundPaidUnits } = outcome;
      const isPaid = finderPaidUnits === STAKES.bounty && fundPaidUnits === STAKES.penalty;
      if ((state !== "proven" && state !== "settled") || !isPaid) {
        throw new Error(`${breach.kind}: ${state}, paid ${finderPaidUnits} and ${fundPaidUnits}`);
      }
      const paid = formatDecimalScaled(finderPaidUnits, TOKEN_DECIMALS, 2);
      words.push(`  ${LIAR} ${outcome.story}: proven; who showed it was paid ${paid} EUR.`);
    }
    if (words.length !== KINDS.length) throw new Error(`${words.length} of ${KINDS.length} played`);
    return words;
  } finally {
    finder.close();
    operator.client.close();
  }
}
