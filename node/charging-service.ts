import { join } from "node:path";
import { readChargingAccounts } from "./adapters/charging-accounts.ts";
import { ChargingLogFile } from "./adapters/charging-log-file.ts";
import type { Log } from "./adapters/log.ts";
import { noticeWebhook } from "./adapters/notice-webhook.ts";
import { type NodeConfig, startWindowOf } from "./config.ts";
import { RETENTION } from "./core/charging/expire.ts";
import { TallystickError } from "./core/errors.ts";
import { ChargingNode } from "./engine/charging/charging-node.ts";
import { chargingToBooks } from "./engine/charging/charging-to-books.ts";
import { ChargingUpkeep } from "./engine/charging/charging-upkeep.ts";
import { NoticeDelivery, type NoticeFigures } from "./engine/charging/deliver-notices.ts";
import type { UsageFile } from "./engine/intake/ingest-usage.ts";
import { TariffPricers } from "./engine/rate/tariff-pricers.ts";
import type { TariffShelf } from "./engine/rate/tariff-shelf.ts";
import type { Fault } from "./engine/standing-fault.ts";
import { secretFile } from "./operator-token.ts";

/** The charging part of an operator's node, opened on its folder and kept up until it is stopped. */
export interface ChargingService {
  charging: ChargingNode;
  /** @throws TallystickError `store.removed`, `charging.log-failed` while nothing can be granted */
  requireWritable(): Promise<void>;
  /** Why what is done without being asked was not done. */
  readonly upkeepFault: Fault | undefined;
  /** Of the webhook; undefined where there is none. */
  notices(): NoticeFigures | undefined;
  stop(): Promise<void>;
}

export async function startCharging(
  config: NodeConfig & { charging: NonNullable<NodeConfig["charging"]> },
  tariffs: TariffShelf,
  ingest: (file: UsageFile) => Promise<unknown>,
  ledgerSeconds: () => Promise<bigint>,
  log: Log,
): Promise<ChargingService> {
  const { accounts, emergencyNumbers, intoBooks, keepSessionsMinutes, webhook } = config.charging;
  const written = await readChargingAccounts(accounts);
  const logFile = await ChargingLogFile.open(join(config.data, "charging"));
  const charging = await ChargingNode.open({
    log: logFile,
    pricers: new TariffPricers(tariffs, written),
    now: Date.now,
    emergencyNumbers,
    startWindow: startWindowOf(config.charging.startWindow),
    retention: { ...RETENTION, forgetAfterMilliseconds: keepSessionsMinutes * 60_000 },
  });
  const upkeep = new ChargingUpkeep(
    charging,
    (error) => {
      const code = error instanceof TallystickError ? error.code : "internal";
      log.warn("charging upkeep failed", { component: "charging", code });
    },
    intoBooks
      ? async () => {
          if (charging.recordsAfter(0, 1).length === 0) return;
          const ledgerMilliseconds = Number(await ledgerSeconds()) * 1000;
          await chargingToBooks(charging, ingest, {
            ledgerMilliseconds,
            nowMilliseconds: Date.now(),
          });
        }
      : undefined,
  );
  const delivery =
    webhook === undefined
      ? undefined
      : new NoticeDelivery(
          charging,
          noticeWebhook({
            url: webhook.url,
            secret: await secretFile(config.data, "webhook.secret"),
            now: Date.now,
          }),
          (error) => {
            const code = error instanceof TallystickError ? error.code : "internal";
            log.warn("notices not delivered", { component: "charging", code });
          },
        );
  await delivery?.start();
  upkeep.start();
  return {
    charging,
    requireWritable: () => logFile.requireWritable(),
    get upkeepFault() {
      return upkeep.fault;
    },
    notices: () => delivery?.figures,
    stop: async () => {
      await delivery?.stop();
      await upkeep.stop();
      await charging.close();
    },
  };
}
