import { z } from "zod";
import type { Hex } from "../../core/bytes.ts";

/* Fields of what the relay carries. */

export const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`))
    .transform((text) => text.toLowerCase() as Hex);

/** Up to 39 digits: 16 bytes and a little more; the ledger refuses what does not fit. */
export const integer = z.string().regex(/^(0|[1-9][0-9]{0,38})$/);

/** Up to 78 digits: 32 bytes. */
export const wide = z.string().regex(/^(0|[1-9][0-9]{0,77})$/);

export const signature = z.string().regex(/^0x[0-9a-fA-F]{2,1024}$/);
