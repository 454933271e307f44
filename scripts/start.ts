/*
 * `npm start`: the embedded ledger, one node for each of two operators, the sample's month, and one
 * address to open. Stays up until Ctrl-C; a second start finds its data again.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TallystickError } from "../node/core/errors.ts";
import { readEnvironment } from "../node/environment.ts";
import { SampleNetwork } from "./network/sample-network.ts";
import { SampleMonth } from "./sample/play-month.ts";
import { Progress } from "./sample/progress.ts";
import { tellStory } from "./sample/tell-story.ts";

const HELP = `Usage: npm start -- [--data DIR] [--port N] [--birch-port N] [--ledger-port N]

Starts the embedded ledger and the nodes of two sample operators, plays the sample's month, and
serves the subscriber's page until Ctrl-C.

  --data DIR       where everything is kept (default: .tallystick in the checkout)
  --port N         Alder's node and the page (default 8180)
  --birch-port N   Birch's node (default 8181)
  --ledger-port N  the ledger's JSON-RPC (default 8545)`;

const progress = new Progress();

try {
  const values = optionsOf(process.argv.slice(2));
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const checkout = fileURLToPath(new URL("..", import.meta.url));
  const directory = resolve(
    values.data ?? readEnvironment().dataDirectory ?? join(checkout, ".tallystick"),
  );
  const sample = await SampleNetwork.start({
    directory,
    ports: {
      ledger: portOf("--ledger-port", values["ledger-port"]),
      alder: portOf("--port", values.port),
      birch: portOf("--birch-port", values["birch-port"]),
    },
    say: (text) => progress.say(text),
    progress: (text) => progress.step(text),
  });
  const stop = () => void sample.stop().then(() => process.exit(0));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  void sample.lost.then(async (error) => {
    process.stderr.write(`Tallystick ends: ${error.message} [${error.code}]\n`);
    await sample.stop();
    process.exit(4);
  });
  const { already } = await new SampleMonth(sample, (text) => progress.step(text)).play();
  await sample.goLive();
  progress.done();
  console.log(await tellStory(sample, already));
} catch (error) {
  progress.done();
  if (!(error instanceof TallystickError)) throw error;
  process.stderr.write(`Tallystick could not start: ${error.message} [${error.code}]\n`);
  process.exit(4);
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        data: { type: "string" },
        port: { type: "string", default: "8180" },
        "birch-port": { type: "string", default: "8181" },
        "ledger-port": { type: "string", default: "8545" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    // parseArgs says in one sentence what it does not know.
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}\n`);
    process.exit(2);
  }
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  process.stderr.write(`${option} takes a port from 0 to 65535, not ${JSON.stringify(text)}.\n`);
  process.exit(2);
}
