import { readFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EvmLedger } from "../adapters/evm-ledger.ts";
import { sha256OfFile } from "../adapters/files.ts";
import { Keystore, passphraseOf } from "../adapters/keystore.ts";
import { readTariffJson } from "../adapters/tariff-file.ts";
import { type NodeConfig, readConfig } from "../config.ts";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import { checkTariff } from "../core/tariff/check.ts";
import { parseTariffInstant } from "../core/tariff/instants.ts";
import { requireSameReport } from "../core/twin/approval.ts";
import type { ContractName } from "../engine/commit/ledger.ts";
import { type PublishedVersion, publishTariff } from "../engine/rate/publish-tariff.ts";
import { readEnvironment } from "../environment.ts";
import { namedOperator, type OperatorOptions } from "./approver-key.ts";
import { changeConfig } from "./change-config.ts";
import { operatorToken, runningNode } from "./data-folder.ts";
import { NodeClient } from "./node-client.ts";
import { asServiceError } from "./open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "./output.ts";
import { readJsonFile } from "./rating-files.ts";

export interface PublishOptions extends OperatorOptions {
  approval?: string;
  /** The page of `twin --report` that was read. */
  report?: string;
  validFrom?: string;
}

/**
 * `tariff publish`: checks the document, requires the approval of what it changes, publishes it with
 * the member's key to govern, and names it in the node's configuration, in this order. Each step finds
 * what an earlier run has done.
 */
export async function publishDocument(
  file: string,
  options: PublishOptions,
  output: Output,
): Promise<ExitCode> {
  const configFile = options.config ?? (await namedOperator(options)).configFile;
  const config = await readConfig(configFile);
  const json = await readTariffJson(file);
  const { document, problems } = checkTariff(json);
  if (document === undefined) {
    for (const problem of problems) {
      await output.record({ problem });
      await output.say(`${problem.place}: ${problem.message} [${problem.code}]`);
    }
    await output.say(`${file}: not published, it can not be used`);
    return EXIT.no;
  }
  const validFromSeconds = instantOf(options.validFrom, document.timeZone);
  const approval =
    options.approval === undefined
      ? undefined
      : await readJsonFile(options.approval, "approval.not-json");
  if (options.report !== undefined) await requireReport(approval, options.report);
  const ledger = await governingLedger(config);
  let published: PublishedVersion;
  try {
    await ledger.check();
    published = await publishTariff(
      ledger,
      {
        agreement: config.agreement.id,
        currency: config.agreement.currency,
        member: config.member,
        document: json,
        ...(validFromSeconds === undefined ? {} : { validFromSeconds }),
        approval,
        approvalPolicy: config.approvals,
      },
      sleep,
    );
  } catch (error) {
    throw asServiceError(error);
  } finally {
    ledger.close();
  }
  const isNamed = await nameInConfig(configFile, file, options.approval, published);
  const node = await toldNode(configFile, config.data, published.version);
  await say(published, { file, configFile, isNamed, node }, output);
  return node === "lacking" ? EXIT.no : EXIT.yes;
}

/** The approval's own shape is the publishing's to check. */
async function requireReport(approval: unknown, file: string): Promise<void> {
  requireSameReport({ report: String(Object(approval).report) }, await sha256OfFile(file));
}

/** What a running node made of it; one that does not run reads it at its start. */
type NodeTold = "rates" | "lacking" | "away";

/** A node that does not hear of it now finds it by itself: this only saves the wait. */
async function toldNode(configFile: string, data: string, version: number): Promise<NodeTold> {
  const folder = { name: basename(data), path: data, configFile };
  const url = await runningNode(folder);
  if (url === undefined) return "away";
  try {
    const node = new NodeClient(url, await operatorToken(folder));
    const { body } = await node.send("POST", "/v1/operator/tariff/follow");
    const { tariff } = body as { tariff?: { version?: number } };
    return (tariff?.version ?? 0) >= version ? "rates" : "lacking";
  } catch (error) {
    if (error instanceof TallystickError) return "away";
    throw error;
  }
}

async function say(
  { version, root, validFromSeconds, isNew }: PublishedVersion,
  { file, configFile, isNamed, node }: Said,
  output: Output,
): Promise<void> {
  const validFrom = new Date(Number(validFromSeconds) * 1000).toISOString();
  await output.record({
    published: {
      version,
      root,
      validFrom,
      isNew,
      configuration: configFile,
      wasNamed: !isNamed,
      node,
    },
  });
  await output.say(
    `${file}: version ${version} ${isNew ? "published" : "was published before"}, valid from ${validFrom}, root ${root}`,
  );
  if (isNamed) await output.say(`named in ${configFile}`);
  await output.say(WORDS_OF_NODE[node]);
}

const WORDS_OF_NODE: Record<NodeTold, string> = {
  rates: "the running node has it, and rates by it from then on",
  lacking: 'the running node could not take it: "tallystick status" says why',
  away: "no node runs here; it rates by it once it is started",
};

interface Said {
  file: string;
  configFile: string;
  isNamed: boolean;
  node: NodeTold;
}

/** A date or an instant, by the tariff's time zone. */
function instantOf(text: string | undefined, timeZone: string): bigint | undefined {
  if (text === undefined) return undefined;
  const milliseconds = parseTariffInstant(text, timeZone);
  if (milliseconds === undefined || milliseconds % 1000 !== 0) {
    throw new UsageError(`"${text}" is no date or instant in whole seconds, such as 2027-01-01.`);
  }
  return BigInt(milliseconds / 1000);
}

async function governingLedger(config: NodeConfig): Promise<EvmLedger> {
  const ledgerIsEmbedded = config.ledger.kind === "embedded";
  const passphrase = await passphraseOf({
    given: readEnvironment().passphrase,
    dataDirectory: config.data,
    ledgerIsEmbedded,
  });
  const directory = join(config.data, "keys");
  const keys = new Keystore({ directory, passphrase, ledgerIsEmbedded });
  // The keystore makes what is not there; a key that nobody admitted publishes nothing.
  if (!(await keys.names()).includes("govern")) {
    throw new TallystickError(
      "ledger.key-missing",
      `There is no key "govern" in ${directory}; a tariff is published with the member's key to govern.`,
    );
  }
  return new EvmLedger({
    urls: config.ledger.urls,
    chainId: BigInt(config.ledger.chainId),
    kind: config.ledger.kind,
    contracts: config.ledger.contracts as Partial<Record<ContractName, Hex>>,
    finality: config.ledger.finality,
    signers: { govern: await keys.signer("govern") },
  });
}

/** In one step, as the node may start at any moment. @returns false when it was named before */
async function nameInConfig(
  configFile: string,
  file: string,
  approval: string | undefined,
  { version, validFromSeconds }: PublishedVersion,
): Promise<boolean> {
  const config = JSON.parse(await readFile(configFile, "utf8")) as NodeConfig;
  if (config.tariffs.some((one) => one.version === version)) return false;
  const path = (name: string): string => relative(resolve(configFile, ".."), resolve(name));
  const tariff = {
    version,
    validFrom: validFromSeconds.toString(),
    file: path(file),
    ...(approval === undefined ? {} : { approval: path(approval) }),
  };
  await changeConfig(
    configFile,
    { tariffs: [...config.tariffs, tariff] },
    "The tariff is on the ledger",
  );
  return true;
}
