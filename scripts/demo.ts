/*
 * `npm run demo`: the story of `npm start` on the command line, from an empty folder to a settled
 * dispute, with the commands that anyone can call. Ends with exit code 0.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHex } from "../node/core/bytes.ts";
import { accessToken } from "../node/core/evidence/access-link.ts";
import { formatDecimalScaled } from "../node/core/money/decimal.ts";
import { LedgerClient } from "./network/ledger-client.ts";
import { keysOf, PARTIES } from "./network/parties.ts";
import { SampleNetwork } from "./network/sample-network.ts";
import { BOND_UNITS, PLAY_MONEY_UNITS } from "./network/set-up-network.ts";
import { catchLiar, LIAR } from "./sample/catch-liar.ts";
import { SampleMonth } from "./sample/play-month.ts";
import { Progress } from "./sample/progress.ts";
import { sampleLink } from "./sample/tell-story.ts";

const CHECKOUT = fileURLToPath(new URL("..", import.meta.url));
const WRONG_LINE = "9";
const TOKEN_DECIMALS = 6;
/** What the set-up's play money left each of them with, before anyone paid. */
const PLAY_MONEY_LEFT = { birch: PLAY_MONEY_UNITS - BOND_UNITS, cedar: 0n };
const progress = new Progress();

/** Runs a command as a person would, and shows it with its output. */
async function run(expectedCode: number, shown: string[], hidden: string[] = []): Promise<void> {
  progress.done();
  console.log(`\n$ bin/tallystick ${shown.join(" ")}`);
  const child = spawn(join(CHECKOUT, "bin/tallystick"), [...shown, ...hidden], {
    stdio: ["ignore", "inherit", "inherit"],
    cwd: directory,
  });
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (code !== expectedCode) {
    throw new Error(`tallystick ${shown[0]} ended with ${code}, expected ${expectedCode}`);
  }
}

const chapter = (text: string): void => {
  progress.done();
  console.log(`\n== ${text}`);
};

const directory = await mkdtemp(join(tmpdir(), "tallystick-demo-"));
let sample: SampleNetwork | undefined;
try {
  chapter("Two operators, a partner and an arbiter on one embedded ledger; last month is played");
  sample = await SampleNetwork.start({
    directory,
    ports: { ledger: 0, alder: 0, birch: 0 },
    say: (text) => progress.say(text),
    progress: (text) => progress.step(text),
  });
  await new SampleMonth(sample, (text) => progress.step(text)).play();
  await sample.goLive();
  const { month } = sample.network;
  const data = ["--data", directory];
  await run(0, ["status"], data);

  chapter("The subscriber gets the bill, and compares it with the phone");
  await writeFile(join(directory, "link.txt"), `${await sampleLink(sample)}\n`, { mode: 0o600 });
  await run(
    0,
    ["evidence", "--account", "sample", "--period", month, "--out", "bundle.json"],
    data,
  );
  await writeFile(join(directory, "bill.csv"), await billOf(sample, month));
  const tariff = join(CHECKOUT, "samples/tariffs/alder-retail.json");
  const zone = ["--zone", "Europe/Berlin"];
  const log = ["--device-log", "sample/calls.xml"];
  await run(1, ["check-bill", "--bill", "bill.csv", ...log, "--tariff", tariff, ...zone]);

  chapter("Was every line committed before the bill, and does every price follow from the tariff?");
  await run(1, ["verify", "bundle.json"]);
  await run(1, ["explain", "bundle.json", "--line", WRONG_LINE]);

  chapter(`${PARTIES.alder.name} contests; the ledger prices the call again and decides`);
  const place = ["bundle.json", "--line", WRONG_LINE, "--secret-file", "link.txt"];
  await run(0, ["dispute", ...place, "--node", sample.birch.url, "--wait"]);
  await run(0, ["evidence", "--account", "sample", "--period", month, "--out", "after.json"], data);
  await run(0, ["verify", "after.json"]);

  chapter(`${LIAR} joins, and lies; strangers show it, and the ledger decides without a vote`);
  for (const sentence of await catchLiar(sample, (text) => progress.step(text))) {
    progress.done();
    console.log(sentence);
  }

  chapter("The operators settled, and the partner drew its share");
  console.log(await settlementWords(sample));
  progress.done();
  console.log("\nThat was the whole path. `npm start` shows it in a browser.");
} catch (error) {
  progress.done();
  process.exitCode = 1;
  process.stderr.write(`The demo failed: ${error instanceof Error ? error.message : error}\n`);
} finally {
  await sample?.stop();
  await rm(directory, { recursive: true, force: true });
}
process.exit();

async function billOf({ alder }: SampleNetwork, month: string): Promise<string> {
  const { accounts } = await alder.ask("GET", "accounts");
  const { accessSecret } = accounts.find(({ id }: { id: string }) => id === "sample");
  const response = await fetch(`${alder.url}/v1/bill.csv?period=${month}`, {
    headers: { authorization: `Bearer ${accessToken(fromHex(accessSecret))}` },
  });
  return response.text();
}

async function settlementWords({ ledger, network }: SampleNetwork): Promise<string> {
  const client = new LedgerClient(ledger.url, network.chainId, network.contracts);
  try {
    const lines: string[] = [];
    for (const [party, words] of [
      ["birch", "for bringing Alder's calls to their end"],
      ["cedar", "as its share of Alder's retail revenue"],
    ] as const) {
      const { settle } = await keysOf(directory, party);
      const units: bigint = await client.read("token", "balanceOf", settle.address);
      const paid = formatDecimalScaled(units - PLAY_MONEY_LEFT[party], TOKEN_DECIMALS, 2);
      lines.push(`  ${PARTIES[party].name} was paid ${paid} EUR ${words}.`);
    }
    return lines.join("\n");
  } finally {
    client.close();
  }
}
