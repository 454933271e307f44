import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TallystickError } from "../../node/core/errors.ts";
import { billingEpoch, epochBefore, epochOfInstant } from "../../node/engine/bill/billing-epoch.ts";
import { EmbeddedLedger } from "../embedded-ledger.ts";
import { moveAsteriskCsv, moveCallLog, movedUniqueId, shiftDays } from "../sample/move-to-month.ts";
import {
  type AgreementOnLedger,
  type NetworkFile,
  networkFile,
  readJsonFile,
  writeJsonFile,
} from "./network-file.ts";
import { OperatorProcess } from "./operator-process.ts";
import { PARTIES } from "./parties.ts";
import { freePort } from "./ports.ts";
import { setUpNetwork, TARIFF_FILES } from "./set-up-network.ts";

export const ZONE = "Europe/Berlin";
const DAY = 86_400;
const SAMPLES = new URL("../../samples/", import.meta.url);
const CADENCE_SECONDS = 15;

export interface SampleNetworkOptions {
  directory: string;
  ports: { ledger: number; alder: number; birch: number };
  /** For people, one sentence. */
  say: (text: string) => void;
  /** For people who wait. */
  progress: (text: string) => void;
  /** Into which folder Alder's node publishes evidence after each bill; none unless given. */
  publishTo?: string;
}

/**
 * The embedded ledger and one node for each of two operators, on this machine, with the sample
 * network's members, agreements and tariffs. A second start finds everything again.
 */
export class SampleNetwork {
  readonly ledger: EmbeddedLedger;
  readonly network: NetworkFile;
  readonly directory: string;
  readonly #options: SampleNetworkOptions;
  #alder: OperatorProcess | undefined;
  #birch: OperatorProcess | undefined;

  private constructor(options: SampleNetworkOptions, ledger: EmbeddedLedger, network: NetworkFile) {
    this.#options = options;
    this.directory = options.directory;
    this.ledger = ledger;
    this.network = network;
  }

