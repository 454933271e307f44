import { z } from "zod";
import { SERVICES } from "../records/usage-record.ts";
import { name } from "./document-values.ts";

/*
 * What decides a price beside service, direction, the other side's number and the time: the visited
 * network, where the calling number comes from, and what kind of use it is. Each list is one
 * dimension of the price table; a service is priced by a dimension when one of its prices names it.
 */

const names = (what: string) =>
  z.array(z.string().min(1).max(80)).min(1).max(1000).optional().describe(what);

const networks = z
  .array(z.string().regex(/^\d{0,6}$/, "expected a mobile country code, or one with network code"))
  .min(1)
  .max(10_000);

const area = z
  .strictObject({
    name,
    networks: networks.optional().describe('Leading digits of MCC and MNC; "" is any network'),
    unstated: z.literal(true).optional().describe("Records that name no visited network"),
  })
  .describe("Visited networks; the longest leading part counts");

const origin = z
  .strictObject({
    name,
    prefixes: z
      .array(z.string().regex(/^\d{0,15}$/, "expected digits without +"))
      .min(1)
      .max(100_000)
      .optional()
      .describe('Leading international digits of the calling number; "" is anywhere'),
    withheld: z.literal(true).optional().describe("Calls that show no number"),
    invalid: z.literal(true).optional().describe("What is shown is no number of E.164"),
  })
  .describe("Where the calling number comes from; the longest prefix counts");

const measure = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})(\.\d{1,3})?$/, 'expected a decimal string such as "16"');
const range = (what: string) =>
  z
    .strictObject({ from: measure.optional(), below: measure.optional() })
    .optional()
    .describe(`${what}: \`from\` this on, \`below\` that`);

const classTime = z
  .strictObject({
    accountGroups: names("Groups of the account, as the accounts file names them"),
    deviceGroups: names("Groups of the device, as the accounts file names them"),
    applications: names("The record's `application`"),
    qualities: names("The record's `quality`"),
    homeNetworks: networks.optional().describe("Leading digits of the record's home network"),
    services: z.array(z.enum(SERVICES)).min(1).optional().describe("Services; all when absent"),
    powerKilowatts: range("The record's `powerKilowatts`, else its energy by its duration"),
    currentAmperes: range("The record's `currentAmperes`"),
    sessionSeconds: range(
      "How long the session had lasted: the record's `sessionSeconds`, else from `sessionStart`",
    ),
    sessionWattHours: range("What the session had used before: the record's `sessionWattHours`"),
  })
  .describe("All that is given must hold; one of each list is enough");

export type ClassTime = z.infer<typeof classTime>;

export const areas = z.array(area).min(1).max(1000);
export const origins = z.array(origin).min(1).max(1000);
export const classes = z
  .strictObject({
    classes: z
      .array(z.strictObject({ name, when: z.array(classTime).min(1).max(100) }))
      .min(1)
      .max(200)
      .describe("The first class of the list that holds is the class of a use"),
    otherwise: name.describe("The class of every other use"),
  })
  .describe(
    "Kinds of use by account, device, application, quality, home network, power, and place in a session",
  );
