import { z } from "zod";
import type { SessionRecord } from "../core/charging/entry.ts";
import type { EdgeReport } from "../core/charging/settle-slice.ts";
import type { EdgeAnswer } from "../engine/charging/edge-settlement.ts";
import type { PublishedDocument } from "../engine/rate/tariff-shelf.ts";
import { name } from "./charging-shapes.ts";

/* What an edge node and its centre say to each other: nano-units and quantities as decimal strings. */

const nano = z.string().regex(/^\d{1,39}$/);
const text = z.string().max(200);

const use = z.strictObject({
  service: z.enum(["voice", "sms", "mms", "data", "energy", "time", "content", "event"]),
  direction: z.enum(["none", "outgoing", "incoming", "forwarded"]),
  start: z.iso.datetime(),
  aParty: text.optional(),
  bParty: text.optional(),
  imsi: text.optional(),
  deviceId: text.optional(),
  homeNetwork: text.optional(),
  visitedNetwork: text.optional(),
  application: text.optional(),
  quality: text.optional(),
});

const record = z.looseObject({
  session: name,
  account: name,
  use,
  quantity: nano,
  amountNano: nano,
  currency: z.string().length(3),
  tariffVersion: z.number().int().positive(),
  components: z.array(z.looseObject({ kind: text, amountNano: z.string().regex(/^-?\d{1,39}$/) })),
});

export const edgeReportSchema = z.strictObject({
  firstRecord: z.number().int().positive(),
  records: z.array(record).max(1_000),
  slices: z
    .array(z.strictObject({ account: name, spentNano: nano, returnedNano: nano, wantedNano: nano }))
    .max(10_000),
});

export function readReport(edge: string, body: z.infer<typeof edgeReportSchema>): EdgeReport {
  return {
    edge,
    firstRecord: body.firstRecord,
    records: body.records as unknown as SessionRecord[],
    slices: body.slices.map(({ account, spentNano, returnedNano, wantedNano }) => ({
      account,
      spentNano: BigInt(spentNano),
      returnedNano: BigInt(returnedNano),
      wantedNano: BigInt(wantedNano),
    })),
  };
}

const answerSchema = z.object({
  recordsTaken: z.number().int().nonnegative(),
  slices: z.array(
    z.looseObject({
      account: name,
      grantedNano: nano,
      spentNano: nano,
      returnedNano: nano,
      lock: z.string().optional(),
      policy: z.looseObject({
        overspendNano: z.string(),
        spendLimitNano: z.string().optional(),
        finalUnit: z.looseObject({ action: z.string() }),
        validitySeconds: z.number().int().positive(),
      }),
    }),
  ),
});

const tariffsSchema = z.object({
  tariffs: z.array(
    z.looseObject({
      version: z.number().int().positive(),
      validFrom: z.string().regex(/^\d{1,12}$/),
      document: z.unknown(),
    }),
  ),
});

/** @throws ZodError when it is no answer of a centre */
export const readTariffs = (body: unknown): PublishedDocument[] =>
  tariffsSchema.parse(body).tariffs.map(({ version, validFrom, document }) => ({
    version,
    validFromSeconds: BigInt(validFrom),
    document,
  }));

/** Bigints as text, on the way out. */
export const toWire = (value: object): string =>
  JSON.stringify(value, (_key, one) => (typeof one === "bigint" ? one.toString() : one));

/** @throws ZodError when it is no answer of a centre */
export function readAnswer(body: unknown): EdgeAnswer {
  const { recordsTaken, slices } = answerSchema.parse(body);
  return {
    recordsTaken,
    slices: slices.map((slice) => ({
      account: slice.account,
      grantedNano: BigInt(slice.grantedNano),
      spentNano: BigInt(slice.spentNano),
      returnedNano: BigInt(slice.returnedNano),
      policy: slice.policy as unknown as EdgeAnswer["slices"][number]["policy"],
      ...(slice.lock === undefined ? {} : { lock: slice.lock }),
    })),
  };
}
