import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import type { LedgerFacts } from "../core/evidence/ledger-facts.ts";
import { firstShapeProblem } from "../core/json/shape-words.ts";
import { canonicalJson } from "../core/tariff/canonical-json.ts";

/*
 * A file of pinned facts (docs/EVIDENCE.md): what somebody read from the ledger once and believes
 * since. With it a bundle is checked without a network, and a ledger that tells something else
 * later is found out.
 */

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`))
    .transform((text) => text as Hex);
const integer = z.string().regex(/^(0|[1-9][0-9]*)$/);
const CHECKED = ["books", "tariffs", "agreements", "claims", "members"] as const;
/** For demands; bundles of networks without them name none. */
const FOR_DEMANDS = ["standings", "demands"] as const;

const trustSchema = z.strictObject({
  format: z.literal("tallystick-trust"),
  version: z.literal(1),
  savedAt: z.string(),
  chainId: integer,
  /** The consortium's contracts; a bundle that names others is refused. */
  contracts: z.strictObject({
    books: hex(20),
    tariffs: hex(20),
    agreements: hex(20),
    claims: hex(20),
    members: hex(20),
    standings: hex(20).optional(),
    demands: hex(20).optional(),
  }),
  sources: z.array(
    z.strictObject({
      member: z.string(),
      url: z.string(),
      finalizedBlock: integer,
      agrees: z.boolean(),
    }),
  ),
  seals: z.record(z.string().regex(/^0x[0-9a-f]{40}:[1-9][0-9]*$/), hex(32)),
  /** "agreement:operator" to that operator's versions, all of them up to the newest pinned one. */
  tariffs: z.record(
    z.string().regex(/^0x[0-9a-f]{64}:0x[0-9a-f]{40}$/),
    z.record(integer, z.strictObject({ root: hex(32), validFrom: integer })),
  ),
  /** Keys to the members whose they were when they were pinned; absent in older files. */
  keys: z.record(hex(20), hex(20)).optional(),
  /** Agreement to seconds. */
  maxRecordAgeSeconds: z.record(hex(32), integer),
});

export type TrustFile = z.infer<typeof trustSchema>;

/** @throws TallystickError `file.not-readable`, `trust.unusable` with the field */
export async function readTrustFile(file: string): Promise<TrustFile> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const message = `The file of pinned facts can not be read (${reason}).`;
    throw new TallystickError("file.not-readable", message, { file }, cause);
  }
  const given = parse(text);
  const parsed = trustSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { field, says } = firstShapeProblem(parsed.error, given);
  const what =
    given === undefined ? "it is not JSON" : `${field === "" ? "" : `${field}: `}${says}`;
  throw new TallystickError(
    "trust.unusable",
    `This is no file of pinned facts: ${what}. Make one with: tallystick verify BUNDLE --save-trust FILE`,
    { file, field },
  );
}

/**
 * The facts that a bundle is checked against.
 * @throws TallystickError `trust.other-ledger` when the bundle speaks of another chain or contracts
 */
export function factsOf(trust: TrustFile, bundle: Bundle, file: string): LedgerFacts {
  requireSameLedger(trust, bundle, file);
  const age = trust.maxRecordAgeSeconds[bundle.agreement];
  return {
    sources: trust.sources,
    seals: trust.seals,
    tariffs: trust.tariffs[placeOfTariffs(bundle)] ?? {},
    ...(trust.keys === undefined ? {} : { keys: trust.keys }),
    ...(age === undefined ? {} : { maxRecordAgeSeconds: age }),
  };
}

/**
 * Adds what was read to a file of pinned facts, or makes it.
 * @throws TallystickError as `requireNoContradiction`
 */
export async function saveTrust(
  file: string,
  bundle: Bundle,
  facts: LedgerFacts,
): Promise<TrustFile> {
  const before = await readTrustFile(file).catch((error: unknown) => {
    const isNew = error instanceof TallystickError && /ENOENT/.test(error.message);
    if (isNew) return undefined;
    throw error;
  });
  if (before !== undefined) requireNoContradiction(before, bundle, facts, file);
  const place = placeOfTariffs(bundle);
  const trust: TrustFile = {
    format: "tallystick-trust",
    version: 1,
    savedAt: new Date().toISOString(),
    chainId: bundle.ledger.chainId,
    contracts: { ...before?.contracts, ...bundle.ledger.contracts },
    sources: facts.sources,
    seals: { ...before?.seals, ...facts.seals },
    tariffs: { ...before?.tariffs, [place]: { ...before?.tariffs[place], ...facts.tariffs } },
    keys: { ...before?.keys, ...facts.keys },
    maxRecordAgeSeconds: {
      ...before?.maxRecordAgeSeconds,
      ...(facts.maxRecordAgeSeconds === undefined
        ? {}
        : { [bundle.agreement]: facts.maxRecordAgeSeconds }),
    },
  };
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, `${JSON.stringify(trust, undefined, 2)}\n`);
  await rename(part, file);
  return trust;
}

const placeOfTariffs = ({ agreement, operator }: Bundle): string => `${agreement}:${operator.id}`;

function requireSameLedger(trust: TrustFile, { ledger }: Bundle, file: string): void {
  const other =
    CHECKED.find((name) => trust.contracts[name] !== ledger.contracts[name]) ??
    // What one of the two does not name contradicts nothing.
    FOR_DEMANDS.find((name) => {
      const [pinned, named] = [trust.contracts[name], ledger.contracts[name]];
      return pinned !== undefined && named !== undefined && pinned !== named;
    });
  if (trust.chainId === ledger.chainId && other === undefined) return;
  throw new TallystickError(
    "trust.other-ledger",
    `The bundle speaks of ${other === undefined ? `chain ${ledger.chainId}` : `the contract ${ledger.contracts[other]} as "${other}"`}, your pinned facts of another one. Do not trust the bundle.`,
    { file, field: other === undefined ? "chainId" : `contracts.${other}` },
  );
}

/**
 * What is pinned stays true: the ledger may know more now, never something else.
 * @throws TallystickError `trust.other-ledger`, `trust.contradicted`
 */
export function requireNoContradiction(
  trust: TrustFile,
  bundle: Bundle,
  facts: LedgerFacts,
  file: string,
): void {
  requireSameLedger(trust, bundle, file);
  requireKept(trust.seals, facts.seals, file, "seal");
  const pinned = trust.tariffs[placeOfTariffs(bundle)] ?? {};
  requireKept(pinned, facts.tariffs, file, "tariff version");
}

function requireKept<T>(
  pinned: Record<string, T>,
  now: Record<string, T>,
  file: string,
  what: string,
): void {
  for (const [key, value] of Object.entries(now)) {
    const before = pinned[key];
    if (before === undefined || canonicalJson(before) === canonicalJson(value)) continue;
    throw new TallystickError(
      "trust.contradicted",
      `The ledger now tells another ${what} for ${key} than it did when you pinned it. Keep the file: it is evidence.`,
      { file, field: key },
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
