import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JsonRpcProvider, Wallet } from "ethers";
import { identityOf } from "../../scripts/embedded-ledger/process-identity.ts";
import { EmbeddedLedger, type EmbeddedLedgerOptions } from "../../scripts/embedded-ledger.ts";

/** Returns the block's time: PUSH the TIMESTAMP to memory, RETURN it. */
const TIME_OF_BLOCK = "0x4260005260206000f3";
const GENESIS = 1_700_000_000;

interface Block {
  number: string;
  timestamp: string;
  hash: string;
  transactions: string[];
}

describe("embedded ledger", function () {
  this.timeout(240_000);
  let base: string;
  let count = 0;
  let open: EmbeddedLedger[] = [];
  const wallet = new Wallet(`0x${"11".repeat(32)}`);

  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-ledger-"));
  });
  afterEach(async () => {
    await Promise.all(open.map((ledger) => ledger.stop()));
    open = [];
  });
  after(() => rm(base, { recursive: true, force: true }));

  const fresh = () => join(base, String(count++));
  const startIn = async (directory: string, options: Partial<EmbeddedLedgerOptions> = {}) => {
    const ledger = new EmbeddedLedger({
      directory,
      port: 0,
      genesisTimeSeconds: GENESIS,
      ...options,
    });
    open.push(ledger);
    await ledger.start();
    return ledger;
  };
  const rpc = async (ledger: EmbeddedLedger, method: string, ...params: unknown[]) => {
    const response = await fetch(ledger.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const answer = (await response.json()) as {
      result?: unknown;
      error?: { code: number; message: string };
    };
    if (answer.error !== undefined) throw Object.assign(new Error(), answer.error);
    return answer.result;
  };
  const signed = (nonce: number) =>
    wallet.signTransaction({
      type: 0,
      to: `0x${"22".repeat(20)}`,
      nonce,
      gasPrice: 0,
      gasLimit: 21_000,
      chainId: EmbeddedLedger.chainId,
    });
  const send = async (ledger: EmbeddedLedger, nonce: number) =>
    (await rpc(ledger, "eth_sendRawTransaction", await signed(nonce))) as string;
  const block = async (ledger: EmbeddedLedger, tag = "latest") =>
    (await rpc(ledger, "eth_getBlockByNumber", tag, false)) as Block;
  const chain = async (ledger: EmbeddedLedger) => {
    const head = Number((await block(ledger)).number);
    const hashes: string[] = [];
    for (let i = 0; i <= head; i++) hashes.push((await block(ledger, `0x${i.toString(16)}`)).hash);
    return hashes;
  };

  /** Within two seconds; what is there longer is ended. */
  const isGone = async (pid: number) => {
    const isAlive = async () =>
      !/\) Z /.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z "));
    for (let i = 0; i < 100 && (await isAlive()); i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (!(await isAlive())) return true;
    process.kill(pid, "SIGKILL");
    return false;
  };

  it("has a transaction in a block when it answers, free of charge and for anyone", async () => {
    const ledger = await startIn(fresh());
    const hash = await send(ledger, 0);
    const receipt = (await rpc(ledger, "eth_getTransactionReceipt", hash)) as { status: string };
    assert.equal(receipt.status, "0x1");
    assert.equal(Number(await rpc(ledger, "eth_chainId")), 31337);
    assert.equal(Number(await rpc(ledger, "eth_gasPrice")), 0);
  });

  it("works with ethers as it is: a contract is deployed without fees", async () => {
    const ledger = await startIn(fresh());
    const provider = new JsonRpcProvider(ledger.url, 31337, {
      staticNetwork: true,
      cacheTimeout: -1,
    });
    const sent = await wallet
      .connect(provider)
      .sendTransaction({ data: "0x6001600c60003960016000f300" });
    assert.equal((await sent.wait())?.status, 1);
    provider.destroy();
  });

  it("runs nobody's code without a bound, nor over contents of their own", async () => {
    const ledger = await startIn(fresh());
    const to = `0x${"22".repeat(20)}`;
    const isRefused = { code: -32602 };
    const overrides = { [to]: { code: "0x5b600056" } };
    for (const method of ["eth_call", "eth_estimateGas"]) {
      await assert.rejects(rpc(ledger, method, { to }, "latest", overrides), isRefused);
      await assert.rejects(rpc(ledger, method, { to, gas: "much" }, "latest"), isRefused);
      await assert.rejects(rpc(ledger, method, [to], "latest"), isRefused);
    }
    for (const method of ["eth_simulateV1", "eth_createAccessList", "eth_fillTransaction"]) {
      await assert.rejects(rpc(ledger, method, { to }, "latest"), { code: -32601 });
    }
    // Returns the gas that is left; a loop without an end spends all of it, and that is soon done.
    const gasLeft = "0x5a60005260206000f3";
    for (const gas of ["0xffffffffffff", undefined]) {
      const left = await rpc(ledger, "eth_call", { data: gasLeft, gas }, "latest");
      const units = Number(left as string);
      assert.ok(units > 29_000_000 && units < 30_000_000, `${units}`);
    }
    const endless = { data: "0x5b600056", gas: "0xffffffffffff" };
    const began = performance.now();
    await assert.rejects(rpc(ledger, "eth_call", endless, "latest"));
    assert.ok(performance.now() - began < 5_000);
  });

  it("offers what a public ledger offers and nothing that rewrites the chain", async () => {
    const ledger = await startIn(fresh());
    for (const method of [
      "anvil_setBalance",
      "evm_mine",
      "hardhat_reset",
      "eth_sendTransaction",
      "eth_accounts",
      "debug_traceTransaction",
    ]) {
      await assert.rejects(rpc(ledger, method), { code: -32601 }, method);
    }
    const garbage = await fetch(ledger.url, { method: "POST", body: "{" });
    assert.equal(((await garbage.json()) as { error: { code: number } }).error.code, -32700);
    const large = await fetch(ledger.url, { method: "POST", body: " ".repeat(5_000_000) }).catch(
      () => undefined, // the connection may be cut while the body is still on its way
    );
    assert.ok(large === undefined || large.status === 413);
    await assert.rejects(rpc(ledger, "eth_sendRawTransaction", "0x00"));
    assert.equal(Number((await block(ledger)).number), 0);
  });

  it("takes another port when the wished one is busy, and says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const notices: string[] = [];
    const ledger = await startIn(fresh(), { port, onNotice: (text) => notices.push(text) });
    assert.notEqual(new URL(ledger.url).port, String(port));
    assert.ok(notices.some((text) => text.includes(String(port))));
    assert.equal(Number(await rpc(ledger, "eth_chainId")), 31337);
    other.close();
  });

  it("refuses a second ledger on the same directory", async () => {
    const directory = fresh();
    await startIn(directory);
    await assert.rejects(startIn(directory), { code: "embedded-ledger.already-running" });
  });

  it("finds its chain again after a stop", async () => {
    const directory = fresh();
    const first = await startIn(directory);
    for (let nonce = 0; nonce < 3; nonce++) await send(first, nonce);
    const before = await chain(first);
    await first.stop();
    const second = await startIn(directory);
    assert.deepEqual(await chain(second), before);
    await send(second, 3);
    assert.equal(Number((await block(second)).number), 4);
  });

  it("comes back with the same blocks after kill -9 of anvil, a saved state and steps behind it", async () => {
    const ledger = await startIn(fresh());
    for (let nonce = 0; nonce < 3; nonce++) await send(ledger, nonce);
    await ledger.save();
    for (let nonce = 3; nonce < 6; nonce++) await send(ledger, nonce);
    await ledger.mine(); // an empty block is part of the chain like any other
    const before = await chain(ledger);
    const killed = ledger.anvilPid;
    assert.ok(killed !== undefined);
    process.kill(killed, "SIGKILL");
    await send(ledger, 6); // waits for the new process, or is what finds the old one dead
    assert.notEqual(ledger.anvilPid, killed);
    assert.deepEqual((await chain(ledger)).slice(0, 8), before);
    assert.equal(Number((await block(ledger)).number), 8);
  });

  it("loses and doubles nothing that was answered when anvil is killed again and again", async () => {
    const ledger = await startIn(fresh());
    let isDone = false;
    const killer = (async () => {
      while (!isDone) {
        await new Promise((resolve) => setTimeout(resolve, 150 + 100 * Math.random()));
        const pid = ledger.anvilPid;
        if (pid !== undefined && !isDone) process.kill(pid, "SIGKILL");
      }
    })();
    const hashes: string[] = [];
    try {
      for (let nonce = 0; nonce < 40; nonce++) hashes.push(await send(ledger, nonce));
    } finally {
      isDone = true;
      await killer;
    }
    const found = new Set<string>();
    for (let i = 1; i <= 40; i++) {
      for (const hash of (await block(ledger, `0x${i.toString(16)}`)).transactions) found.add(hash);
    }
    assert.deepEqual(found, new Set(hashes));
    assert.equal(Number((await block(ledger)).number), 40);
  });

  it("leaves no anvil behind when its process is killed, and its journal serves the next", async () => {
    const directory = fresh();
    const script = `
      import { EmbeddedLedger } from ${JSON.stringify(new URL("../../scripts/embedded-ledger.ts", import.meta.url).href)};
      const ledger = new EmbeddedLedger({ directory: ${JSON.stringify(directory)}, port: 0, genesisTimeSeconds: ${GENESIS} });
      await ledger.start();
      console.log(JSON.stringify({ url: ledger.url, pid: ledger.anvilPid }));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { url, pid } = JSON.parse(line.toString()) as { url: string; pid: number };
    const hash = await send({ url } as EmbeddedLedger, 0);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(await isGone(pid), true);
    const next = await startIn(directory);
    assert.ok(await rpc(next, "eth_getTransactionReceipt", hash));
  });

  it("leaves no anvil behind when its process is killed the moment it starts one", async () => {
    const script = `
      import childProcess from "node:child_process";
      import { writeSync } from "node:fs";
      import { syncBuiltinESMExports } from "node:module";
      const { spawn } = childProcess;
      childProcess.spawn = (...given) => {
        const child = spawn(...given);
        if (JSON.stringify(given).includes("anvil")) {
          writeSync(1, String(child.pid));
          process.kill(process.pid, "SIGKILL");
        }
        return child;
      };
      syncBuiltinESMExports();
      const { Anvil } = await import(${JSON.stringify(new URL("../../scripts/embedded-ledger/anvil.ts", import.meta.url).href)});
      await Anvil.start({ stateFile: undefined, genesisTimeSeconds: ${GENESIS} });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const pid = Number(text.toString());
    assert.equal(await isGone(pid), true);
  });

  it("ends the anvil of a dead owner by its record, and no process that only has its id", async () => {
    const sleeper = () => spawn("sleep", ["60"], { stdio: "ignore" });
    const [orphan, stranger, dead] = [sleeper(), sleeper(), sleeper()];
    await Promise.all([orphan, stranger, dead].map((child) => once(child, "spawn")));
    const identities = await Promise.all(
      [orphan, stranger, dead].map((child) => identityOf(child.pid ?? 0)),
    );
    const [anvil, other, owner] = identities;
    dead.kill("SIGKILL");
    await once(dead, "exit");
    for (const record of [
      { owner, anvil },
      { owner, anvil: { ...other, mark: "an anvil that had this id once" } },
    ]) {
      const directory = fresh();
      await mkdir(directory);
      await writeFile(join(directory, "owner.json"), JSON.stringify(record));
      await startIn(directory);
    }
    if (orphan.exitCode === null && orphan.signalCode === null) await once(orphan, "exit");
    assert.equal(orphan.signalCode, "SIGKILL");
    assert.equal(stranger.signalCode, null);
    stranger.kill("SIGKILL");
  });

  it("keeps a transaction behind a nonce gap over a save and a restart", async () => {
    const directory = fresh();
    const first = await startIn(directory);
    await send(first, 0);
    const early = await send(first, 2);
    await first.stop();
    const second = await startIn(directory);
    assert.equal(await rpc(second, "eth_getTransactionReceipt", early), null);
    await send(second, 1);
    assert.ok(await rpc(second, "eth_getTransactionReceipt", early));
  });

  describe("with damaged files", () => {
    /** Two generations and a step after the newer one; returns the chain's hashes. */
    const twoGenerations = async (directory: string) => {
      const ledger = await startIn(directory);
      await send(ledger, 0);
      await ledger.save();
      await send(ledger, 1);
      await ledger.save();
      await send(ledger, 2);
      await ledger.save();
      await send(ledger, 3);
      const hashes = await chain(ledger);
      return { ledger, hashes };
    };
    const states = async (directory: string) =>
      (await readdir(directory)).filter((name) => name.startsWith("state-")).sort();

    it("keeps two generations and falls back to the older one when the newer is torn", async () => {
      const directory = fresh();
      const { ledger, hashes } = await twoGenerations(directory);
      await ledger.stop();
      const files = await states(directory);
      assert.equal(files.length, 2);
      await truncate(join(directory, files[1]!), 1000);
      const notices: string[] = [];
      const next = await startIn(directory, { onNotice: (text) => notices.push(text) });
      assert.deepEqual(await chain(next), hashes);
      assert.ok(notices.some((text) => text.includes(files[1]!)));
      await send(next, 4);
      const grown = await chain(next);
      await next.stop();
      assert.deepEqual(await chain(await startIn(directory)), grown);
    });

    it("drops a torn last step, and writes on behind the whole ones", async () => {
      const directory = fresh();
      const first = await startIn(directory);
      await send(first, 0);
      await first.stop();
      const journal = (await readdir(directory))
        .filter((name) => name.startsWith("journal-"))
        .sort()
        .at(-1)!;
      await appendFile(join(directory, journal), '{"head":1,"timeSeconds":17000');
      const second = await startIn(directory);
      await send(second, 1);
      assert.match(await readFile(join(directory, journal), "utf8"), /^\{.*\}\n$/);
      assert.equal(Number((await block(second)).number), 2);
    });

    it("says embedded-ledger.state-lost when no generation is left, and changes nothing", async () => {
      const directory = fresh();
      const { ledger } = await twoGenerations(directory);
      await ledger.stop();
      for (const name of await states(directory)) await writeFile(join(directory, name), "{}");
      const before = await readdir(directory);
      await assert.rejects(startIn(directory), { code: "embedded-ledger.state-lost" });
      assert.deepEqual(
        (await readdir(directory)).filter((n) => n !== "owner.json"),
        before.filter((n) => n !== "owner.json"),
      );
    });
  });

  describe("its clock", () => {
    const timeNow = async (ledger: EmbeddedLedger) => Number((await block(ledger)).timestamp);

    it("starts a chain at the given time and makes blocks at the wall clock's until it is set", async () => {
      let wall = GENESIS * 1000 + 5_000;
      const ledger = await startIn(fresh(), { wallMilliseconds: () => wall });
      assert.equal(await timeNow(ledger), GENESIS);
      await send(ledger, 0);
      assert.equal(await timeNow(ledger), GENESIS + 5);
      wall -= 60_000; // the wall clock was put back: blocks never are
      await send(ledger, 1);
      assert.equal(await timeNow(ledger), GENESIS + 5);
    });

    it("runs on from a time that was set, for blocks, estimates and calls at the next block", async () => {
      let wall = Date.now();
      const ledger = await startIn(fresh(), { wallMilliseconds: () => wall });
      await ledger.setTime(GENESIS + 1000);
      await send(ledger, 0);
      assert.equal(await timeNow(ledger), GENESIS + 1000);
      wall += 7_000;
      await send(ledger, 1);
      assert.equal(await timeNow(ledger), GENESIS + 1007);
      await ledger.setTime(GENESIS + 5000);
      const seen = await rpc(ledger, "eth_call", { data: TIME_OF_BLOCK }, "pending");
      assert.ok(Math.abs(Number(seen) - (GENESIS + 5000)) <= 1);
      await ledger.mine();
      assert.equal(await timeNow(ledger), GENESIS + 5000);
      await assert.rejects(ledger.setTime(GENESIS), {
        code: "embedded-ledger.time-runs-backwards",
      });
      await assert.rejects(ledger.setTime(1.5), { code: "embedded-ledger.not-a-time" });
    });

    it("goes on after a restart where it stood, not at wall time, until it is released", async () => {
      const directory = fresh();
      let wall = (GENESIS + 100_000) * 1000;
      const clock = { wallMilliseconds: () => wall };
      const first = await startIn(directory, clock);
      await first.setTime(GENESIS + 1000);
      await send(first, 0);
      await first.stop();
      wall += 86_400_000; // a day passes while it is down
      const second = await startIn(directory, clock);
      wall += 3_000;
      await send(second, 1);
      assert.equal(await timeNow(second), GENESIS + 1003);
      await second.setTime(GENESIS + 2000); // no block made at that time yet
      await second.stop();
      const third = await startIn(directory, clock);
      await send(third, 2);
      assert.equal(await timeNow(third), GENESIS + 2000);
      await third.releaseTime();
      await send(third, 3);
      assert.equal(await timeNow(third), wall / 1000);
      await third.stop();
      const fourth = await startIn(directory, clock);
      wall += 60_000;
      await send(fourth, 4);
      assert.equal(await timeNow(fourth), wall / 1000);
    });
  });
});
