import { TallystickError } from "../errors.ts";

/*
 * Public land mobile networks: mobile country code and network code, three digits and two or three
 * (ITU-T E.212). On the ledger they are the three octets of 3GPP TS 24.008, section 10.5.1.3.
 */

/** Which digit stands in each nibble; the third of the network code is F where it has two. */
const NIBBLES = [1, 0, 5, 2, 4, 3];
const WRITTEN = /^(\d{3})[- ]?(\d{2,3})$/;

/**
 * "26201", "262-01" or "262 01" as three octets in one number, 0x62f210.
 * @throws TallystickError `network.malformed`
 */
export function packNetwork(written: string): number {
  const match = WRITTEN.exec(written.trim());
  if (match === null) {
    throw new TallystickError(
      "network.malformed",
      "A network is written as country code and network code, such as 26201.",
    );
  }
  const [, country = "", network = ""] = match;
  const digits = country + network;
  const digit = (at: number): number => (at < digits.length ? Number(digits[at]) : 0xf);
  return NIBBLES.reduce((packed, at) => packed * 16 + digit(at), 0);
}

/** The digits of a packed network, such as 26201. @throws TallystickError `network.malformed` */
export function unpackNetwork(packed: number): string {
  const hex = packed.toString(16).padStart(6, "0");
  const [second = "", first = "", sixth = "", third = "", fifth = "", fourth = ""] = hex;
  const digits = `${first}${second}${third}${fourth}${fifth}${sixth === "f" ? "" : sixth}`;
  if (hex.length === 6 && /^\d{5,6}$/.test(digits)) return digits;
  throw new TallystickError("network.malformed", `0x${hex} is no packed network.`);
}
