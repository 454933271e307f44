import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HDNodeWallet, Wallet } from "ethers";
import {
  DEVELOPMENT_ADDRESSES,
  Keystore,
  type Passphrase,
  passphraseOf,
} from "../../node/adapters/keystore.ts";

const MADE_ELSEWHERE = JSON.stringify({
  address: "504e4fbab7bc2962b361e3730b965e61f289d0cc",
  id: "fcef85f6-533b-47ce-b485-0c688e64f302",
  version: 3,
  Crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "5e45536000769e0eb06f1476c6c8c9a5" },
    ciphertext: "b4502c30c53de8db67974c8b8ea5e485cc742bac4ba649a4876140531cfe9046",
    kdf: "scrypt",
    kdfparams: {
      salt: "d23a30ebc98bfabf6a474df11a79a52687959ad558b57d8fc0891409626e645a",
      n: 1024,
      dklen: 32,
      p: 1,
      r: 8,
    },
    mac: "924a8d96b7488220d34caa2d4144530947b16842271392c39ac32c7b56ddb58e",
  },
});

describe("keystore", () => {
  let base: string;
  let count = 0;
  const generated: Passphrase = { text: "a generated passphrase", origin: "generated" };
  const developmentKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-keys-"));
  });
  after(() => rm(base, { recursive: true, force: true }));

  const fresh = () => join(base, String(count++));
  const keystore = (
    directory: string,
    options: Partial<ConstructorParameters<typeof Keystore>[0]> = {},
  ) => new Keystore({ directory, passphrase: generated, ledgerIsEmbedded: true, ...options });

  it("makes a key at first and finds the same one again", async () => {
    const directory = fresh();
    const made = await keystore(directory).signer("alder-commit");
    const other = await keystore(directory).signer("alder-settle");
    const found = await keystore(directory).signer("alder-commit");
    assert.equal(found.privateKey, made.privateKey);
    assert.notEqual(other.address, made.address);
    assert.deepEqual(await keystore(directory).names(), ["alder-commit", "alder-settle"]);
  });

  it("unlocks once for all who ask", async () => {
    const keys = keystore(fresh());
    const [one, two] = await Promise.all([keys.signer("k"), keys.signer("k")]);
    assert.equal(one, two);
  });

  it("gives two processes that start together one key", async () => {
    const directory = fresh();
    const signers = await Promise.all([1, 2, 3].map(() => keystore(directory).signer("k")));
    assert.equal(new Set(signers.map((signer) => signer.address)).size, 1);
    assert.deepEqual(await readdir(directory), ["k.json"]);
  });

  it("writes an encrypted file that only its owner may read and other tools understand", async () => {
    const directory = fresh();
    const signer = await keystore(directory).signer("k");
    const file = join(directory, "k.json");
    const text = await readFile(file, "utf8");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.ok(!text.toLowerCase().includes(signer.privateKey.slice(2).toLowerCase()));
    const json = JSON.parse(text) as { version: number; Crypto: { kdfparams: { n: number } } };
    assert.equal(json.version, 3);
    assert.equal(json.Crypto.kdfparams.n, 16384);
    assert.equal((await Wallet.fromEncryptedJson(text, generated.text)).address, signer.address);
  });

  it("opens a file of another tool, whose scrypt is not ours", async () => {
    // Made by ethers' own scrypt in JavaScript, of the passphrase "another tool".
    const directory = await mkdtemp(join(base, "other-"));
    await writeFile(join(directory, "k.json"), MADE_ELSEWHERE, { mode: 0o600 });
    const passphrase: Passphrase = { text: "another tool", origin: "chosen" };
    const { address } = await keystore(directory, { passphrase }).signer("k");
    assert.equal(address, "0x504e4FbaB7bC2962b361E3730B965E61F289d0cC");
  });

  it("refuses a wrong passphrase, a damaged file and a name that is a path", async () => {
    const directory = fresh();
    await keystore(directory).signer("k");
    const wrong = keystore(directory, { passphrase: { text: "wrong", origin: "generated" } });
    await assert.rejects(wrong.signer("k"), { code: "keystore.wrong-passphrase" });
    await writeFile(join(directory, "torn.json"), '{"version":3,"crypto":{');
    await assert.rejects(keystore(directory).signer("torn"), { code: "keystore.damaged" });
    await assert.rejects(keystore(directory).signer("../k"), { code: "keystore.bad-name" });
  });

  it("stretches a passphrase that a person chose", async function () {
    this.timeout(30_000);
    const directory = fresh();
    await keystore(directory, { passphrase: { text: "tally", origin: "chosen" } }).signer("k");
    const text = await readFile(join(directory, "k.json"), "utf8");
    assert.equal(JSON.parse(text).Crypto.kdfparams.n, 131072);
  });

  it("never overwrites a key", async () => {
    const directory = fresh();
    const keys = keystore(directory);
    const { privateKey } = Wallet.createRandom();
    await keys.importKey("k", privateKey);
    await assert.rejects(keys.importKey("k", Wallet.createRandom().privateKey), {
      code: "keystore.exists",
    });
    assert.equal((await keystore(directory).signer("k")).privateKey, privateKey);
  });

  it("leaves the well-known development keys to the embedded ledger", async () => {
    const directory = fresh();
    await keystore(directory).importKey("k", developmentKey);
    await keystore(directory).signer("k");
    const elsewhere = keystore(directory, { ledgerIsEmbedded: false });
    const refused = { code: "keystore.development-key" };
    await assert.rejects(elsewhere.signer("k"), refused);
    await assert.rejects(elsewhere.importKey("other", developmentKey), refused);
    const root = HDNodeWallet.fromPhrase(`${"test ".repeat(11)}junk`, undefined, "m/44'/60'/0'/0");
    const known = Array.from({ length: 10 }, (_, i) => root.deriveChild(i).address);
    assert.deepEqual([...DEVELOPMENT_ADDRESSES], known);
  });

  describe("passphrase", () => {
    it("is the given one on any ledger", async () => {
      const source = { given: "tally", dataDirectory: fresh(), ledgerIsEmbedded: false };
      assert.deepEqual(await passphraseOf(source), { text: "tally", origin: "chosen" });
    });

    it("is generated once for the embedded ledger, into a file of its owner", async () => {
      const source = { given: undefined, dataDirectory: fresh(), ledgerIsEmbedded: true };
      const first = await passphraseOf(source);
      assert.equal(first.origin, "generated");
      assert.ok(first.text.length >= 43);
      // Nothing is made beside it again: a part would stay where the process is killed.
      await utimes(source.dataDirectory, 1000, 1000);
      assert.deepEqual(await passphraseOf(source), first);
      assert.equal((await stat(source.dataDirectory)).mtimeMs, 1_000_000);
      const { mode } = await stat(join(source.dataDirectory, "passphrase"));
      assert.equal(mode & 0o777, 0o600);
    });

    it("must be given for any other ledger, and none is made", async () => {
      const source = { given: "", dataDirectory: fresh(), ledgerIsEmbedded: false };
      await assert.rejects(passphraseOf(source), { code: "keystore.passphrase-missing" });
      await assert.rejects(stat(join(source.dataDirectory, "passphrase")));
    });
  });
});
