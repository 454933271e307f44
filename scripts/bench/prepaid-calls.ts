import { fileURLToPath } from "node:url";

/* What is charged in `npm run bench -- reserve`: prepaid calls of so many accounts. */

export const ACCOUNTS = 100_000;
export const TARIFF = fileURLToPath(
  new URL("../../samples/tariffs/alder-retail.json", import.meta.url),
);
export const VALID_FROM = "1735686000";

export const USE = {
  service: "voice",
  direction: "outgoing",
  aParty: "+4917139200071",
  bParty: "+493012345678",
} as const;

export const accountOf = (index: number): string => `account-${(index * 7919) % ACCOUNTS}`;
