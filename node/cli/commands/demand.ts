import { writeFile } from "node:fs/promises";
import type { Bundle } from "../../core/evidence/bundle.ts";
import { endpointsOf } from "../bundle-check.ts";
import type { CommandModule } from "../command.ts";
import { EvidenceDemand } from "../demand.ts";
import { DemandKey } from "../demand-key.ts";
import { DemandsOnLedger } from "../demands-on-ledger.ts";
import { readBundle } from "../evidence-input.ts";
import { NodeClient } from "../node-client.ts";
import { EXIT, UsageError } from "../output.ts";
import { type SubscriberOptions, secretOf } from "../subscriber-secret.ts";
import { type RelayOptions, relayUrl, walletOf } from "../subscriber-wallet.ts";

interface DemandOptions extends RelayOptions, SubscriberOptions {
  charge: string;
  keyFile?: string;
  out?: string;
  wait?: boolean;
  timeout: string;
}

export const command: CommandModule = {
  declare(parser) {
    parser
      .argument("<bundle>", "an evidence bundle of the period: it holds receipt or invoice")
      .requiredOption("--charge <number>", "the number of the charge whose evidence is missing")
      .option("--link <url>", "the subscriber's personal link, which holds the secret")
      .option("--secret-file <file>", "a file with the link or its secret")
      .option("--key-file <file>", "the one-time key (default: BUNDLE.charge-NUMBER.key)")
      .option("--out <file>", "the completed bundle (default: BUNDLE itself)")
      .option("--node <url>", "node that carries the demand to the ledger; any member's will do")
      .option("--rpc <url...>", "JSON-RPC end points to follow the demand at")
      .option("--wait", "follow the demand to its end, and complain about rubbish or silence")
      .option("--timeout <seconds>", "longest wait", "300")
      .addHelpText(
        "after",
        "\nFor evidence that the operator does not hand out. It has to answer on the ledger, encrypted to" +
          "\na one-time key; silence and rubbish cost its bond, and a part of that is yours." +
          "\nThe demand shows the ledger your pseudonym of this period and its address, and by an" +
          "\ninvoice (where there is no receipt) the period's totals; never a charge." +
          "\nA demand that was made before is followed, not made twice." +
          "\nExit code 1 when the evidence was not delivered.",
      );
  },

  async run([given], raw, { output }) {
    const options = raw as unknown as DemandOptions;
    const file = String(given);
    const chargeNumber = numberOf(options.charge);
    const timeoutSeconds = Number(options.timeout);
    if (!(timeoutSeconds > 0)) throw new UsageError("--timeout is a number of seconds.");
    if (file === "-" && (options.out === undefined || options.keyFile === undefined)) {
      throw new UsageError("A bundle from standard input needs --out and --key-file.");
    }
    const bundle = await readBundle(file, { secret: await secretOf(options) });
    const wallet = await walletOf(bundle, options);
    const node = new NodeClient(relayUrl(bundle, options), undefined);
    const urls = endpointsOf(bundle, options).map(({ url }) => url);
    const ledger = new DemandsOnLedger(bundle.ledger, urls);
    try {
      const demand = new EvidenceDemand({
        bundle,
        chargeNumber,
        wallet,
        key: new DemandKey(options.keyFile ?? `${file}.charge-${chargeNumber}.key`),
        node,
        ledger,
        output,
        save: (completed: Bundle) =>
          writeFile(options.out ?? file, `${JSON.stringify(completed, null, 1)}\n`, {
            mode: 0o600,
          }),
      });
      const id = await demand.lodge();
      if (options.wait !== true) return EXIT.yes;
      return await demand.follow(id, timeoutSeconds * 1000);
    } finally {
      ledger.close();
    }
  },
};

function numberOf(text: string): bigint {
  if (/^[1-9][0-9]{0,18}$/.test(text)) return BigInt(text);
  throw new UsageError("--charge is the number of a charge, from 1.");
}
