import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";

const id = z.string().min(1).max(200);
const instant = z.string().min(1).max(40).nullish();

/** What an account has beside its id and devices, as `rate --accounts` and the node take it. */
export const accountTerms = {
  pool: id.optional(),
  plan: id.optional(),
  plans: z
    .array(z.strictObject({ plan: id, from: instant, to: instant }))
    .max(1000)
    .optional(),
  groups: z.array(id).max(100).optional(),
  friends: z.array(id).max(1000).optional(),
  sponsors: z
    .array(z.strictObject({ account: id, name: id.optional(), from: instant, to: instant }))
    .max(100)
    .optional(),
  taxExempt: z.boolean().optional(),
};

export type AccountTerms = z.infer<z.ZodObject<typeof accountTerms>>;

const device = { id, from: instant, to: instant, groups: z.array(id).max(100).optional() };

/** What the node keeps with an account is more than what decides a price. */
const accounts = listOf(
  z.looseObject({ id, ...accountTerms, devices: z.array(z.looseObject(device)).optional() }),
);
const accountsByHand = listOf(
  z.strictObject({
    id,
    label: z.string().optional(),
    ...accountTerms,
    devices: z.array(z.strictObject(device)).optional(),
  }),
);

function listOf<T extends z.ZodType>(account: T) {
  const list = z.array(account);
  return { list, file: z.looseObject({ accounts: list }) };
}

export type WrittenAccount = z.infer<typeof accounts.list>[number];

/** @throws TallystickError `accounts.shape` */
export function readAccountList(input: unknown): WrittenAccount[] {
  return readBy(accounts, input);
}

/**
 * For a list that a person wrote: a misspelt "plan" would be the default plan in silence.
 * @throws TallystickError `accounts.shape`
 */
export function requireKnownKeys(input: unknown): void {
  readBy(accountsByHand, input);
}

function readBy<T>(
  { list, file }: { list: z.ZodType<T[]>; file: z.ZodType<{ accounts: T[] }> },
  input: unknown,
): T[] {
  // One of the two is tried, not a union: its error would not say where.
  const parsed = Array.isArray(input) ? list.safeParse(input) : file.safeParse(input);
  if (parsed.success) return Array.isArray(parsed.data) ? parsed.data : parsed.data.accounts;
  const { field, says } = firstShapeProblem(parsed.error, input);
  throw new TallystickError(
    "accounts.shape",
    `The accounts can not be read: ${field === "" ? "" : `${field}: `}${says}. Write [{"id":"acme","plan":"S","devices":[{"id":"sim-1"}]}].`,
    { field: field.replaceAll(".", "/") },
  );
}

/** @throws TallystickError `accounts.plan-or-plans`: the one would hide the other */
export function writtenPlans({
  id: account,
  plan,
  plans,
}: AccountTerms & { id: string }): NonNullable<AccountTerms["plans"]> {
  if (plan === undefined) return plans ?? [];
  if (plans === undefined || plans.length === 0) return [{ plan }];
  throw new TallystickError(
    "accounts.plan-or-plans",
    `The account "${account}" has both "plan" and "plans"; write the one, or the other with its dates.`,
  );
}
