import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import type { Hex } from "./core/bytes.ts";
import type { StartWindow } from "./core/charging/start-window.ts";
import { TallystickError } from "./core/errors.ts";
import { firstShapeProblem } from "./core/json/shape-words.ts";

/* The only file that reads the node's configuration. */

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`))
    .transform((text) => text as Hex);
const port = z.number().int().min(0).max(65_535);

/** How far a session's stated start may lie from the node's clock; as START_WINDOW unless said. */
const startWindow = z.strictObject({
  pastMinutes: z.number().int().min(0).max(525_600).default(1_440),
  futureMinutes: z.number().int().min(0).max(1_440).default(10),
});

export function startWindowOf({
  pastMinutes,
  futureMinutes,
}: z.infer<typeof startWindow>): StartWindow {
  return { pastMilliseconds: pastMinutes * 60_000, futureMilliseconds: futureMinutes * 60_000 };
}

const configSchema = z.strictObject({
  name: z.string().min(1).max(64),
  member: hex(20),
  /** Folder of the node's store, keys and token; relative to the configuration file. */
  data: z.string().default("."),
  http: z.strictObject({ host: z.string().default("127.0.0.1"), port }),
  ledger: z.strictObject({
    kind: z.enum(["embedded", "consortium"]),
    runBy: z.string(),
    chainId: z.string().regex(/^[0-9]+$/),
    /** JSON-RPC end points of the ledger that this node writes through, its own first. */
    urls: z.array(z.url()).min(1),
    finality: z.union([
      z.enum(["latest", "finalized"]),
      z.strictObject({ blocks: z.number().int().positive() }),
    ]),
    /**
     * What a unit of gas may cost, and no more: where the ledger asks more, transactions wait. The
     * embedded ledger and most consortia ask nothing.
     */
    gasPriceWei: z
      .string()
      .regex(/^\d{1,30}$/)
      .default("0"),
    contracts: z.record(z.string(), hex(20)),
    /** Where readers ask the ledger: one end point for each member. */
    endpoints: z.array(z.strictObject({ member: z.string(), url: z.string() })),
  }),
  agreement: z.strictObject({
    id: hex(32),
    currency: z.string().regex(/^[A-Z]{3}$/),
    maxRecordAgeSeconds: z.string().regex(/^[0-9]+$/),
    chargeBook: hex(20),
    creditBook: hex(20),
    invoiceBook: hex(20),
  }),
  role: z.enum(["retail", "wholesale"]),
  trunkAccount: z.string().optional(),
  zone: z.string(),
  sourceName: z.string().regex(/^[a-z0-9-]{1,24}$/),
  tariffs: z.array(
    z.strictObject({
      version: z.number().int().positive(),
      validFrom: z.string().regex(/^[0-9]+$/),
      file: z.string(),
      /** The approval of what this version changes (`twin --approve`); for all but the first. */
      approval: z.string().optional(),
    }),
  ),
  /** Who may approve what a further version of the tariff changes, and how many of them it takes. */
  approvals: z
    .strictObject({
      required: z.number().int().min(1).max(9).default(1),
      by: z
        .array(
          z.strictObject({
            name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
            /** Of the key `approver-NAME`, wherever it is kept. */
            address: hex(20),
            /** Approves nothing after this; what was approved before stays so. */
            until: z.iso.datetime().optional(),
          }),
        )
        .max(100)
        .default([]),
    })
    .prefault({}),
  handPrices: z
    .record(z.string(), z.strictObject({ amount: z.string(), reason: z.string() }))
    .default({}),
  batchChargesMax: z.number().int().min(1).max(1_048_576).default(65_536),
  /** Bytes of its rows in the store from which on a batch ends: some 110 a charge of a switch's file. */
  batchBytesMax: z.number().int().min(1_024).max(1_073_741_824).default(33_554_432),
  /** Free disk below which nothing is taken in any more; commitments and repairs go on. */
  diskReserveMegabytes: z.number().int().min(0).max(1_000_000).default(256),
  /** What comes of an upload in a minute at least while others wait for its place; 0: however little. */
  uploadBytesPerMinuteMin: z.number().int().min(0).max(1_073_741_824).default(1_048_576),
  /** Seconds between commitments; 0: only when asked. */
  cadenceSeconds: z.number().int().min(0).max(86_400).default(60),
  /** Folders of `aggregate --into`: subscribers are shown which events their charges stand for. */
  events: z.array(z.string()).max(64).default([]),
  /** Publishes each billed month's evidence by itself into this folder, which is served as /published. */
  evidence: z.strictObject({ publishTo: z.string().min(1) }).optional(),
  /**
   * Erases keys and charges of a billed month by itself, so many days after its bill was final and not before
   * evidence of it can not be demanded any more; false: never.
   */
  retention: z
    .union([
      z.literal(false),
      z.strictObject({ afterDays: z.number().int().min(0).max(36_500).default(1_095) }),
    ])
    .prefault({}),
  claimPolicy: z.enum(["recompute", "contest"]).default("recompute"),
  /** Charges sessions while they happen, on balances kept in the folder `charging` of the data. */
  charging: z
    .strictObject({
      /** Plans and pools of accounts, as `rate --accounts` reads them. */
      accounts: z.string().optional(),
      /** Beside 112 and 911. */
      emergencyNumbers: z.array(z.string().regex(/^[0-9]{2,15}$/)).default([]),
      /** How long an ended session's answers are known, and its charge can be refunded. */
      keepSessionsMinutes: z.number().int().min(1).max(10_080).default(60),
      /** Whether ended sessions are taken in as usage records. */
      intoBooks: z.boolean().default(true),
      /** Who is told of notices; the secret of their signatures is in the data folder. */
      webhook: z.strictObject({ url: z.url() }).optional(),
      startWindow: startWindow.prefault({}),
    })
    .optional(),
  sample: z
    .strictObject({ folder: z.string(), account: z.string(), deviceLog: z.string() })
    .optional(),
});

export type NodeConfig = z.infer<typeof configSchema>;

/** @throws TallystickError `config.unreadable`, `config.invalid` with the first wrong field */
export async function readConfig(file: string): Promise<NodeConfig> {
  const config = parseConfig(configSchema, await readJson(file), file);
  return {
    ...config,
    data: resolve(file, "..", config.data),
    events: config.events.map((folder) => resolve(file, "..", folder)),
    tariffs: config.tariffs.map((tariff) => ({
      ...tariff,
      file: resolve(file, "..", tariff.file),
      ...(tariff.approval === undefined ? {} : { approval: resolve(file, "..", tariff.approval) }),
    })),
    ...(config.evidence === undefined
      ? {}
      : { evidence: { publishTo: resolve(file, "..", config.evidence.publishTo) } }),
    ...(config.charging?.accounts === undefined
      ? {}
      : {
          charging: {
            ...config.charging,
            accounts: resolve(file, "..", config.charging.accounts),
          },
        }),
    ...(config.sample === undefined
      ? {}
      : { sample: { ...config.sample, folder: resolve(file, "..", config.sample.folder) } }),
  };
}

const edgeSchema = z.strictObject({
  /** Names the edge at its centre; two of one name would settle for each other. */
  name: z.string().regex(/^[a-z0-9-]{1,40}$/),
  data: z.string().default("."),
  http: z.strictObject({ host: z.string().default("127.0.0.1"), port }),
  tariffs: configSchema.shape.tariffs.min(1),
  emergencyNumbers: z.array(z.string().regex(/^[0-9]{2,15}$/)).default([]),
  /** Plans, pools and sponsors of accounts, as the operator's node reads them for charging. */
  accounts: z.string().optional(),
  startWindow: startWindow.prefault({}),
  /** The operator's node; without it the edge charges what is on its own accounts. */
  centre: z
    .strictObject({
      url: z.url(),
      /** Holds the operator's token; else TALLYSTICK_TOKEN. */
      tokenFile: z.string().optional(),
      everySeconds: z.number().int().min(1).max(3600).default(10),
    })
    .optional(),
  /** How much of each account the edge holds; "0" gives back what it has. */
  slices: z
    .array(
      z.strictObject({
        account: z.string().regex(/^[!-~]{1,98}$/),
        amount: z.string().regex(/^(0|[1-9]\d{0,17})(\.\d{1,9})?$/),
      }),
    )
    .max(10_000)
    .default([]),
});

export type EdgeConfig = z.infer<typeof edgeSchema>;

/** @throws TallystickError as `readConfig` */
export async function readEdgeConfig(file: string): Promise<EdgeConfig> {
  const config = parseConfig(edgeSchema, await readJson(file), file);
  const beside = (path: string): string => resolve(file, "..", path);
  const { centre } = config;
  return {
    ...config,
    data: beside(config.data),
    tariffs: config.tariffs.map((tariff) => ({ ...tariff, file: beside(tariff.file) })),
    ...(config.accounts === undefined ? {} : { accounts: beside(config.accounts) }),
    ...(centre?.tokenFile === undefined
      ? {}
      : { centre: { ...centre, tokenFile: beside(centre.tokenFile) } }),
  };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new TallystickError(
      "config.unreadable",
      "The node's configuration can not be read, or is not JSON.",
      { file },
      cause,
    );
  }
}

function parseConfig<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, says } = firstShapeProblem(parsed.error, value);
  const message = `${field || "The configuration"}: ${says}.`;
  throw new TallystickError("config.invalid", message, { file, field });
}
