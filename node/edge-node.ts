import { mkdir, readFile } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";
import { http } from "./adapters/builtin-http.ts";
import { readChargingAccounts } from "./adapters/charging-accounts.ts";
import { ChargingLogFile } from "./adapters/charging-log-file.ts";
import { EdgeTariffs } from "./adapters/edge-tariffs.ts";
import type { Log } from "./adapters/log.ts";
import { readTariffJson } from "./adapters/tariff-file.ts";
import { type EdgeConfig, startWindowOf } from "./config.ts";
import { fromHex, toHex } from "./core/bytes.ts";
import { TallystickError } from "./core/errors.ts";
import { minorUnitDigits } from "./core/money/currency.ts";
import { formatNano, parseDecimalNano } from "./core/money/decimal.ts";
import { compileTariff } from "./core/tariff/compile.ts";
import { ChargingNode } from "./engine/charging/charging-node.ts";
import { ChargingUpkeep } from "./engine/charging/charging-upkeep.ts";
import { EdgeSettlement } from "./engine/charging/edge-settlement.ts";
import { CompiledTariffs } from "./engine/rate/compiled-tariffs.ts";
import { TariffPricers } from "./engine/rate/tariff-pricers.ts";
import { faultOf } from "./engine/standing-fault.ts";
import type { Environment } from "./environment.ts";
import { createChargingServer } from "./http/charging-server.ts";
import { HttpCentre } from "./http/http-centre.ts";
import { endStalledRequests } from "./http/stalled-requests.ts";
import { operatorToken } from "./operator-token.ts";
import { collectBeforeServing, collectInSmallSteps } from "./small-collections.ts";

/** Records that wait for the centre are counted up to this. */
const RECORDS_SHOWN_MAX = 10_000;
const SNAPSHOT_BYTES = 16 * 1024 * 1024;

/**
 * A small node at the edge: charges sessions by the code of the operator's node, from a slice of
 * each balance. Cut off, it goes on until its slices are used up; back again, it settles. Without a
 * centre it is a charging node by itself, with accounts of its own.
 */
export class EdgeNode {
  readonly #charging: ChargingNode;
  readonly #upkeep: ChargingUpkeep;
  readonly #server: Server;
  readonly url: string;

  private constructor(charging: ChargingNode, upkeep: ChargingUpkeep, server: Server, url: string) {
    this.#charging = charging;
    this.#upkeep = upkeep;
    this.#server = server;
    this.url = url;
  }

  static async start(config: EdgeConfig, environment: Environment, log: Log): Promise<EdgeNode> {
    collectInSmallSteps();
    await mkdir(config.data, { recursive: true, mode: 0o700 });
    const tariffs = new CompiledTariffs(
      await Promise.all(
        config.tariffs.map(async ({ version, validFrom, file }) => ({
          version,
          validFromSeconds: BigInt(validFrom),
          document: await readTariffJson(file),
        })),
      ),
    );
    const kept = new EdgeTariffs(join(config.data, "tariffs"));
    for (const published of await kept.kept()) tariffs.add(published);
    const token = await operatorToken(config.data);
    const chargingLog = await ChargingLogFile.open(join(config.data, "charging"), {
      snapshotEveryBytes: SNAPSHOT_BYTES,
    });
    const charging = await ChargingNode.open({
      log: chargingLog,
      pricers: new TariffPricers(tariffs, await readChargingAccounts(config.accounts)),
      isEdge: config.centre !== undefined,
      now: Date.now,
      emergencyNumbers: config.emergencyNumbers,
      startWindow: startWindowOf(config.startWindow),
    });
    collectBeforeServing();
    const state = { lastSettled: 0, isCutOff: false };
    const settle = await settlementOf(config, environment, { charging, tariffs, kept }, state, log);
    const upkeep = new ChargingUpkeep(
      charging,
      (error) => log.warn("charging upkeep failed", { component: "charging", code: codeOf(error) }),
      settle,
    );
    // Cut off from its centre it charges on, so it is ready all the same.
    const health = async () => {
      const faults = await chargingLog.requireWritable().then(
        () => [],
        (error: unknown) => [faultOf("charging", error)],
      );
      const ready = faults.length === 0;
      return { live: true, ready, ...centreHealth(state), ...(ready ? {} : { faults }) };
    };
    const listener = createChargingServer({
      charging,
      token,
      tariffs,
      isEdge: config.centre !== undefined,
      edgeStatus: async () => {
        const { faults = [] } = await health();
        const behind = upkeep.fault === undefined || faults.length > 0 ? [] : [upkeep.fault];
        return {
          ...statusOf(config, { charging, tariffs }, state),
          faults: [...faults, ...behind],
        };
      },
      health,
      log,
    });
    const { host, port } = config.http;
    const server = await new Promise<Server>((resolve, reject) => {
      const listening = http.createServer(listener);
      endStalledRequests(listening);
      listening.once("error", reject);
      listening.listen(port, host, () => resolve(listening));
    });
    upkeep.start();
    const address = server.address();
    const url = `http://${host}:${typeof address === "object" ? address?.port : port}`;
    return new EdgeNode(charging, upkeep, server, url);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#upkeep.stop();
    await this.#charging.close();
  }
}