  static async start(options: SampleNetworkOptions): Promise<SampleNetwork> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const month = await monthOf(options.directory);
    const { fromMilliseconds } = billingEpoch(month, ZONE);
    const monthStart = Math.floor(fromMilliseconds / 1000);
    // Four days before the month: the tariffs need a day's notice before they are in force.
    const ledger = new EmbeddedLedger({
      directory: join(options.directory, "ledger"),
      port: options.ports.ledger,
      genesisTimeSeconds: monthStart - 4 * DAY,
      onNotice: options.say,
    });
    await ledger.start();
    try {
      const isSetUp = (await readJsonFile(networkFile(options.directory))) !== undefined;
      // Held from the first block on, so that a set-up that was killed goes on before the month.
      if (!isSetUp) await holdClock(ledger, monthStart - 4 * DAY);
      const network = await setUpNetwork({
        directory: options.directory,
        ledgerUrl: ledger.url,
        chainId: EmbeddedLedger.chainId,
        month,
        tariffValidFromSeconds: monthStart,
        onStep: options.progress,
      });
      const sample = new SampleNetwork(options, ledger, network);
      await sample.#startNodes();
      return sample;
    } catch (error) {
      await ledger.stop();
      throw error;
    }
  }

  get alder(): OperatorProcess {
    if (this.#alder === undefined) throw new Error("Alder's node is not running");
    return this.#alder;
  }

  get birch(): OperatorProcess {
    if (this.#birch === undefined) throw new Error("Birch's node is not running");
    return this.#birch;
  }

  /** Resolves with the reason when a node ended for good. */
  get lost(): Promise<TallystickError> {
    return Promise.race([this.alder.lost, this.birch.lost]);
  }

  /** Commits at the usual cadence from now on, and after a restart of a node as well. */
  async goLive(): Promise<void> {
    for (const party of ["alder", "birch"] as const) {
      const file = join(this.directory, party, "node.json");
      const config = await readJsonFile<Record<string, unknown>>(file);
      await writeJsonFile(file, { ...config, cadenceSeconds: CADENCE_SECONDS });
      await this[party].ask("PUT", "cadence", { seconds: CADENCE_SECONDS });
    }
    await writeJsonFile(join(this.directory, "live.json"), { cadenceSeconds: CADENCE_SECONDS });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#alder?.stop(), this.#birch?.stop()]);
    await this.ledger.stop();
  }

  async #startNodes(): Promise<void> {
    const { ports, say, publishTo } = this.#options;
    const alderPort = await freePort(ports.alder);
    const birchPort = await freePort(ports.birch);
    if (ports.alder !== 0 && alderPort !== ports.alder)
      say(`Port ${ports.alder} is busy; Alder's node serves at ${alderPort}.`);
    if (ports.birch !== 0 && birchPort !== ports.birch)
      say(`Port ${ports.birch} is busy; Birch's node serves at ${birchPort}.`);
    const endpoints = [
      { member: PARTIES.alder.name, url: `http://127.0.0.1:${alderPort}/rpc` },
      { member: PARTIES.birch.name, url: `http://127.0.0.1:${birchPort}/rpc` },
    ];
    const isLive = (await readJsonFile(join(this.directory, "live.json"))) !== undefined;
    const cadenceSeconds = isLive ? CADENCE_SECONDS : 0;
    await this.#writeSampleFiles();
    await this.#writeConfig("alder", alderPort, this.network.retail, endpoints, {
      role: "retail",
      tariffs: [this.#tariff(TARIFF_FILES.retail)],
      handPrices: await handPrices(this.network.month),
      claimPolicy: "contest",
      cadenceSeconds,
      sourceName: "alder-pbx",
      charging: {},
      ...(publishTo === undefined ? {} : { evidence: { publishTo } }),
      sample: { folder: "../sample", account: "sample", deviceLog: "calls.xml" },
    });
    await this.#writeConfig("birch", birchPort, this.network.interconnect, endpoints, {
      role: "wholesale",
      trunkAccount: "alder-mobile",
      tariffs: [this.#tariff(TARIFF_FILES.interconnect)],
      cadenceSeconds,
      sourceName: "birch-gw",
    });
    const start = (name: string, folder: string) =>
      OperatorProcess.start({ name, folder: join(this.directory, folder), say });
    this.#alder = await start("Alder's node", "alder");
    this.#birch = await start("Birch's node", "birch");
  }

  #tariff(file: URL): object {
    return { version: 1, validFrom: this.network.tariffValidFrom, file: fileURLToPath(file) };
  }

  async #writeConfig(
    party: "alder" | "birch",
    port: number,
    agreement: AgreementOnLedger,
    endpoints: { member: string; url: string }[],
    rest: Record<string, unknown> & { tariffs: object[] },
  ): Promise<void> {
    const folder = join(this.directory, party);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, "node.json");
    const before = await readJsonFile<{
      tariffs: { version: number }[];
      approvals?: object;
    }>(file);
    // Versions that were published since (`tariff publish`) stay, and who approves them.
    const tariffs = before?.tariffs.filter(({ version }) => version > rest.tariffs.length) ?? [];
    await writeJsonFile(file, {
      name: PARTIES[party].name,
      member: this.network.members[party],
      http: { host: "127.0.0.1", port },
      ledger: {
        kind: "embedded",
        runBy: PARTIES.alder.name,
        chainId: String(this.network.chainId),
        urls: [this.ledger.url],
        finality: "latest",
        contracts: this.network.contracts,
        endpoints,
      },
      agreement: { ...agreement, currency: "EUR" },
      zone: ZONE,
      ...rest,
      tariffs: [...rest.tariffs, ...tariffs],
      ...(before?.approvals === undefined ? {} : { approvals: before.approvals }),
    });
  }

  /** The sample's files, moved into the month that is played; what a person would drop in. */
  async #writeSampleFiles(): Promise<void> {
    const { month } = this.network;
    const folder = join(this.directory, "sample");
    await mkdir(folder, { recursive: true });
    const read = (name: string) => readFile(new URL(name, SAMPLES), "utf8");
    await writeFile(
      join(folder, "calls.xml"),
      moveCallLog(await read("alder/calls.xml"), month, ZONE),
    );
    for (const party of ["alder", "birch"]) {
      const csv = moveAsteriskCsv(await read(`${party}/Master.csv`), month, ZONE);
      await writeFile(join(folder, `${party}-Master.csv`), csv);
    }
  }
}

/** A clock that an earlier start held already is further on, and stays held. */
async function holdClock(ledger: EmbeddedLedger, seconds: number): Promise<void> {
  try {
    await ledger.setTime(seconds);
  } catch (error) {
    const isHeld =
      error instanceof TallystickError && error.code === "embedded-ledger.time-runs-backwards";
    if (!isHeld) throw error;
  }
}

/** The last closed month at the first start; the same one ever after. */
async function monthOf(directory: string): Promise<string> {
  const file = join(directory, "month.json");
  const known = await readJsonFile<{ month: string }>(file);
  if (known !== undefined) return known.month;
  const month = epochBefore(epochOfInstant(Date.now(), ZONE));
  await writeJsonFile(file, { month });
  return month;
}

async function handPrices(month: string): Promise<Record<string, object>> {
  const text = await readFile(new URL("alder/hand-prices.json", SAMPLES), "utf8");
  const master = await readFile(new URL("alder/Master.csv", SAMPLES), "utf8");
  const prices: Record<string, object> = {};
  for (const { uniqueid, amount, reason } of JSON.parse(text) as {
    uniqueid: string;
    amount: string;
    reason: string;
  }[]) {
    const row = master.split("\n").find((line) => line.includes(`"${uniqueid}"`)) ?? "";
    const moved = moveAsteriskCsv(row, month, ZONE);
    const start =
      /"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"/.exec(moved)?.[1]?.replace(/[^0-9]/g, "") ?? "";
    const id = movedUniqueId(uniqueid, shiftDays(month), ZONE);
    prices[`asterisk:alder-pbx:${id}:${start}:ANSWERED`] = { amount, reason };
  }
  return prices;
}
