/*
 * `npm run soak`: what `npm test` does a little of, for hours if asked. Kills the real processes of
 * `npm start` and charging nodes under load at random moments, runs seeds of the simulated engine, cuts the
 * power of the store's disk, and kills who writes to it.
 * Counts records that were lost or doubled against the input files, and answers against what is there
 * after a kill.
 */
import { parseArgs } from "node:util";
import { soakCharging } from "./soak/charging-soak.ts";
import { soakKills } from "./soak/kill-soak.ts";
import { soakPowerCuts } from "./soak/power-soak.ts";
import { soakSimulation } from "./soak/simulation-soak.ts";
import { soakStore } from "./soak/store-soak.ts";

const HELP = `Usage: npm run soak -- [--runs N] [--simulations N] [--power-cuts N] [--store N] [--charging N] [--seed N]

  --runs N         runs of npm start, each killed four times (default 50, which is 200 kills)
  --simulations N  seeds of the simulated engine (default 2000)
  --power-cuts N   seeds of the real store on a disk whose power is cut, eleven cuts each (default 100)
  --store N        kills of a process that writes, folds and compacts a store at once, half of them with a
                   power cut (default 20)
  --charging N     kills of a charging node under load, and as many of an edge and its centre
                   (default 20)
  --seed N         the first seed (default: from the clock; printed, to replay)`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "50" },
    simulations: { type: "string", default: "2000" },
    "power-cuts": { type: "string", default: "100" },
    store: { type: "string", default: "20" },
    charging: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const first = count("--seed", values.seed);
const seedsFrom = (length: number) => Array.from({ length }, (_, at) => first + at);
const tell = (line: string): void => console.log(line);

tell(`first seed ${first}`);
const simulated = await soakSimulation(seedsFrom(count("--simulations", values.simulations)), tell);
const runs = count("--runs", values.runs);
const killed = runs === 0 ? undefined : await soakKills(seedsFrom(runs), tell);
for (const [what, counts] of [
  ["simulation", simulated],
  ["kill -9", killed],
] as const) {
  if (counts === undefined) continue;
  tell(`${what}: ${counts.records} records, ${counts.lost} lost, ${counts.doubled} doubled`);
}
const cut = await soakPowerCuts(seedsFrom(count("--power-cuts", values["power-cuts"])), tell);
const stores = await soakStore(first, count("--store", values.store), tell);
if (stores.kills > 0) {
  tell(
    `store: ${stores.kills} kills, ${stores.cuts} of them with a power cut, ${stores.batches} batches, ` +
      `${stores.units} units of records seen, ${stores.compactions} compactions, ` +
      `${stores.direct} writes past the system's memory; ${stores.failed} failed`,
  );
}
let [chargingPassed, chargingFailed] = [0, 0];
const chargingKills = count("--charging", values.charging);
for (const withEdge of chargingKills === 0 ? [] : [false, true]) {
  const { kills, answers, sessions, lost, doubled, problems } = await soakCharging(
    first,
    chargingKills,
    withEdge,
  );
  for (const problem of problems.slice(0, 20)) tell(problem);
  tell(
    `charging${withEdge ? " at an edge" : ""}: ${kills} kills, ${answers} answers, ${sessions} sessions, ` +
      `${lost} lost, ${doubled} doubled`,
  );
  if (problems.length === 0 && lost === 0 && doubled === 0) chargingPassed += 1;
  else chargingFailed += 1;
}
const passed =
  chargingPassed + cut.passed + stores.passed + simulated.passed + (killed?.passed ?? 0);
const failed =
  chargingFailed + cut.failed + stores.failed + simulated.failed + (killed?.failed ?? 0);
tell(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function count(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  process.stderr.write(`${option} takes a whole number, not ${JSON.stringify(text)}.\n`);
  process.exit(2);
}
