/*
 * The protocol once more, from docs/PROTOCOL.md alone: plain hexadecimal strings and another keccak
 * library (js-sha3). It shares no code with node/core; that is its whole worth.
 */
import sha3 from "js-sha3";

type Json = Record<string, unknown>;

const V = "01";
const strip = (hex: unknown): string => String(hex).replace(/^0x/, "");
const uint = (value: unknown, bytes: number): string =>
  BigInt(value as string)
    .toString(16)
    .padStart(2 * bytes, "0");
const raw = (hex: string): number[] =>
  hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
const utf8 = (text: unknown): string => Buffer.from(String(text), "utf8").toString("hex");

export const keccak = (hex: string): string => `0x${sha3.keccak256(raw(hex))}`;
const shake = (hex: string, bytes: number): string => sha3.shake256(raw(hex), 8 * bytes);

const salts = (key: unknown, revision: unknown, id: string): string[] =>
  (shake(`13${strip(key)}${uint(revision, 4)}${utf8(id)}`, 96).match(/.{64}/g) ?? []).map(
    (s) => `0x${s}`,
  );

export function tree(leaves: string[], depth: number): { root: string; levels: string[][] } {
  let level = leaves.map(strip);
  while (level.length < 2 ** depth) level.push(strip(keccak("0f")));
  const levels = [level];
  for (let d = 0; d < depth; d++) {
    const above: string[] = [];
    for (let i = 0; i < level.length; i += 2)
      above.push(strip(keccak(`01${level[i]}${level[i + 1]}`)));
    level = above;
    levels.push(level);
  }
  return { root: `0x${level[0]}`, levels };
}

const ramp = (from: number, bytes: number): string =>
  Array.from({ length: bytes }, (_, i) => ((from + i) % 256).toString(16).padStart(2, "0")).join(
    "",
  );

const accountFields = (i: Json): string =>
  `${strip(i.salt)}${strip(i.pseudonym)}${uint(i.chargeNumber, 8)}${uint(i.runningTotalNano, 16)}${strip(i.sourceTag)}${strip(i.deviceTag)}`;
const partyFields = (i: Json): string =>
  `${strip(i.salt)}${strip(i.restDigits)}${uint(i.type, 1)}${uint(i.cell, 8)}${strip(i.file)}${uint(i.offset, 8)}${uint(i.length, 4)}${strip(i.eventsRoot)}`;
function chargeFields(i: Json): string {
  const moves = (i.counters as Json[])
    .map((m) => strip(m.scope) + uint(m.scopeSequence, 8) + uint(m.counterBefore, 8))
    .join("")
    .padEnd(96, "0");
  return `${strip(i.salt)}${uint(i.kind, 1)}${uint(i.service, 1)}${uint(i.flags, 1)}${uint(i.start, 8)}${uint(i.sessionMinutes, 2)}${uint(i.quantity, 8)}${uint(i.secondQuantity, 8)}${strip(i.decidingDigits)}${strip(i.originDigits)}${uint(i.visitedNetwork, 3)}${uint(i.class, 1)}${uint(i.tariffVersion, 4)}${moves}`;
}
const creditFields = (i: Json): string =>
  `${strip(i.salt)}${strip(i.targetDomain)}${uint(i.targetSequence, 8)}${uint(i.targetIndex, 4)}${uint(i.reason, 1)}${strip(i.claim)}`;
const openingOf = (i: Json): string =>
  accountFields(i.account as Json) +
  partyFields(i.party as Json) +
  (i.credit === undefined ? chargeFields(i.charge as Json) : creditFields(i.credit as Json)) +
  uint(i.amountNano, 16);
const batchFields = (i: Json): string =>
  uint(i.depth, 1) + strip(i.totals) + strip(i.runningTotals) + uint(i.blockTime, 8);
const pathOf = (i: Json): string => (i.path as string[]).map(strip).join("");

/** secp256k1 by double and add over plain integers. */
const FIELD = 2n ** 256n - 2n ** 32n - 977n;
type Point = [x: bigint, y: bigint];
const GENERATOR: Point = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
];
const modulo = (value: bigint): bigint => ((value % FIELD) + FIELD) % FIELD;

