import type { Hex } from "../../../node/core/bytes.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import type { Bundle } from "../../../node/core/evidence/bundle.ts";
import {
  type LedgerFacts,
  neededFacts,
  sealKey,
} from "../../../node/core/evidence/ledger-facts.ts";
import { mergeFacts, type SourceAnswer } from "../../../node/core/evidence/merge-facts.ts";
import { AGREEMENTS, BOOKS, MEMBERS, TARIFFS } from "./contract-reads.ts";
import { LedgerEndpoint } from "./rpc.ts";

/** Reads in flight at one end point. */
const PARALLEL_READS = 8;

export interface LedgerReading {
  facts: LedgerFacts;
  unreachable: { member: string; url: string; because: string }[];
  /** Where the end points contradict each other, in words. */
  problems: string[];
}

/**
 * Asks every end point that the bundle names for the same facts, and says who agrees. A ledger that
 * is away is no error here: what could be read is judged, the rest is named.
 * @param onProgress facts read so far, over all end points
 */
export async function readLedger(
  bundle: Bundle,
  onProgress: (done: number, total: number) => void,
): Promise<LedgerReading> {
  const { endpoints } = bundle.ledger;
  const needed = neededFacts(bundle);
  const total =
    endpoints.length *
    (needed.seals.length + needed.tariffVersions.length + needed.keys.length + 1);
  let done = 0;
  const step = () => onProgress(++done, total);
  const outcomes = await Promise.allSettled(
    endpoints.map(({ member, url }) => readOne(bundle, member, url, step)),
  );
  const answers: SourceAnswer[] = [];
  const unreachable: LedgerReading["unreachable"] = [];
  outcomes.forEach((outcome, i) => {
    const { member, url } = endpoints[i] ?? { member: "", url: "" };
    if (outcome.status === "fulfilled") answers.push(outcome.value);
    else unreachable.push({ member, url, because: String(outcome.reason?.message ?? "") });
  });
  const { facts, problems } = mergeFacts(answers);
  return { facts, unreachable, problems: problems.map(({ message }) => message) };
}

async function readOne(
  bundle: Bundle,
  member: string,
  url: string,
  step: () => void,
): Promise<SourceAnswer> {
  const endpoint = new LedgerEndpoint(url);
  await requireSameChain(endpoint, bundle.ledger.chainId);
  const { books, tariffs } = bundle.ledger.contracts;
  const block = await readableBlock(endpoint, bundle.ledger.kind);
  const needed = neededFacts(bundle);
  const answer: SourceAnswer = {
    member,
    url,
    finalizedBlock: BigInt(block),
    seals: {},
    tariffs: {},
  };
  await inParallel(needed.seals, async ({ domain, sequence }) => {
    const data = BOOKS.encodeFunctionData("sealOf", [domain, sequence]);
    const result = await endpoint.call(books, data, block);
    const seal = String(BOOKS.decodeFunctionResult("sealOf", result)[0]) as Hex;
    if (!/^0x0*$/.test(seal)) answer.seals[sealKey(domain, sequence)] = seal;
    step();
  });
  await inParallel(needed.tariffVersions, async (version) => {
    const data = TARIFFS.encodeFunctionData("versionAt", [
      bundle.agreement,
      bundle.operator.id,
      version,
    ]);
    // A version that the registry does not have makes the read fail; it is simply not there.
    const result = await endpoint.call(tariffs, data, block).catch((error) => {
      if (error?.code === "ledger.reverted") return undefined;
      throw error;
    });
    if (result !== undefined) {
      const [published] = TARIFFS.decodeFunctionResult("versionAt", result);
      answer.tariffs[String(version)] = {
        root: String(published.root) as Hex,
        validFrom: String(published.validFrom),
      };
    }
    step();
  });
  const keys: Record<Hex, Hex> = {};
  await inParallel(needed.keys, async (key) => {
    const data = MEMBERS.encodeFunctionData("memberOf", [key]);
    const result = await endpoint.call(bundle.ledger.contracts.members, data, block);
    const member = String(MEMBERS.decodeFunctionResult("memberOf", result)[0]) as Hex;
    if (!/^0x0*$/.test(member)) keys[key] = member;
    step();
  });
  answer.keys = keys;
  const windows = await endpoint.call(
    bundle.ledger.contracts.agreements,
    AGREEMENTS.encodeFunctionData("windowsOf", [bundle.agreement]),
    block,
  );
  const [{ recordAgeMax }] = AGREEMENTS.decodeFunctionResult("windowsOf", windows);
  answer.maxRecordAgeSeconds = String(recordAgeMax);
  step();
  return answer;
}

async function requireSameChain(endpoint: LedgerEndpoint, chainId: string): Promise<void> {
  const served = BigInt(String(await endpoint.request("eth_chainId", [])));
  if (served === BigInt(chainId)) return;
  throw new TallystickError(
    "ledger.wrong-chain",
    `It serves chain ${served}, the evidence is of chain ${chainId}.`,
  );
}

/**
 * All reads are made at one block. A consortium's ledger says which block is final; engines with
 * Byzantine fault tolerant consensus do not know the tag, and their newest block is final. One that a
 * single member runs has no finality beyond that member's word.
 */
async function readableBlock(endpoint: LedgerEndpoint, kind: "embedded" | "consortium") {
  for (const tag of kind === "consortium" ? ["finalized", "latest"] : ["latest"]) {
    const block = await endpoint
      .request("eth_getBlockByNumber", [tag, false])
      .catch((error: unknown) => {
        if (tag === "latest") throw error;
        return null;
      });
    if (typeof block === "object" && block !== null && "number" in block) {
      return String(block.number);
    }
  }
  throw new TallystickError("ledger.unreachable", "The end point has no block yet.");
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, worker));
}
