import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contract, JsonRpcProvider } from "ethers";
import { LEDGER_ABI } from "../../node/adapters/ledger-abi.ts";
import { fromHex, type Hex } from "../../node/core/bytes.ts";
import { accessToken } from "../../node/core/evidence/access-link.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { sealDelivery } from "../../node/core/evidence/sealed-delivery.ts";
import type { Account } from "../../node/engine/store/stored-types.ts";
import { keystoreOf } from "../../scripts/network/parties.ts";
import { SampleNetwork } from "../../scripts/network/sample-network.ts";
import { SampleMonth } from "../../scripts/sample/play-month.ts";
import { tallystick } from "../cli/run-tallystick.ts";

/** The sample's month on the embedded ledger; evidence of a charge is missing. */
describe("evidence that is withheld, demanded by a person with a bundle and a link", function () {
  this.timeout(180_000);
  let sample: SampleNetwork;
  let directory: string;
  let link: string;
  let whole: Bundle;
  let provider: JsonRpcProvider;
  let demands: Contract;
  let bonds: Contract;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-demand-"));
    const quiet = () => {};
    const ports = { ledger: 0, alder: 0, birch: 0 };
    sample = await SampleNetwork.start({ directory, ports, say: quiet, progress: quiet });
    await new SampleMonth(sample, quiet).play();
    const { accounts } = (await sample.alder.ask("GET", "accounts")) as { accounts: Account[] };
    link = accounts.find(({ id }) => id === "sample")?.accessSecret as string;
    const url = `${sample.alder.url}/v1/evidence?period=${sample.network.month}`;
    const authorization = `Bearer ${accessToken(fromHex(link, 32))}`;
    const response = await fetch(url, { headers: { authorization } });
    whole = (await response.json()) as Bundle;
    provider = new JsonRpcProvider(sample.ledger.url, undefined, { cacheTimeout: -1 });
    const { contracts } = sample.network;
    demands = new Contract(contracts.demands as string, LEDGER_ABI.demands, provider);
    bonds = new Contract(contracts.bonds as string, LEDGER_ABI.bonds, provider);
  });
  after(async () => {
    provider?.destroy();
    await sample?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** A bundle without one line, as an operator that withholds it would hand it out. */
  async function without(line: string): Promise<string> {
    const charges = whole.charges.filter((charge) => charge.line !== line);
    const file = join(directory, `without-${line}.json`);
    await writeFile(file, JSON.stringify({ ...whole, charges }));
    await writeFile(join(directory, "secret"), link);
    return file;
  }

  const demand = (file: string, line: string, ...more: string[]) =>
    tallystick([
      ...["demand", file, "--charge", line, "--secret-file", join(directory, "secret")],
      ...["--node", sample.birch.url, "--json", ...more],
    ]);

  const summaryOf = (lines: { summary?: Record<string, unknown> }[]) => lines.at(-1)?.summary ?? {};

  const bondOf = async () =>
    (await bonds.getFunction("bondOf")(whole.agreement, whole.operator.id)) as bigint;

  it("is delivered by an honest node, and makes the bundle complete", async () => {
    const file = await without("2");
    const before = await bondOf();
    const { status, lines, stderr } = await demand(file, "2", "--wait");
    assert.equal(status, 0, stderr);
    assert.deepEqual(summaryOf(lines).opens, true);
    const completed = JSON.parse(await readFile(file, "utf8")) as Bundle;
    assert.deepEqual(
      completed.charges.map(({ line }) => line),
      whole.charges.map(({ line }) => line),
    );
    const [given, got] = [whole, completed].map((bundle) =>
      bundle.charges.find(({ line }) => line === "2"),
    );
    assert.deepEqual(got?.account, given?.account);
    assert.deepEqual(got?.charge, given?.charge);
    assert.equal(got?.amountNano, given?.amountNano);
    const again = await demand(await without("2"), "2", "--wait");
    assert.equal(again.status, 0, "the demand that was made before is followed");
    const verified = await tallystick(["verify", file, "--rpc", sample.ledger.url, "--json"]);
    const line = verified.lines.find((one) => one.line === "2");
    assert.equal(line.verdict, "committed");
    assert.equal(await bondOf(), before);
  });

  it("can not be demanded with another subscriber's link, or for a charge that does not exist", async () => {
    const file = await without("2");
    const beyond = String(whole.charges.length + 1);
    const { status, lines } = await demand(file, beyond);
    assert.deepEqual([status, lines.at(-1)?.error?.code], [3, "demand.no-standing"]);
    await writeFile(join(directory, "secret"), `0x${"17".repeat(32)}`);
    const other = await tallystick([
      ...["demand", file, "--charge", "3", "--secret-file", join(directory, "secret")],
      ...["--node", sample.birch.url, "--json"],
    ]);
    assert.deepEqual(
      [other.status, other.lines.at(-1)?.error?.code],
      [3, "dispute.other-subscriber"],
    );
  });

  it("answered with rubbish costs the operator its penalty, and the bounty is the subscriber's", async () => {
    // Alder's node would answer honestly: somebody at Alder uses its key by hand.
    await sample.alder.stop();
    const file = await without("3");
    const lodged = await demand(file, "3");
    assert.equal(lodged.status, 0, lodged.stderr);
    const id = lodged.lines[0].demand.id as Hex;
    const { key } = await demands.getFunction("demandOf")(id);
    const noise = sealDelivery(
      id,
      { x: key.x, y: key.y },
      new Uint8Array(32).fill(7),
      new Uint8Array(640),
    );
    const settle = (await alderSettleKey()).connect(provider);
    const sent = await (demands.connect(settle) as Contract).getFunction("deliver")(
      id,
      noise.ephemeral,
      noise.ciphertext,
    );
    await sent.wait();
    const before = await bondOf();
    const { status, lines, stderr } = await demand(file, "3", "--wait");
    assert.equal(status, 1, stderr);
    assert.deepEqual([summaryOf(lines).state, summaryOf(lines).opens], ["rubbish", false]);
    assert.ok((await bondOf()) < before);
    const subscriber = whole.books.find(({ kind }) => kind === 1)?.disputeAddress;
    const bounty = await bonds.getFunction("bountyOf")(sample.network.contracts.token, subscriber);
    assert.ok((bounty as bigint) > 0n);
  });

  async function alderSettleKey() {
    return (await keystoreOf(directory, "alder")).signer("settle");
  }
});
