import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseDecimalNano } from "../../node/core/money/decimal.ts";
import { freePort } from "../network/ports.ts";
import { ChargingCallers } from "./charging-callers.ts";
import { type Answered, ChargingProcess } from "./charging-process.ts";
import { Seeded } from "./seeded.ts";

const ACCOUNTS = Array.from({ length: 40 }, (_, i) => `account-${i}`);
const CALLERS = 24;
const TARIFF = fileURLToPath(new URL("../../samples/tariffs/alder-retail.json", import.meta.url));
const TARIFFS = [{ version: 1, validFrom: "1735686000", file: TARIFF }];
/** Answers that are asked for again after each kill, the newest ones. */
const ASKED_AGAIN = 200;
const ASKED_AT_A_TIME = 50;
const SETTLED_WITHIN_MILLISECONDS = 60_000;

export interface ChargingSoak {
  kills: number;
  answers: number;
  sessions: number;
  /** Answers that a repetition did not get again, sessions without a record, money that is not there. */
  lost: number;
  /** Records that came twice. */
  doubled: number;
  problems: string[];
}

/**
 * Kills a charging node under load, again and again, and asks what it had answered. With an edge, its
 * centre is killed too, so that it charges cut off; both must end with the same sums.
 */
export async function soakCharging(
  seed: number,
  kills: number,
  withEdge: boolean,
): Promise<ChargingSoak> {
  const base = await mkdtemp(join(tmpdir(), "tallystick-charging-soak-"));
  const random = new Seeded(seed);
  const nodes = await startNodes(base, withEdge);
  try {
    const { centre, edge } = nodes;
    const callers = new ChargingCallers(edge, centre, ACCOUNTS, random);
    // Some have money for the whole run, some for a call or two.
    await Promise.all(
      ACCOUNTS.map((account, i) => callers.pay(account, i % 4 === 0 ? 150 : 100_000)),
    );
    if (withEdge) await untilSliced(edge, callers.problems);
    callers.start(CALLERS);
    const soak: ChargingSoak = {
      kills: 0,
      answers: 0,
      sessions: 0,
      lost: 0,
      doubled: 0,
      problems: callers.problems,
    };
    for (; soak.kills < kills; soak.kills++) {
      await sleep(50 + random.below(900));
      const victim = random.chance(0.3) ? centre : edge;
      await victim.kill();
      if (victim !== edge) await sleep(random.below(1_500));
      await victim.start();
      await askAgain(edge, callers.answered.slice(-ASKED_AGAIN), soak);
    }
    await callers.stop();
    await edge.kill();
    await edge.start();
    await askAgain(edge, callers.answered, soak);
    soak.answers = callers.answered.length;
    soak.sessions = callers.charged.size;
    await checkBooks(centre, callers, soak);
    return soak;
  } finally {
    await nodes.edge.kill();
    await nodes.centre.kill();
    await rm(base, { recursive: true, force: true });
  }
}

async function startNodes(
  base: string,
  withEdge: boolean,
): Promise<{ centre: ChargingProcess; edge: ChargingProcess }> {
  const port = await freePort(0);
  const common = { tariffs: TARIFFS };
  const centre = await ChargingProcess.begin(join(base, "centre"), {
    ...common,
    name: "centre",
    http: { port },
  });
  if (!withEdge) return { centre, edge: centre };
  const edge = await ChargingProcess.begin(join(base, "edge"), {
    ...common,
    name: "edge-1",
    http: { port: 0 },
    centre: {
      url: `http://127.0.0.1:${port}`,
      tokenFile: "../centre/operator.token",
      everySeconds: 1,
    },
    slices: ACCOUNTS.map((account) => ({ account, amount: "20.00" })),
  });
  return { centre, edge };
}

/** The same request again is answered exactly as before. */
async function askAgain(
  node: ChargingProcess,
  answered: readonly Answered[],
  soak: ChargingSoak,
): Promise<void> {
  for (let from = 0; from < answered.length; from += ASKED_AT_A_TIME) {
    const some = answered.slice(from, from + ASKED_AT_A_TIME);
    const again = await Promise.all(
      some.map(({ path, body }) => node.ask("PUT", path, body).then(({ text }) => text, String)),
    );
    for (const [at, { path, text }] of some.entries()) {
      if (again[at] === text) continue;
      soak.lost += 1;
      soak.problems.push(`${path}: answered ${text}, then ${again[at]}`);
    }
  }
}

