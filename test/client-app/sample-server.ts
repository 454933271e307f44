import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Interface, verifyTypedData } from "ethers";
import express, { type Express } from "express";
import helmet from "helmet";
import { accessToken } from "../../node/core/evidence/access-link.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { CHAIN_ID } from "./sample-books.ts";
import { EPOCH, type SampleBundle, SECRET, sampleBundle } from "./sample-bundle.ts";
import { showSampleEvents } from "./sample-events.ts";
import { SAMPLE_BILL_CSV, SAMPLE_USES, sampleCallLog } from "./sample-month.ts";

const READS = new Interface([
  "function sealOf(bytes20 book, uint64 sequence) view returns (bytes32)",
  "function versionAt(bytes32 agreement, bytes20 operator, uint32 version) view returns (tuple(bytes32 root, uint64 validFrom))",
  "function windowsOf(bytes32 agreement) view returns (tuple(uint32 challenge, uint32 claim, uint32 recordAgeMax, uint32 credit, uint32 tariffNotice, uint32 demand, uint32 dispute, uint32 payment))",
  "function nonces(address owner) view returns (uint256)",
  "function ledgerTime() view returns (uint64)",
  "function deadlineOf(bytes32 id) view returns (uint64)",
]);
const NO_SEAL = `0x${"00".repeat(32)}`;
const CLAIM_TYPE = {
  Claim: [
    ["kind", "uint8"],
    ["book", "bytes20"],
    ["sequence", "uint64"],
    ["leafIndex", "uint32"],
    ["claimedNano", "uint128"],
    ["evidenceHash", "bytes32"],
    ["finder", "address"],
    ["nonce", "uint256"],
    ["validUntil", "uint64"],
  ].map(([name = "", type = ""]) => ({ name, type })),
};

/** Switches that a test turns to see the page in trouble. */
export interface Faults {
  nodeDown?: boolean;
  ledgerDown?: boolean;
  /** The second member's ledger tells another seal for the first batch. */
  secondMemberLies?: boolean;
  /** The operator's own node does not carry claims to the ledger. */
  relayRefuses?: boolean;
  /** The operator never answers a claim, and the time for it has passed. */
  staysSilent?: boolean;
  /** Another number of events than the line binds. */
  liesOfEvents?: boolean;
  /** Claims of somebody else about every line. */
  strangersClaim?: boolean;
}

/** An operator's node and its ledger as far as the page can tell them from real ones. */
export class SampleServer {
  readonly faults: Faults = {};
  readonly requests: string[] = [];
  /** The last claim and opening that the page sent. */
  claim: Record<string, string> | undefined;
  opening: unknown[] | undefined;
  conclusion: unknown;
  readonly openedClaims: unknown[] = [];
  /** Which member's node carried the claim, when it was not the operator's. */
  relayedBy: number | undefined;
  /** The published evidence file, which the session then tells of. */
  published: Uint8Array | undefined;
  /** Changes the evidence before it is served. */
  tamper: (bundle: Bundle) => void = () => {};
  #state = "";
  #polls = 0;
  #server: Server | undefined;
  #sample: SampleBundle | undefined;
  readonly #page: string;
  readonly #kind: "embedded" | "consortium";
  readonly #hasEvents: boolean;

  /** @param page folder of the built page */
  constructor(
    page: string,
    kind: "embedded" | "consortium" = "embedded",
    { hasEvents = false } = {},
  ) {
    this.#page = page;
    this.#kind = kind;
    this.#hasEvents = hasEvents;
  }

