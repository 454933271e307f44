import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import { type LedgerFacts, neededFacts, sealKey } from "../core/evidence/ledger-facts.ts";
import { type FactProblem, mergeFacts, type SourceAnswer } from "../core/evidence/merge-facts.ts";
import { EvmReader, quantity } from "./evm-reader.ts";
import { EvmRpc } from "./evm-rpc.ts";

export interface FactEndpoint {
  member: string;
  url: string;
}

export interface FactReadingOptions {
  /**
   * The contracts that the reader knows to be the consortium's. A bundle names them itself, so
   * without this it could name others that say what it likes.
   */
  contracts?: Bundle["ledger"]["contracts"];
  timeoutMilliseconds?: number;
}

const TIMEOUT_MILLISECONDS = 10_000;
/** Questions on their way to one end point at a time. */
const IN_FLIGHT_MAX = 16;

/**
 * Asks each end point by itself for what the bundle's check needs, at its newest final block, and
 * merges the answers. An end point that fails is a problem, not an error: the others decide.
 * @throws TallystickError `facts.other-contracts` when the bundle names others than the given ones,
 *   `ledger.unreachable` when no end point gave an answer
 */
export async function readLedgerFacts(
  bundle: Bundle,
  endpoints: readonly FactEndpoint[],
  options: FactReadingOptions = {},
): Promise<{ facts: LedgerFacts; problems: FactProblem[] }> {
  assertSameContracts(bundle, options.contracts);
  const timeoutMilliseconds = options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS;
  const answers: SourceAnswer[] = [];
  const failures: FactProblem[] = [];
  await Promise.all(
    endpoints.map(async (endpoint) => {
      try {
        answers.push(await askEndpoint(bundle, endpoint, timeoutMilliseconds));
      } catch (error) {
        failures.push(failureOf(endpoint, error));
      }
    }),
  );
  if (answers.length === 0) {
    const reasons = failures.map(({ message }) => message).join(" ");
    throw new TallystickError(
      "ledger.unreachable",
      `No end point of the ledger gave an answer. ${reasons} Try again later, or check offline with --trust.`,
    );
  }
  const order = (answer: SourceAnswer) => endpoints.findIndex(({ url }) => url === answer.url);
  answers.sort((a, b) => order(a) - order(b));
  const { facts, problems } = mergeFacts(answers);
  return { facts, problems: [...failures, ...problems] };
}

async function askEndpoint(
  bundle: Bundle,
  { member, url }: FactEndpoint,
  timeoutMilliseconds: number,
): Promise<SourceAnswer> {
  const chainId = BigInt(bundle.ledger.chainId);
  const rpc = new EvmRpc({ urls: [url], timeoutMilliseconds });
  try {
    const served = BigInt((await rpc.ask("eth_chainId", [])) as string);
    if (served !== chainId) {
      throw new TallystickError(
        "ledger.wrong-chain",
        `${url} serves chain ${served}, the bundle is of chain ${chainId}.`,
      );
    }
    const block = await finalBlockOf(rpc, bundle.ledger.kind);
    const { books, tariffs, agreements, members } = bundle.ledger.contracts;
    const contracts = { books, tariffs, agreements, members };
    const reader = new EvmReader(rpc, contracts, quantity(block));
    return { member, url, finalizedBlock: block, ...(await factsFrom(reader, bundle)) };
  } finally {
    rpc.close();
  }
}

async function factsFrom(
  reader: EvmReader,
  bundle: Bundle,
): Promise<Pick<SourceAnswer, "seals" | "tariffs" | "keys" | "maxRecordAgeSeconds">> {
  const needed = neededFacts(bundle);
  const seals: SourceAnswer["seals"] = {};
  await eachBounded(needed.seals, async ({ domain, sequence }) => {
    const seal = await reader.sealOf(domain, BigInt(sequence));
    if (seal !== undefined) seals[sealKey(domain, sequence)] = seal;
  });
  const tariffs: SourceAnswer["tariffs"] = {};
  await eachBounded(needed.tariffVersions, async (version) => {
    const found = await reader.tariff(bundle.agreement, bundle.operator.id, version);
    if (found === undefined) return;
    tariffs[version] = { root: found.root, validFrom: found.validFrom.toString() };
  });
  const keys: Record<Hex, Hex> = {};
  for (const key of needed.keys) {
    const member = await reader.memberOf(key);
    if (member !== undefined) keys[key] = member;
  }
  const terms = await reader.agreementTerms(bundle.agreement);
  return {
    seals,
    tariffs,
    keys,
    ...(terms === undefined ? {} : { maxRecordAgeSeconds: terms.recordAgeMaxSeconds.toString() }),
  };
}

/**
 * The embedded ledger never undoes a block. Elsewhere the tag "finalized" says what is final; engines
 * with Byzantine fault tolerant consensus do not know the tag, and their newest block is final.
 */
async function finalBlockOf(rpc: EvmRpc, kind: Bundle["ledger"]["kind"]): Promise<bigint> {
  const tags = kind === "embedded" ? ["latest"] : ["finalized", "latest"];
  for (const tag of tags) {
    const block = await rpc.ask("eth_getBlockByNumber", [tag, false]).catch((error: unknown) => {
      if (tag === "latest") throw error;
      return null;
    });
    if (block !== null) return BigInt((block as { number: Hex }).number);
  }
  throw new TallystickError("ledger.unreachable", "The end point has no block yet.");
}

async function eachBounded<T>(items: readonly T[], work: (item: T) => Promise<void>) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, worker));
}

function assertSameContracts(bundle: Bundle, known: FactReadingOptions["contracts"]): void {
  for (const [name, address] of Object.entries(known ?? {})) {
    const named = bundle.ledger.contracts[name as keyof typeof bundle.ledger.contracts];
    if (address === undefined || named === address.toLowerCase()) continue;
    throw new TallystickError(
      "facts.other-contracts",
      `The bundle names ${named} as the contract "${name}", you know it as ${address}. Do not trust it.`,
      { field: `ledger.contracts.${name}` },
    );
  }
}

function failureOf({ member, url }: FactEndpoint, error: unknown): FactProblem {
  const code = error instanceof TallystickError ? error.code : "ledger.answer-unexpected";
  const why = error instanceof TallystickError ? error.message : "Its answer makes no sense.";
  return { code, message: `The end point ${url} of ${member} gave no answer: ${why}`, member, url };
}