/** By Fermat's little theorem. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = modulo(value);
  for (let rest = FIELD - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * base);
    base = modulo(base * base);
  }
  return result;
}

function sumOf(p: Point | undefined, q: Point): Point {
  if (p === undefined) return q;
  const slope =
    p[0] === q[0] ? 3n * p[0] * p[0] * inverse(2n * p[1]) : (q[1] - p[1]) * inverse(q[0] - p[0]);
  const x = modulo(slope * slope - p[0] - q[0]);
  return [x, modulo(slope * (p[0] - x) - p[1])];
}

function times(factor: bigint, point: Point): Point {
  let result: Point | undefined;
  let power = point;
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = sumOf(result, power);
    power = sumOf(power, power);
  }
  return result as Point;
}

const eventOf = (i: Json): string => `${uint(i.time, 8)}${uint(i.sequence, 8)}${utf8(i.device)}`;

/** Events of a charge, from section 14: header fields in order, then order keys as they stand. */
function eventsOf(eventsKey: unknown, events: Json[]): string[] {
  const secrets = shake(`50${strip(eventsKey)}`, 64);
  const [order, salt] = [secrets.slice(0, 64), secrets.slice(64)];
  const sorted = events
    .map((event) => ({ event, key: strip(keccak(`51${order}${eventOf(event)}`)) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const leaves = sorted.map(({ event, key }, index) => {
    const salts = shake(`52${salt}${uint(Math.floor(index / 6), 8)}`, 96);
    const own = salts.slice(32 * (index % 6), 32 * (index % 6) + 32);
    const body = keccak(`53${V}${own}${uint(event.quantity, 8)}${eventOf(event)}`);
    return keccak(`54${V}${key}${strip(body)}`);
  });
  const depth = Math.ceil(Math.log2(leaves.length));
  const { root } = tree(leaves, depth);
  const quantities = events.map(({ quantity }) => BigInt(String(quantity)));
  const [least, most] = [0, -1].map((at) => quantities.toSorted((a, b) => (a < b ? -1 : 1)).at(at));
  const inTime = events.toSorted((a, b) => (eventOf(a) < eventOf(b) ? -1 : 1));
  const sum = quantities.reduce((a, b) => a + b, 0n);
  const header = `${uint(depth, 1)}${uint(leaves.length, 8)}${strip(root)}${uint(sum, 16)}${uint(least, 8)}${uint(most, 8)}${uint(inTime.at(-1)?.quantity, 8)}${uint(inTime[0]?.time, 8)}${uint(inTime.at(-1)?.time, 8)}`;
  return [keccak(`55${V}${header}`), root, ...sorted.map(({ key }) => `0x${key}`)];
}

/** Output of one vector's structure from its input. */
export const structures: Record<string, (input: Json) => string | string[]> = {
  domain: (i) =>
    `0x${keccak(`09${V}${uint(i.chainId, 32)}${strip(i.books)}${strip(i.operator)}${strip(i.agreement)}${uint(i.kind, 1)}${uint(i.number, 8)}`).slice(-40)}`,
  recordSalts: (i) => salts(i.epochKey, i.revision, String(i.recordId)),
  invoiceSalts: (i) => salts(i.epochKey, 0, `invoice:${i.run}`).slice(0, 2),
  pseudonym: (i) => keccak(`14${strip(i.domain)}${strip(i.disputeAddress)}${strip(i.blind)}`),
  sourceTag: (i) =>
    keccak(`15${strip(i.trafficMonthKey)}${uint(i.role, 1)}${utf8(i.recordId)}`).slice(0, 50),
  deviceTag: (i) => keccak(`17${strip(i.epochKey)}${utf8(i.deviceId)}`).slice(0, 34),
  textIdentity: (i) => keccak(`18${strip(i.partySalt)}${utf8(i.text)}`).slice(0, 18),
  bookSalts: (i) =>
    ["01", "02"].map((which) => keccak(`19${strip(i.bookKey)}${uint(i.sequence, 8)}${which}`)),
  account: (i) => keccak(`10${V}${accountFields(i)}`),
  party: (i) => keccak(`11${V}${partyFields(i)}`),
  charge: (i) => keccak(`12${V}${chargeFields(i)}`),
  credit: (i) => keccak(`16${V}${creditFields(i)}`),
  leaf: (i) =>
    keccak(
      `00${V}${strip(i.domain)}${strip(i.account)}${strip(i.party)}${strip(i.charge)}${uint(i.amountNano, 16)}`,
    ),
  inclusionTree: (i) => {
    const leaves = Array.from({ length: Number(i.count) }, (_, k) =>
      ramp(Number(i.leafSeed) + k, 32),
    );
    const { root, levels } = tree(leaves, Number(i.depth));
    if (i.pathIndex === null) return [root];
    const path = levels
      .slice(0, -1)
      .map((level, d) => `0x${level[Math.floor(Number(i.pathIndex) / 2 ** d) ^ 1]}`);
    return [root, ...path];
  },
  sumTree: (i) => {
    const amounts = Array.from(
      { length: Number(i.count) },
      (_, k) => BigInt(k) * BigInt(String(i.factor)),
    );
    let nodes = Array.from({ length: 2 ** (Number(i.depth) - 5) }, (_, j) => {
      const chunk = amounts.slice(32 * j, 32 * j + 32);
      const sum = chunk.reduce((a, b) => a + b, 0n);
      return { sum, digest: strip(keccak(`03${uint(sum, 16)}${uint(chunk.length, 2)}`)) };
    });
    while (nodes.length > 1) {
      nodes = Array.from({ length: nodes.length / 2 }, (_, j) => {
        const [l, r] = [nodes[2 * j]!, nodes[2 * j + 1]!];
        return {
          sum: l.sum + r.sum,
          digest: strip(keccak(`04${l.digest}${uint(l.sum, 16)}${r.digest}${uint(r.sum, 16)}`)),
        };
      });
    }
    return `0x${nodes[0]!.digest}`;
  },
  totals: (i) =>
    keccak(
      `06${strip(i.salt)}${strip(i.sumRoot)}${uint(i.sumNano, 16)}${uint(i.count, 8)}${uint(i.from, 8)}${uint(i.to, 8)}${uint(i.suspended, 8)}${uint(i.oldestSuspended, 8)}`,
    ),
  runningTotals: (i) => keccak(`07${strip(i.salt)}${uint(i.sumNano, 16)}${uint(i.count, 8)}`),
  commitment: (i) =>
    keccak(
      `08${V}${strip(i.domain)}${uint(i.sequence, 8)}${uint(i.depth, 1)}${strip(i.root)}${strip(i.totals)}${strip(i.runningTotals)}`,
    ),
  seal: (i) => keccak(`0a${strip(i.commitment)}${uint(i.blockTime, 8)}`),
  invoiceBody: (i) =>
    keccak(
      `20${V}${strip(i.salt)}${strip(i.pseudonym)}${uint(i.lastChargeNumber, 8)}${uint(i.lastCreditNumber, 8)}${uint(i.creditsNano, 16)}${uint(i.taxNano, 16)}`,
    ),
  invoiceDocument: (i) =>
    keccak(`21${V}${strip(i.salt)}${strip(i.documentHash)}${strip(i.closingState)}`),
  orderKey: (i) => keccak(`23${V}${strip(i.pseudonym)}${uint(i.run, 8)}`),
  evidence: (i) => keccak(`0b${V}${strip(i.finder)}${strip(i.leaf)}${strip(i.salt)}`),
  intervalRow: (i) =>
    keccak(
      `30${V}${uint(i.service, 1)}${uint(i.direction, 1)}${strip(i.low)}${strip(i.high)}${uint(i.zone, 4)}`,
    ),
  calendarRow: (i) => keccak(`34${V}${uint(i.from, 8)}${uint(i.to, 8)}${uint(i.band, 2)}`),
  priceRow: (i) =>
    keccak(
      `31${V}${uint(i.zone, 4)}${uint(i.area, 2)}${uint(i.origin, 2)}${uint(i.band, 2)}${uint(i.class, 1)}${uint(i.kind, 1)}${uint(i.provable, 1)}${uint(i.price, 16)}${uint(i.per, 8)}${uint(i.setUp, 16)}${uint(i.first, 4)}${uint(i.step, 4)}${uint(i.minimum, 16)}${uint(i.maximum, 16)}${uint(i.tierFrom, 8)}${uint(i.tierTo, 8)}${uint(i.mode, 1)}${uint(i.scale, 1)}${uint(i.split, 4)}`,
    ),
  invoiceLeaf: (i) =>
    keccak(
      `22${V}${strip(i.domain)}${strip(i.orderKey)}${strip(i.body)}${strip(i.document)}${uint(i.chargesNano, 16)}`,
    ),
  deliveredCharge: (i) =>
    `0x${openingOf(i)}${uint(i.sequence, 8)}${uint(i.leafIndex, 4)}${batchFields(i)}${pathOf(i)}`,
  deliveredChunk: (i) => {
    const leaves = (i.leaves as Json[]).map(openingOf);
    const size = (leaves[0] as string).length;
    const rest = "0".repeat((32 - leaves.length) * size);
    return `0x${batchFields(i)}${uint(leaves.length, 1)}${pathOf(i)}${leaves.join("")}${rest}`;
  },
  sealedDelivery: (i) => {
    const operator = BigInt(String(i.operator));
    const ephemeral = times(operator, GENERATOR);
    const [x, y] = times(operator, times(BigInt(String(i.asker)), GENERATOR));
    const shared = keccak(uint(x, 32) + uint(y, 32)).slice(-40);
    const key = strip(keccak(`40${V}${strip(i.demand)}${shared}`));
    const plain = strip(i.plain);
    const words = plain.padEnd(Math.ceil(plain.length / 64) * 64, "0").match(/.{64}/g) ?? [];
    const mixed = words.map((word, at) =>
      uint(BigInt(`0x${word}`) ^ BigInt(keccak(`41${key}${uint(at, 4)}`)), 32),
    );
    return [...ephemeral.map((value) => uint(value, 32)), ...mixed].map((word) => `0x${word}`);
  },
  disputeEvidence: (i) => {
    const lines = i.lines as Json[];
    const leaves = lines.map((line) =>
      keccak(
        `42${V}${strip(line.salt)}${uint(line.sequence, 8)}${uint(line.leafIndex, 4)}${uint(line.start, 8)}${uint(line.quantity, 8)}${uint(line.amountNano, 16)}${strip(line.recordHash)}`,
      ),
    );
    const total = lines.reduce((sum, line) => sum + BigInt(String(line.amountNano)), 0n);
    const { root } = tree(leaves, 5);
    return keccak(
      `43${V}${strip(i.statement)}${strip(i.side)}${uint(5, 1)}${uint(lines.length, 4)}${uint(total, 16)}${strip(root)}`,
    );
  },
  events: (i) => eventsOf(i.eventsKey, i.events as Json[]),
};
