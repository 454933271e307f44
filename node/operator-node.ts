import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LevelStore } from "./adapters/level-store.ts";
import type { Log } from "./adapters/log.ts";
import type { NodeConfig } from "./config.ts";
import type { Environment } from "./environment.ts";
import { portOf } from "./http/listen.ts";
import { openLedger } from "./operator-ledger.ts";
import type { Foundation, OperatorServices, StartOptions } from "./operator-services.ts";

/**
 * One operator's node: the composition root of a process. Opens store, keys and ledger, takes up
 * what a crash left, serves HTTP and commits at its cadence, until it is stopped.
 */
export class OperatorNode {
  readonly #foundation: Foundation;
  readonly #services: OperatorServices;
  readonly url: string;

  private constructor(foundation: Foundation, services: OperatorServices, host: string) {
    this.#foundation = foundation;
    this.#services = services;
    this.url = `http://${host}:${portOf(services.server)}`;
  }

  static async start(
    config: NodeConfig,
    environment: Environment,
    log: Log,
    options: StartOptions = {},
  ): Promise<OperatorNode> {
    await mkdir(config.data, { recursive: true, mode: 0o700 });
    const opening = openLedger(config, environment);
    // Whoever waits for it is told.
    opening.catch(() => {});
    const store = await LevelStore.open(join(config.data, "store"));
    // Loaded while the system's threads open the keys, which they have begun by now: it gives the loop no turn, and
    // takes 0.2 s.
    const { startServices } = await import("./operator-services.ts");
    const ledger = await opening;
    const foundation = { store, ...ledger };
    const services = await startServices(config, environment, log, foundation, options);
    const node = new OperatorNode(foundation, services, config.http.host);
    const port = portOf(services.server);
    log.info("node started", { component: "node", operator: config.name, port });
    return node;
  }

  /** Finishes what is under way and closes; what is not done goes on at the next start. */
  async stop(): Promise<void> {
    const { outbox, pipeline, cadence, upkeep, publishing, charging, server } = this.#services;
    server.close();
    server.closeAllConnections();
    await pipeline.stopAhead();
    await pipeline.stopBill();
    await pipeline.checks.stop();
    await cadence.stop();
    await upkeep.stop();
    await publishing?.stop();
    await pipeline.publisher.stop();
    await charging?.stop();
    await outbox.stop();
    this.#foundation.ledger.close();
    await this.#foundation.store.close();
  }
}