interface EdgeParts {
  charging: ChargingNode;
  tariffs: CompiledTariffs;
  kept: EdgeTariffs;
}

/** Durable before a session is priced by it: a restart while the edge is cut off needs it too. */
async function takeTariffs(
  centre: HttpCentre,
  tariffs: CompiledTariffs,
  kept: EdgeTariffs,
): Promise<void> {
  const newest = tariffs.versions.at(-1)?.version ?? 0;
  for (const published of await centre.tariffsAfter(newest)) {
    compileTariff(published.document, published.version);
    await kept.keep(published);
    tariffs.add(published);
  }
}

interface CentreState {
  lastSettled: number;
  isCutOff: boolean;
}

/** A round at its time, or sooner where a slice runs low; a centre that is away is asked again. */
async function settlementOf(
  { name, centre, slices }: EdgeConfig,
  environment: Environment,
  { charging, tariffs, kept }: EdgeParts,
  state: CentreState,
  log: Log,
): Promise<() => Promise<void>> {
  if (centre === undefined) return async () => {};
  const written =
    centre.tokenFile === undefined ? environment.token : await readFile(centre.tokenFile, "utf8");
  if (written === undefined) {
    throw new TallystickError(
      "config.invalid",
      "Name the file of the centre's token, or set TALLYSTICK_TOKEN.",
      { field: "centre.tokenFile" },
    );
  }
  const wanted = new Map(slices.map(({ account, amount }) => [account, parseDecimalNano(amount)]));
  const token = toHex(fromHex(written.trim(), 32));
  const far = new HttpCentre(centre.url, token);
  const settlement = new EdgeSettlement(name, charging, far, wanted);
  let lastTried = 0;
  return async () => {
    const now = Date.now();
    const pause = settlement.isUrgent && !state.isCutOff ? 1_000 : centre.everySeconds * 1_000;
    if (now - lastTried < pause) return;
    lastTried = now;
    try {
      await settlement.run();
      await takeTariffs(far, tariffs, kept);
      if (state.isCutOff) log.info("centre is back", { component: "edge" });
      state.isCutOff = false;
      state.lastSettled = Date.now();
    } catch (error) {
      if (!state.isCutOff) log.warn("not settled", { component: "edge", code: codeOf(error) });
      state.isCutOff = true;
    }
  };
}

/** For staff at the edge: what it holds and owes, and since when it is cut off. */
function statusOf(
  { name, centre, slices }: EdgeConfig,
  { charging, tariffs }: Pick<EdgeParts, "charging" | "tariffs">,
  state: CentreState,
): object {
  const { currency } = charging;
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(currency) ?? 2);
  const held = new Map([...charging.accounts()].map((account) => [account.id, account]));
  const newest = tariffs.versions.at(-1);
  return {
    edge: name,
    ...(centre === undefined ? {} : { url: centre.url, ...centreHealth(state) }),
    ...(newest === undefined
      ? {}
      : {
          tariff: {
            version: newest.version,
            validFrom: new Date(1000 * Number(newest.validFromSeconds)).toISOString(),
          },
        }),
    currency,
    slices: slices.map(({ account, amount }) => {
      const found = held.get(account);
      return {
        account,
        wanted: amount,
        free: money(found?.balanceNano ?? 0n),
        reserved: money(found?.reservedNano ?? 0n),
        spent: money(found?.spentNano ?? 0n),
        ...(found?.lock === undefined ? {} : { locked: found.lock.reason }),
      };
    }),
    recordsWaiting: charging.recordsAfter(0, RECORDS_SHOWN_MAX).length,
  };
}

function centreHealth({ isCutOff, lastSettled }: CentreState): object {
  return {
    // Until it has answered nobody knows that it is there.
    centre: isCutOff || lastSettled === 0 ? "away" : "reached",
    ...(lastSettled === 0 ? {} : { settled: new Date(lastSettled).toISOString() }),
  };
}

const codeOf = (error: unknown): string =>
  error instanceof TallystickError ? error.code : "internal";
