import {
  CHARGE_FLAG,
  DIRECTION_CODE,
  PARTY_TYPE,
  SERVICE_CODE,
} from "../commitment/charge-groups.ts";
import { DIRECTIONS, type Direction, SERVICES, type Service } from "../records/usage-record.ts";
import { unpackDigits } from "../tariff/digits.ts";
import type { OpenedCharge, OpenedParty } from "./bundle.ts";

/** The facts of a charge as its opened groups tell them, for people and for matching. */
export interface ChargeFacts {
  service: Service | undefined;
  direction: Direction;
  startMilliseconds: number;
  /** Exact decimal string; voice and time, and data and energy where the source gave it. */
  durationSeconds?: string;
  octets?: string;
  units?: string;
  energyMilliwattHours?: string;
  /** "+" and digits for an international number, digits for another one, or a name. */
  otherParty?: string;
}

/** What of the opened groups is read. */
export type DescribedCharge = Pick<
  OpenedCharge,
  "service" | "flags" | "start" | "quantity" | "secondQuantity" | "decidingDigits"
>;
export type DescribedParty = Pick<OpenedParty, "type" | "restDigits" | "text">;

const serviceOf = (code: number): Service | undefined =>
  SERVICES.find((name) => SERVICE_CODE[name] === code);

const secondsOf = (milliseconds: string): string => {
  const value = BigInt(milliseconds);
  const rest = (value % 1000n).toString().padStart(3, "0").replace(/0+$/, "");
  return `${value / 1000n}${rest === "" ? "" : `.${rest}`}`;
};

/** @throws TallystickError `digits.malformed` when the groups hold no digits where they must */
export function describeCharge(charge: DescribedCharge, party?: DescribedParty): ChargeFacts {
  const service = serviceOf(charge.service);
  const direction =
    DIRECTIONS.find(
      (name) => DIRECTION_CODE[name] === (charge.flags & CHARGE_FLAG.directionMask),
    ) ?? "none";
  const otherParty = otherPartyOf(charge, party);
  return {
    service,
    direction,
    startMilliseconds: Number(charge.start),
    ...quantitiesOf(service, charge),
    ...(otherParty === undefined ? {} : { otherParty }),
  };
}

function quantitiesOf(service: Service | undefined, charge: DescribedCharge): Partial<ChargeFacts> {
  switch (service) {
    case "voice":
    case "time":
      return { durationSeconds: secondsOf(charge.quantity) };
    case "data":
      return {
        octets: charge.quantity,
        ...(charge.secondQuantity === "0"
          ? {}
          : { durationSeconds: secondsOf(charge.secondQuantity) }),
      };
    case "energy":
      return { energyMilliwattHours: charge.quantity };
    default:
      return { units: charge.quantity };
  }
}

function otherPartyOf(
  charge: DescribedCharge,
  party: DescribedParty | undefined,
): string | undefined {
  if (party === undefined || party.type === PARTY_TYPE.none) return undefined;
  if (party.type === PARTY_TYPE.text) return party.text;
  const digits =
    unpackDigits(BigInt(charge.decidingDigits)) + unpackDigits(BigInt(party.restDigits));
  return party.type === PARTY_TYPE.international ? `+${digits}` : digits;
}