/** Sums exact to the nano-unit, and each session's record once, with what its caller was told. */
async function checkBooks(
  centre: ChargingProcess,
  callers: ChargingCallers,
  soak: ChargingSoak,
): Promise<void> {
  const spent = new Map<string, bigint>();
  for (const { account, nano } of callers.charged.values()) {
    spent.set(account, (spent.get(account) ?? 0n) + nano);
  }
  await untilSettled(centre, spent, callers.charged.size, soak.problems);
  for (const found of await accountsOf(centre)) {
    const [balance, reserved, gone, toppedUp, paidOut] = (
      ["balance", "reserved", "spent", "toppedUp", "paidOut"] as const
    ).map((field) => parseDecimalNano(found[field])) as [bigint, bigint, bigint, bigint, bigint];
    const { account } = found;
    const tell = (what: string): void => {
      soak.lost += 1;
      soak.problems.push(`${account}: ${what}: ${JSON.stringify(found)}`);
    };
    if (balance + reserved + gone !== toppedUp - paidOut) tell("sums differ");
    if (toppedUp !== callers.paid.get(account)) tell("payments differ");
    if (gone !== (spent.get(account) ?? 0n)) tell(`callers were charged ${spent.get(account)}`);
    if (balance < 0n) tell("a balance below the policy");
  }
  const seen = new Set<string>();
  for (const { usage, charged } of await recordsOf(centre)) {
    if (seen.has(usage.id)) soak.doubled += 1;
    seen.add(usage.id);
    const told = callers.charged.get(usage.id)?.nano;
    if (told === parseDecimalNano(charged)) continue;
    soak.lost += 1;
    soak.problems.push(`${usage.id}: its caller was told ${told}, its record says ${charged}`);
  }
  for (const session of callers.charged.keys()) {
    if (seen.has(session)) continue;
    soak.lost += 1;
    soak.problems.push(`${session}: no record`);
  }
}

async function untilSliced(edge: ChargingProcess, problems: string[]): Promise<void> {
  await until("the edge has a slice of each account", problems, async () => {
    const accounts = await accountsOf(edge);
    return accounts.length === ACCOUNTS.length && accounts.every((one) => one.balance !== "0.00");
  });
}

/** The edge hands over what it charged, a part each second. */
async function untilSettled(
  centre: ChargingProcess,
  spent: Map<string, bigint>,
  records: number,
  problems: string[],
) {
  const whole = [...spent.values()].reduce((sum, one) => sum + one, 0n);
  await until("the centre has all that the edge charged", problems, async () => {
    const accounts = await accountsOf(centre);
    if (accounts.reduce((sum, one) => sum + parseDecimalNano(one.spent), 0n) !== whole)
      return false;
    return (await recordsOf(centre)).length >= records;
  });
}

/** Waits so long and no longer, and says what did not come. */
async function until(
  what: string,
  problems: string[],
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + SETTLED_WITHIN_MILLISECONDS;
  while (!(await holds())) {
    if (performance.now() > end) {
      problems.push(`${SETTLED_WITHIN_MILLISECONDS / 1000} s were not enough until ${what}`);
      return;
    }
    await sleep(200);
  }
}

type Money = Record<"account" | "balance" | "reserved" | "spent" | "toppedUp" | "paidOut", string>;

async function accountsOf(node: ChargingProcess): Promise<Money[]> {
  return JSON.parse((await node.ask("GET", "/accounts")).text).accounts;
}

interface SessionRecord {
  number: number;
  usage: { id: string };
  charged: string;
}

async function recordsOf(node: ChargingProcess): Promise<SessionRecord[]> {
  const found: SessionRecord[] = [];
  for (;;) {
    const after = found.at(-1)?.number ?? 0;
    const { records } = JSON.parse((await node.ask("GET", `/records?after=${after}`)).text);
    if (records.length === 0) return found;
    found.push(...records);
  }
}
