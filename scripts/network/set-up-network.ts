import { readFile } from "node:fs/promises";
import { encodeBytes32String } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { BOOK_KIND, type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";
import { deployLedger } from "../deploy.ts";
import { LedgerClient } from "./ledger-client.ts";
import {
  type AgreementOnLedger,
  type NetworkFile,
  networkFile,
  readJsonFile,
  writeJsonFile,
} from "./network-file.ts";
import { keysOf, keystoreOf, PARTIES, type PartyKeys, type PartyName } from "./parties.ts";

export interface SetUpOptions {
  directory: string;
  ledgerUrl: string;
  chainId: number;
  month: string;
  tariffValidFromSeconds: number;
  onStep: (what: string) => void;
}

export const TARIFF_FILES = {
  retail: new URL("../../samples/tariffs/alder-retail.json", import.meta.url),
  interconnect: new URL("../../samples/tariffs/interconnect.json", import.meta.url),
};

const DAY = 86_400;
const EUR = "0x455552";
/**
 * Seconds: to object, to answer a claim, age of a record, to credit, notice of a tariff, to answer a
 * demand for evidence, for each step of a dispute, payment term.
 */
const RETAIL_WINDOWS = [3 * DAY, 60 * DAY, 45 * DAY, 30 * DAY, DAY, 7 * DAY, 7 * DAY, 0];
const INTERCONNECT_WINDOWS = [3 * DAY, 30 * DAY, 45 * DAY, 30 * DAY, DAY, 7 * DAY, 7 * DAY, 0];
/**
 * Token units (6 decimals), the cap in nano-units (what silence concedes at most), and units again:
 * what the finder of a conceded claim gets.
 */
const STAKES = [10_000_000n, 2_000_000n, 1_000_000n, 50_000_000_000n, 200_000n];
/** Calendar months in Berlin, by a call's start, closed by nobody. */
const PERIOD = [encodeBytes32String("Europe/Berlin"), 0, false, false];
/** Voice both ways: one per cent or a euro, and then the lower total is paid. */
const TOLERANCES = [
  [1, 1, 10_000, 1_000_000_000n, 3],
  [1, 2, 10_000, 1_000_000_000n, 3],
];
export const BOND_UNITS = 100_000_000n;
export const PLAY_MONEY_UNITS = 1_000_000_000n;
const HEARTBEAT_SECONDS = BigInt(DAY);

/**
 * Contracts, members, agreements, books, bonds and tariffs of the sample network. Every step looks
 * first whether it is done, so that a set-up that was killed goes on at the next start.
 */
export async function setUpNetwork(options: SetUpOptions): Promise<NetworkFile> {
  const known = await readJsonFile<NetworkFile>(networkFile(options.directory));
  if (known !== undefined) return known;
  const contracts = await contractsOf(options);
  const client = new LedgerClient(options.ledgerUrl, options.chainId, contracts);
  try {
    const keys = Object.fromEntries(
      await Promise.all(
        Object.keys(PARTIES).map(async (party) => [party, await keysOf(options.directory, party)]),
      ),
    ) as Record<PartyName, PartyKeys>;
    const setUp = new NetworkSetUp(options, client, contracts, keys);
    const members = await setUp.admitMembers();
    const [retail, interconnect] = await setUp.makeAgreements(members);
    await setUp.publishTariff("alder", members.alder, retail.id, TARIFF_FILES.retail);
    await setUp.publishTariff("birch", members.birch, interconnect.id, TARIFF_FILES.interconnect);
    const network: NetworkFile = {
      chainId: options.chainId,
      contracts,
      members,
      retail,
      interconnect,
      month: options.month,
      tariffValidFrom: options.tariffValidFromSeconds.toString(),
    };
    await writeJsonFile(networkFile(options.directory), network);
    return network;
  } finally {
    client.close();
  }
}

/** Kept as soon as they are deployed; contracts of a deployment that was cut short are left behind. */
async function contractsOf(options: SetUpOptions): Promise<Record<string, Hex>> {
  const file = networkFile(options.directory).replace("network.json", "contracts.json");
  const known = await readJsonFile<Record<string, Hex>>(file);
  if (known !== undefined) return known;
  const client = new LedgerClient(options.ledgerUrl, options.chainId);
  try {
    const governor = await (await keystoreOf(options.directory, "governor")).signer("govern");
    const addresses = await deployLedger(governor.connect(client.provider), {
      heartbeatSeconds: HEARTBEAT_SECONDS,
      onStep: options.onStep,
    });
    const contracts = Object.fromEntries(
      Object.entries({ ...addresses, token: addresses.demoToken }).map(([name, address]) => [
        name,
        address.toLowerCase() as Hex,
      ]),
    );
    await writeJsonFile(file, contracts);
    return contracts;
  } finally {
    client.close();
  }
}

class NetworkSetUp {
  readonly #options: SetUpOptions;
  readonly #client: LedgerClient;
  readonly #contracts: Record<string, Hex>;
  readonly #keys: Record<PartyName, PartyKeys>;

  constructor(
    options: SetUpOptions,
    client: LedgerClient,
    contracts: Record<string, Hex>,
    keys: Record<PartyName, PartyKeys>,
  ) {
    this.#options = options;
    this.#client = client;
    this.#contracts = contracts;
    this.#keys = keys;
  }

  async admitMembers(): Promise<Record<PartyName, Hex>> {
    const governor = await (await keystoreOf(this.#options.directory, "governor")).signer("govern");
    const members: Partial<Record<PartyName, Hex>> = {};
    for (const party of Object.keys(PARTIES) as PartyName[]) {
      const { commit, settle, govern } = this.#keys[party];
      const { name, roles } = PARTIES[party];
      if (isZero(await this.#client.read("members", "memberOf", govern.address))) {
        this.#options.onStep(`admitting ${name}`);
        await this.#client.send(governor, "members", "admit", name, roles, [
          commit.address,
          settle.address,
          govern.address,
        ]);
      }
      members[party] = await this.#client.read("members", "memberOf", govern.address);
    }
    return members as Record<PartyName, Hex>;
  }

  async makeAgreements(
    members: Record<PartyName, Hex>,
  ): Promise<[AgreementOnLedger, AgreementOnLedger]> {
    const { alder, birch, cedar, elm } = members;
    const token = this.#contracts.token as Hex;
    // Cedar's devices bring Alder's subscribers: half a euro a month, and a tenth of what is left.
    const retailTerms = [
      [alder, cedar],
      [[alder, alder]],
      [[alder, [[cedar, 500_000_000n, 100_000, 0n, 0n]]]],
      [],
      PERIOD,
      EUR,
      token,
      elm,
      false,
      RETAIL_WINDOWS,
      STAKES,
    ];
    const interconnectTerms = [
      [birch, alder],
      [[birch, alder]],
      [[birch, []]],
      TOLERANCES,
      PERIOD,
      EUR,
      token,
      elm,
      false,
      INTERCONNECT_WINDOWS,
      STAKES,
    ];
    const retail = await this.#agree(retailTerms, ["alder", "cedar"], 1);
    const interconnect = await this.#agree(interconnectTerms, ["birch", "alder"], 2);
    await this.#fund("alder", alder, retail);
    await this.#fund("birch", birch, interconnect);
    return [
      await this.#openBooks("alder", alder, retail, RETAIL_WINDOWS),
      await this.#openBooks("birch", birch, interconnect, INTERCONNECT_WINDOWS),
    ];
  }

  /** @param ordinal the agreement's place among all, in the order of this set-up */
  async #agree(terms: unknown[], signers: PartyName[], ordinal: number): Promise<Hex> {
    const [proposer, ...others] = signers.map((party) => this.#keys[party].govern);
    if ((await this.#client.read("agreements", "agreementCount")) < BigInt(ordinal)) {
      this.#options.onStep("agreeing on terms");
      await this.#client.send(proposer as PartyKeys["govern"], "agreements", "propose", terms);
    }
    const id: Hex = await this.#client.read("agreements", "agreementAt", ordinal);
    for (const [at, key] of others.entries()) {
      const party = (await this.#client.read("members", "memberOf", key.address)) as Hex;
      if (await this.#client.read("agreements", "hasSigned", id, party)) continue;
      this.#options.onStep(`signing by ${PARTIES[signers[at + 1] as PartyName].name}`);
      await this.#client.send(key, "agreements", "sign", id);
    }
    return id;
  }

  /** Play money for the operator's payments, and its bond, from which proven breaches pay bounties. */
  async #fund(party: PartyName, member: Hex, agreement: Hex): Promise<void> {
    if ((await this.#client.read("bonds", "bondOf", agreement, member)) > 0n) return;
    const { settle } = this.#keys[party];
    this.#options.onStep(`bond of ${PARTIES[party].name}`);
    if ((await this.#client.read("token", "balanceOf", settle.address)) === 0n) {
      await this.#client.send(settle, "token", "mint", settle.address, PLAY_MONEY_UNITS);
    }
    await this.#client.send(settle, "token", "approve", this.#contracts.bonds, BOND_UNITS);
    await this.#client.send(settle, "bonds", "deposit", agreement, member, BOND_UNITS);
  }

  async #openBooks(
    party: PartyName,
    member: Hex,
    agreement: Hex,
    windows: number[],
  ): Promise<AgreementOnLedger> {
    const open = async (kind: BookKind): Promise<Hex> => {
      const domain = toHex(
        bookDomain({
          chainId: BigInt(this.#options.chainId),
          books: fromHex(this.#contracts.books as Hex),
          operator: fromHex(member),
          agreement: fromHex(agreement),
          kind,
          number: 1n,
        }),
      );
      if (!(await this.#isOpen(domain))) {
        await this.#client.send(
          this.#keys[party].commit,
          "books",
          "openBook",
          agreement,
          kind,
          1,
          1,
        );
      }
      return domain;
    };
    this.#options.onStep(`books of ${PARTIES[party].name}`);
    return {
      id: agreement,
      maxRecordAgeSeconds: String(windows[2]),
      chargeBook: await open(BOOK_KIND.charges),
      creditBook: await open(BOOK_KIND.credits),
      invoiceBook: await open(BOOK_KIND.invoices),
    };
  }

  async #isOpen(domain: Hex): Promise<boolean> {
    const count: bigint = await this.#client.read("books", "bookCount");
    for (let ordinal = 1n; ordinal <= count; ordinal++) {
      if ((await this.#client.read("books", "bookAt", ordinal)) === domain) return true;
    }
    return false;
  }

  async publishTariff(party: PartyName, member: Hex, agreement: Hex, file: URL): Promise<void> {
    if ((await this.#client.read("tariffs", "versionCount", agreement, member)) > 0n) return;
    this.#options.onStep(`publishing the tariff of ${PARTIES[party].name}`);
    const tariff = compileTariff(JSON.parse(await readFile(file, "utf8")), 1);
    const root = toHex(buildTariffTree(tariff).root);
    const { govern } = this.#keys[party];
    const from = this.#options.tariffValidFromSeconds;
    await this.#client.send(govern, "tariffs", "publish", agreement, 1, root, from);
  }
}

const isZero = (hex: string): boolean => /^0x0*$/.test(hex);
