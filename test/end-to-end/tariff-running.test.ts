import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Keystore, passphraseOf } from "../../node/adapters/keystore.ts";
import { NodeClient } from "../../node/cli/node-client.ts";
import { publishDocument } from "../../node/cli/tariff-publish.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { bookDomain } from "../../node/core/commitment/domain.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import { shelve } from "../../node/engine/rate/tariff-shelf.ts";
import { ANVIL_CHAIN_ID, AnvilNetwork } from "../adapters/anvil-network.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { approvalOf, policyOf } from "../core/twin/signed-approval.ts";

const MAIN = fileURLToPath(new URL("../../node/main.ts", import.meta.url));
const SILENT = { json: false, record: async () => {}, say: async () => {}, remark: () => {} };
const RECORDS = 3_000;

const perMinute = (amount: string): TariffDocument =>
  tariffDocument({
    services: [
      {
        service: "voice",
        direction: "outgoing",
        prices: [{ ...PER_STARTED_MINUTE, price: { amount, per: 1, unit: "min" } }],
      },
    ],
  });

describe("a tariff that is published to a running node, on the embedded ledger", function () {
  this.timeout(120_000);

  let network: AnvilNetwork;
  let folder: string;
  let child: ChildProcess;
  let node: NodeClient;

  async function start(): Promise<void> {
    child = fork(MAIN, [join(folder, "node.json")], {
      env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    const [told] = (await once(child, "message")) as [{ serving?: string }];
    assert.ok(told.serving, JSON.stringify(told));
    const serving = { url: told.serving, pid: child.pid };
    await writeFile(join(folder, "serving.json"), JSON.stringify(serving));
    node = new NodeClient(told.serving, await tokenOf());
  }
  const tokenOf = async () => (await readFile(join(folder, "operator.token"), "utf8")).trim();
  async function kill(): Promise<void> {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  const at = async (seconds: number): Promise<void> => {
    await network.provider.send("evm_setNextBlockTimestamp", [seconds]);
    await network.provider.send("evm_mine", []);
  };
  const head = async () => (await network.provider.getBlock("latest"))?.timestamp ?? 0;

  before(async () => {
    network = await AnvilNetwork.start();
    folder = await mkdtemp(join(tmpdir(), "tallystick-tariff-"));
    const { demoToken: token, ...addresses } = network.addresses;
    const contracts = lowered({ ...addresses, token });
    const member = network.alder.id;
    const domain = (kind: 1 | 2 | 3) =>
      toHex(
        bookDomain({
          chainId: ANVIL_CHAIN_ID,
          books: fromHex(contracts.books as Hex, 20),
          operator: fromHex(member, 20),
          agreement: fromHex(network.retailAlder, 32),
          kind,
          number: 1n,
        }),
      );
    const ledger = network.ledgerOf(network.alder);
    const nonce = await ledger.accountNonce(ledger.senderOf("commit"), "head");
    for (const [index, kind] of [1, 2, 3].entries()) {
      const call = ledger.prepare({
        contract: "books",
        method: "openBook",
        args: [network.retailAlder, kind, 1n, 1],
      });
      const place = { duty: "commit", nonce: nonce + BigInt(index) } as const;
      await ledger.broadcast((await ledger.sign(call, place)).raw);
    }
    ledger.close();
    await mkdir(join(folder, "keys"), { mode: 0o700 });
    const keys = new Keystore({
      directory: join(folder, "keys"),
      passphrase: await passphraseOf({
        given: undefined,
        dataDirectory: folder,
        ledgerIsEmbedded: true,
      }),
      ledgerIsEmbedded: true,
    });
    for (const [name, key] of Object.entries(network.alder.keys)) {
      await keys.importKey(name, key.privateKey);
    }
    const config = {
      name: "Alder Mobile",
      member,
      http: { port: 0 },
      ledger: {
        kind: "embedded",
        runBy: "Alder Mobile",
        chainId: ANVIL_CHAIN_ID.toString(),
        urls: [network.url],
        finality: "latest",
        contracts: contracts,
        endpoints: [],
      },
      agreement: {
        id: network.retailAlder,
        currency: "EUR",
        maxRecordAgeSeconds: String(30 * 86_400),
        chargeBook: domain(1),
        creditBook: domain(2),
        invoiceBook: domain(3),
      },
      role: "retail",
      zone: "Europe/Berlin",
      sourceName: "switch",
      tariffs: [],
      approvals: policyOf(["ada"]),
      cadenceSeconds: 0,
      // The new version begins an hour ahead of the clock.
      charging: { intoBooks: false, startWindow: { pastMinutes: 120, futureMinutes: 120 } },
    };
    await writeFile(join(folder, "node.json"), JSON.stringify(config));
  });
  after(async () => {
    if (child?.exitCode === null) await kill();
    await network?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("prices what starts from then on, each record once, over kill -9 and without a restart", async () => {
    const [first, second] = ["0.10", "0.07"].map((amount) => perMinute(amount));
    const file = (name: string) => join(folder, name);
    await writeFile(file("one.json"), JSON.stringify(first));
    await writeFile(file("two.json"), JSON.stringify(second));
    const config = join(folder, "node.json");
    const begun = await head();
    const publish = (name: string, validFrom: number, more: object = {}) =>
      publishDocument(
        file(name),
        { config, validFrom: new Date(1000 * validFrom).toISOString(), ...more },
        SILENT,
      );
    assert.equal(await publish("one.json", begun + 60), 0);
    await start();
    await node.send("PUT", "/v1/operator/accounts", [
      { id: "anna", label: "Anna", devices: [{ id: "+4915100000001" }] },
    ]);

    const begins = begun + 4_000;
    const roots = [first, second].map(
      (document, index) => shelve({ version: index + 1, validFromSeconds: 0n, document }).root,
    ) as [string, string];
    const approval = await approvalOf(...roots);
    await writeFile(file("approval.json"), JSON.stringify(approval));
    assert.equal(await publish("two.json", begins, { approval: file("approval.json") }), 0);
    assert.equal(await charge("s1", begins - 1), "0.10");
    assert.equal(await charge("s2", begins), "0.07");
    await at(begins + 4_000);

    const lines = Array.from({ length: RECORDS }, (_, index) =>
      JSON.stringify({
        id: `call-${index}`,
        service: "voice",
        direction: "outgoing",
        start: new Date(1000 * (begins - RECORDS / 2 + index)).toISOString(),
        durationSeconds: 30,
        aParty: "+4915100000001",
        bParty: "+493023125000",
        billable: true,
      }),
    ).join("\n");
    const ingest = () =>
      node.upload("/v1/operator/usage?name=calls.ndjson", [Buffer.from(`${lines}\n`)] as never);
    const broken = ingest().catch(() => {});
    await sleep(40);
    await kill();
    await broken;
    await start();
    await ingest();
    const state = (await node.get("/v1/operator/status")).body as {
      tariff: { version: number; root: string; lacking?: object };
      suspended: number;
      books: { kind: number; runningSumNano: string; runningCount: string; pending: string }[];
    };
    assert.deepEqual([state.tariff.version, state.tariff.root], [2, roots[1]]);
    assert.equal(state.suspended, 0);
    await node.send("POST", "/v1/operator/commit");
    const after = (await node.get("/v1/operator/status")).body as typeof state;
    const charges = after.books.find(({ kind }) => kind === 1);
    assert.equal(charges?.runningCount, String(RECORDS));
    assert.equal(charges?.runningSumNano, String((RECORDS / 2) * (100_000_000 + 70_000_000)));
    assert.deepEqual((await node.send("POST", "/v1/operator/fsck")).body.problems, []);
  });

  /** A session of one minute. @returns what it came to */
  async function charge(session: string, start: number): Promise<string> {
    const path = `/v1/charging/sessions/${session}/requests`;
    await node.send("PUT", "/v1/charging/accounts/anna", { overspend: "unlimited" });
    const use = {
      service: "voice",
      direction: "outgoing",
      aParty: "+4915100000001",
      bParty: "+493023125000",
      start: new Date(1000 * start).toISOString(),
    };
    const requested = { durationSeconds: 60 };
    await node.send("PUT", `${path}/0`, { kind: "reserve", account: "anna", use, requested });
    const commit = { kind: "commit", used: requested };
    return String((await node.send("PUT", `${path}/1`, commit)).body.charged);
  }
});

const lowered = (addresses: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(addresses).map(([name, address]) => [name, address.toLowerCase()]),
  );
