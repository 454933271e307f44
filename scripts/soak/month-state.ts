import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { isRecord } from "../../node/core/formats/inspect-line.ts";
import { recogniseFormat } from "../../node/core/formats/registry.ts";
import type { StoreCheck } from "../../node/engine/check/check-store.ts";
import type { PipelineStatus } from "../../node/engine/pipeline-status.ts";
import type { Account } from "../../node/engine/store/stored-types.ts";
import { LedgerClient } from "../network/ledger-client.ts";
import { type NetworkFile, networkFile, readJsonFile } from "../network/network-file.ts";
import { keysOf } from "../network/parties.ts";
import { ZONE } from "../network/sample-network.ts";

const ATTEMPTS_MAX = 60;
const ATTEMPT_PAUSE_MS = 500;

const OPERATORS = ["alder", "birch"] as const;
type Operator = (typeof OPERATORS)[number];

/** Records of the input files against charges of the books; anything but zeros is a defect. */
export interface Balance {
  records: number;
  lost: number;
  doubled: number;
}

/**
 * Everything about a played month that must not depend on how often it was interrupted: no
 * sequence number, no block, no time; money, counts, states.
 */
export interface MonthState {
  books: Record<Operator, { kind: number; count: string; sumNano: string; pending: string }[]>;
  suspended: Record<Operator, number>;
  accounts: Record<string, { lines: number; totalNano: string; invoiceNano: string | undefined }>;
  statements: { chargesNano: string; creditsNano: string; payableNano: string; state: string }[];
  paidOut: Record<string, string>;
  fsck: Record<Operator, StoreCheck["problems"]>;
}

/** Asks the nodes and the ledger of a running sample network. */
export async function readMonthState(
  directory: string,
): Promise<{ state: MonthState; balance: Balance }> {
  const network = (await readJsonFile<NetworkFile>(networkFile(directory))) as NetworkFile;
  const state: MonthState = {
    books: { alder: [], birch: [] },
    suspended: { alder: 0, birch: 0 },
    accounts: {},
    statements: [],
    paidOut: {},
    fsck: { alder: [], birch: [] },
  };
  const balance = { records: 0, lost: 0, doubled: 0 };
  for (const operator of OPERATORS) {
    const ask = await asker(directory, operator);
    const status = await ask<PipelineStatus>("status");
    state.books[operator] = status.books
      .map(({ kind, runningCount, runningSumNano, pending }) => ({
        kind,
        count: runningCount,
        sumNano: runningSumNano,
        pending,
      }))
      .sort((a, b) => a.kind - b.kind);
    state.suspended[operator] = status.suspended;
    let check = await ask<StoreCheck | { progress: object }>("fsck", "POST");
    while ("progress" in check) {
      await sleep(ATTEMPT_PAUSE_MS);
      check = await ask("fsck");
    }
    state.fsck[operator] = check.problems;
    const records = await billableRecords(directory, operator);
    const charges = Number(state.books[operator][0]?.count);
    const missing = records - charges - status.suspended;
    balance.records += records;
    balance.lost += Math.max(0, missing);
    balance.doubled += Math.max(0, -missing);
  }
  const ask = await asker(directory, "alder");
  for (const { id } of (await ask<{ accounts: Account[] }>("accounts")).accounts) {
    const bundle = await ask<Bundle>(`evidence?account=${id}&period=${network.month}`);
    const total = bundle.charges.reduce((sum, { amountNano }) => sum + BigInt(amountNano), 0n);
    state.accounts[id] = {
      lines: bundle.charges.length,
      totalNano: total.toString(),
      invoiceNano: bundle.invoice?.chargesNano,
    };
  }
  await readLedger(directory, network, state);
  return { state, balance };
}

async function readLedger(
  directory: string,
  network: NetworkFile,
  state: MonthState,
): Promise<void> {
  const config = await nodeConfig(directory, "alder");
  const client = new LedgerClient(
    config.ledger.urls[0] as string,
    network.chainId,
    network.contracts,
  );
  try {
    const count = Number(await client.read("statements", "statementCount"));
    for (let ordinal = 1; ordinal <= count; ordinal++) {
      const id = await client.read("statements", "statementAt", ordinal);
      const found = await client.read("statements", "statementOf", id);
      const [chargesNano, creditsNano, payableNano, stateName] = [
        found.chargesNano,
        found.creditsNano,
        found.payableNano,
        found.state,
      ].map(String) as [string, string, string, string];
      state.statements.push({ chargesNano, creditsNano, payableNano, state: stateName });
    }
    const { token } = network.contracts;
    for (const party of ["alder", "birch", "cedar"]) {
      const { settle } = await keysOf(directory, party);
      const member = network.members[party];
      const owned = await client.read("token", "balanceOf", settle.address);
      const waiting = await client.read("settlement", "withdrawableOf", token, member);
      state.paidOut[party] = `${owned} and ${waiting} to withdraw`;
    }
  } finally {
    client.close();
  }
}

async function asker(directory: string, operator: Operator) {
  const token = (await readFile(join(directory, operator, "operator.token"), "utf8")).trim();
  return async <T>(path: string, method: "GET" | "POST" = "GET"): Promise<T> => {
    const response = await askServing(directory, operator, path, { token, method });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return (await response.json()) as T;
  };
}

/** A node whose last kill was a moment ago is on its way back, perhaps at another port. */
async function askServing(
  directory: string,
  operator: Operator,
  path: string,
  { token, method }: { token: string; method: string },
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const serving = await readJsonFile<{ url: string }>(join(directory, operator, "serving.json"));
    const headers = { authorization: `Bearer ${token}` };
    try {
      return await fetch(`${serving?.url}/v1/operator/${path}`, { headers, method });
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
      await sleep(ATTEMPT_PAUSE_MS);
    }
  }
}

async function nodeConfig(directory: string, operator: Operator) {
  const file = join(directory, operator, "node.json");
  return (await readJsonFile<{ sourceName: string; ledger: { urls: string[] } }>(file)) as {
    sourceName: string;
    ledger: { urls: string[] };
  };
}

/** Counted from the file itself, by id, without the engine. */
async function billableRecords(directory: string, operator: Operator): Promise<number> {
  const name = `${operator}-Master.csv`;
  const bytes = await readFile(join(directory, "sample", name));
  const format = recogniseFormat(bytes.subarray(0, 65_536), name);
  if (format.kind !== "usage") throw new Error(`${name} is no usage`);
  const { sourceName } = await nodeConfig(directory, operator);
  const chunks = (async function* () {
    yield bytes;
  })();
  const ids = new Set<string>();
  for await (const line of format.parse(chunks, { file: name, zone: ZONE, sourceName })) {
    if (isRecord(line) && line.billable) ids.add(line.id);
  }
  return ids.size;
}