  async start(): Promise<string> {
    const app = express();
    app.use(express.json({ limit: "2mb" }));
    const server = createServer(app);
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#rebuild(origin);
    this.#serve(app, origin);
    return origin;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  get link(): string {
    return `#s=${Buffer.from(SECRET).toString("base64url")}&period=${EPOCH}`;
  }

  get bundle() {
    if (this.#sample === undefined) throw new Error("start() comes first");
    return this.#sample.bundle;
  }

  #rebuild(origin: string, credited?: { line: string; amountNano: bigint }): void {
    const members =
      this.#kind === "embedded" ? ["Alder Mobile"] : ["Alder Mobile", "Birch Networks"];
    this.#sample = sampleBundle({
      kind: this.#kind,
      events: this.#hasEvents,
      endpoints: members.map((member, i) => ({ member, url: `${origin}/${i}/rpc` })),
      ...(credited === undefined ? {} : { credited }),
    });
  }

  #serve(app: Express, origin: string): void {
    app.post("/:member/v1/relay/claims", (request, response) => {
      this.relayedBy = Number(request.params.member);
      this.#takeClaim(request.body);
      response.status(201).json({ transaction: `0x${"22".repeat(32)}` });
    });
    app.post("/:member/rpc", (request, response) => {
      if (this.faults.ledgerDown) return void response.destroy();
      const { id, method, params } = request.body;
      const answer = this.#ledger(method, params, Number(request.params.member));
      response.json({ jsonrpc: "2.0", id, ...answer });
    });
    app.use((request, _response, next) => {
      this.requests.push(`${request.method} ${request.originalUrl}`);
      next();
    });
    app.use(
      helmet({
        contentSecurityPolicy: {
          useDefaults: false,
          directives: {
            defaultSrc: ["'self'"],
            connectSrc: ["'self'"],
            scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
          },
        },
      }),
    );
    app.use("/v1", (request, response, next) => {
      if (this.faults.nodeDown) return void response.destroy();
      if (request.headers.authorization === `Bearer ${accessToken(SECRET)}`) return next();
      response
        .status(401)
        .json({ error: { code: "access.unknown-token", message: "No account opens with this." } });
    });
    app.get("/v1/session", (_request, response) => {
      response.json({
        operator: { name: "Alder Mobile" },
        account: { label: "Alex Sample, +49 171 392 0017", devices: ["+491713920017"] },
        currency: "EUR",
        periods: [
          {
            ...this.bundle.period,
            status: "billed",
            totalNano: this.bundle.invoice?.chargesNano,
            lines: SAMPLE_USES.length,
            ...(this.published === undefined ? {} : { published: 1 }),
          },
        ],
        sample: { deviceLogUrl: "/v1/sample/calls.xml", billUrl: "/v1/sample/bill.csv" },
      });
    });
    app.get("/published/*path", (_request, response) => {
      response.type("bin").send(Buffer.from(this.published as Uint8Array));
    });
    app.get("/v1/evidence", (_request, response) => {
      const bundle = structuredClone(this.bundle);
      this.tamper(bundle);
      response.json(bundle);
    });
    app.post("/v1/events", (request, response) => {
      const { header, proofs } = showSampleEvents(request.body.events);
      const count = this.faults.liesOfEvents === true ? "319" : header.count;
      response.json({ header: { ...header, count }, proofs });
    });
    app.get("/v1/sample/calls.xml", (_request, response) => {
      response.type("xml").send(sampleCallLog());
    });
    app.get("/v1/sample/bill.csv", (_request, response) => {
      response.type("csv").send(SAMPLE_BILL_CSV);
    });
    app.get("/v1/disputes", (_request, response) => {
      response.json({ disputes: this.#disputes(origin) });
    });
    app.post("/v1/relay/claims", (request, response) => {
      if (this.faults.relayRefuses) {
        response.status(503).json({ error: { code: "relay.closed", message: "Not now." } });
        return;
      }
      this.#takeClaim(request.body);
      response.status(201).json({ transaction: `0x${"22".repeat(32)}` });
    });
    app.post("/v1/relay/openings", (request, response) => {
      this.opening = request.body.opening;
      this.openedClaims.push(request.body.claimId);
      this.#state = "proven";
      this.#polls = 0;
      response.status(201).json({ transaction: `0x${"33".repeat(32)}` });
    });
    app.post("/v1/relay/conclusions", (request, response) => {
      this.conclusion = request.body;
      response.status(404).json({ error: { code: "http.not-found", message: "Not here." } });
    });
    app.use(express.static(this.#page));
  }

  #takeClaim(claim: Record<string, string>): void {
    this.claim = claim;
    this.#state = "claimed";
  }

  /** The signer of the claim that the page sent, by the ledger's own rule. */
  signerOfClaim(): string {
    const claim = this.claim ?? {};
    const { ledger } = this.bundle;
    return verifyTypedData(
      {
        name: "Tallystick Claims",
        version: "1",
        chainId: BigInt(ledger.chainId),
        verifyingContract: ledger.contracts.claims,
      },
      CLAIM_TYPE,
      {
        ...claim,
        kind: claim.kind === "mispriced" ? 1 : 100,
        book: claim.domain,
        validUntil: claim.deadline,
      },
      claim.signature ?? "",
    ).toLowerCase();
  }

  /** Each look at a dispute moves it one step on, as the operator and the ledger would. */
  #disputes(origin: string): object[] {
    const { claim } = this;
    const strangers = this.faults.strangersClaim ? this.#strangersClaims() : [];
    if (claim === undefined) return strangers;
    this.#polls++;
    if (this.#state === "claimed" && this.#polls > 1 && !this.faults.staysSilent)
      this.#state = "contested";
    else if (this.#state === "proven" && this.#polls > 1) {
      this.#state = "settled";
      this.#rebuild(origin, {
        line: this.#lineOf(claim),
        amountNano: BigInt(claim.claimedNano ?? 0),
      });
    }
    const decided = this.#state === "proven" || this.#state === "settled";
    return [
      ...strangers,
      {
        id: `0x${"11".repeat(32)}`,
        finder: claim.finder,
        domain: claim.domain,
        sequence: claim.sequence,
        leafIndex: claim.leafIndex,
        line: this.#lineOf(claim),
        kind: claim.kind,
        state: this.#state,
        claimedNano: claim.claimedNano,
        ...(decided ? { dueNano: claim.claimedNano } : {}),
        ...(this.#state === "settled" ? { creditLine: `C${EPOCH}-1` } : {}),
        history: [{ at: "2026-11-03T09:12:00.000Z", words: "The dispute was lodged." }],
      },
    ];
  }

  #strangersClaims(): object[] {
    return this.bundle.charges.map(({ batch, leafIndex, line }, at) => ({
      id: `0x${at.toString(16).padStart(64, "0")}`,
      finder: `0x${"5e".repeat(20)}`,
      domain: this.bundle.batches[batch]?.domain,
      sequence: this.bundle.batches[batch]?.sequence,
      leafIndex,
      line,
      kind: "mispriced",
      state: "contested",
      claimedNano: "1",
      history: [],
    }));
  }

  #lineOf(claim: Record<string, unknown>): string {
    const { batches, charges } = this.bundle;
    const charge = charges.find(
      ({ batch, leafIndex }) =>
        batches[batch]?.sequence === claim.sequence && leafIndex === claim.leafIndex,
    );
    return charge?.line ?? "";
  }

  #ledger(method: string, params: unknown[], member: number): object {
    if (method === "eth_chainId") return { result: `0x${CHAIN_ID.toString(16)}` };
    if (method === "eth_getBlockByNumber") {
      return { result: { number: "0x2a", timestamp: "0x6906b3a0" } };
    }
    const { data } = params[0] as { data: string };
    const call = READS.parseTransaction({ data });
    if (method !== "eth_call" || call === null || this.#sample === undefined) {
      return { error: { code: -32601, message: "unknown method" } };
    }
    const { seals, tariff } = this.#sample;
    const encode = (value: unknown) => ({
      result: READS.encodeFunctionResult(call.fragment, [value]),
    });
    switch (call.name) {
      case "sealOf": {
        const at = sealKey(call.args[0], String(call.args[1]));
        if (member === 1 && this.faults.secondMemberLies && at === Object.keys(seals)[0]) {
          return encode(`0x${"ab".repeat(32)}`);
        }
        return encode(seals[at] ?? NO_SEAL);
      }
      case "versionAt":
        return call.args[2] === 1n
          ? encode([tariff.root, tariff.validFrom])
          : { error: { code: 3, message: "execution reverted" } };
      case "windowsOf":
        return encode([604_800, 604_800, 2_592_000, 604_800, 0, 604_800, 604_800, 0]);
      case "ledgerTime":
        return encode(this.faults.staysSilent ? 1001 : 999);
      case "deadlineOf":
        return encode(1000);
      default:
        return encode(0);
    }
  }
}
