import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { formatDecimalScaled, parseDecimalScaled } from "../money/decimal.ts";
import { divideHalfUp } from "../money/rounding.ts";
import { recordId } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";

/*
 * A charge detail record (mod_cdrs) or session (mod_sessions) of the Open Charge Point Interface as usage
 * records: one for its start, and one for each priced dimension of each charging period.
 */

const number = z.number();
const text = z.string().min(1).max(255);

const chargingPeriod = z.looseObject({
  start_date_time: text,
  dimensions: z.array(z.looseObject({ type: z.string(), volume: number })).min(1),
});

const ocpiSession = z.looseObject({
  country_code: text.optional(),
  party_id: text.optional(),
  id: text.optional(),
  session_id: text.optional(),
  start_date_time: text,
  end_date_time: text.optional(),
  cdr_token: z.looseObject({ uid: text.optional(), contract_id: text.optional() }).optional(),
  cdr_location: z.looseObject({ evse_id: text.optional() }).optional(),
  evse_uid: text.optional(),
  charging_periods: z.array(chargingPeriod).min(1).max(100_000),
  total_energy: number.optional(),
  credit: z.boolean().optional(),
});
type OcpiSession = z.infer<typeof ocpiSession>;
type Period = OcpiSession["charging_periods"][number];
type Use = Omit<UsageRecord, "source">;

const DIGITS = 9;
const MILLISECONDS_OF_HOUR = 3_600_000n;
const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/;
/** What of time a dimension is, in the words of imported tariffs. */
const TIME_USES: Record<string, string> = {
  TIME: "charging",
  PARKING_TIME: "parking",
  RESERVATION_TIME: "reservation",
};

export interface ReadSession {
  records: Use[];
  /** Kilowatt-hours as declared and as its periods sum up, where they differ. */
  energyDiffers?: { declared: string; computed: string };
}

/**
 * @param name what its records are called where it has no id of its own
 * @throws TallystickError `ocpi.bad-session` with the field, `ocpi.credit`
 */
export function readOcpiSession(value: unknown, name: string): ReadSession {
  const parsed = ocpiSession.safeParse(withoutNulls(value));
  if (!parsed.success) {
    const { field, says } = firstShapeProblem(parsed.error, value);
    throw bad(field, says);
  }
  if (parsed.data.credit === true) {
    throw new TallystickError(
      "ocpi.credit",
      "It credits another record; take back that one's charges by a correction.",
      { field: "credit" },
    );
  }
  return new SessionReader(parsed.data, name).read();
}

class SessionReader {
  readonly #session: OcpiSession;
  readonly #id: string;
  readonly #starts: number[];
  /** Of its charging, which a reservation comes before. */
  readonly #sessionStart: number;
  readonly #isCharged: boolean;
  #wattHours = 0n;

  constructor(session: OcpiSession, name: string) {
    const { country_code = "", party_id = "", id = name, charging_periods } = session;
    this.#session = session;
    this.#id = [country_code, party_id, id].filter((one) => one !== "").join("*");
    this.#starts = charging_periods.map(({ start_date_time }, index) =>
      instant(start_date_time, `charging_periods.${index}.start_date_time`),
    );
    const first = charging_periods.findIndex((one) => !isReservation(one));
    this.#isCharged = first >= 0;
    this.#sessionStart = this.#starts[Math.max(0, first)] as number;
    const late = this.#starts.findIndex((at, index) => at < (this.#starts[index - 1] ?? 0));
    if (late < 0) return;
    throw bad(`charging_periods.${late}.start_date_time`, "it begins before the one before it");
  }

  read(): ReadSession {
    const periods = this.#session.charging_periods;
    const records = [
      ...(this.#isCharged ? [this.#start()] : []),
      ...periods.flatMap((period, index) => this.#period(period, index)),
    ];
    markParts(records.filter(({ service }) => service === "energy"));
    markParts(records.filter(({ service }) => service === "time"));
    const declared = decimal(this.#session.total_energy ?? 0, "total_energy");
    // Periods of a session that is priced by time alone need not tell energy.
    const isTold = records.some(({ service }) => service === "energy");
    const isDeclared = this.#session.total_energy !== undefined;
    if (!isTold || !isDeclared || declared * 1000n === this.#wattHours) return { records };
    const kWh = (value: bigint): string => formatDecimalScaled(value, DIGITS);
    const energyDiffers = { declared: kWh(declared), computed: kWh(this.#wattHours / 1000n) };
    return { records, energyDiffers };
  }

  /** The flat fee of a session is due once, at its start. */
  #start(): Use {
    return { ...this.#common("start", this.#sessionStart), service: "event", application: "start" };
  }

  #period({ dimensions }: Period, index: number): Use[] {
    const start = this.#starts[index] as number;
    const volume = (type: string): number | undefined =>
      dimensions.find((one) => one.type === type)?.volume;
    const power = volume("MAX_POWER") ?? volume("POWER") ?? volume("MIN_POWER");
    const current = volume("MAX_CURRENT") ?? volume("CURRENT") ?? volume("MIN_CURRENT");
    const before = {
      ...(power === undefined ? {} : { powerKilowatts: power }),
      ...(current === undefined ? {} : { currentAmperes: current }),
      sessionSeconds: Math.max(0, start - this.#sessionStart) / 1000,
      sessionWattHours: formatDecimalScaled(this.#wattHours, DIGITS),
    };
    return dimensions.flatMap(({ type, volume: amount }, at): Use[] => {
      const field = `charging_periods.${index}.dimensions.${at}.volume`;
      const common = { ...this.#common(`${index + 1}/${type}`, start), ...before };
      if (type === "ENERGY") {
        const wattHours = decimal(amount, field) * 1000n;
        this.#wattHours += wattHours;
        const durationSeconds = this.#lastsSeconds(index);
        return [
          {
            ...common,
            service: "energy",
            energyWattHours: formatDecimalScaled(wattHours, DIGITS),
            ...(durationSeconds === undefined ? {} : { durationSeconds }),
          },
        ];
      }
      const use = TIME_USES[type];
      if (use === undefined) return [];
      const hours = decimal(amount, field) * MILLISECONDS_OF_HOUR;
      const milliseconds = divideHalfUp(hours, 10n ** BigInt(DIGITS));
      const application = use === "reservation" && !this.#isCharged ? "reservation-expired" : use;
      return [
        { ...common, service: "time", application, durationSeconds: Number(milliseconds) / 1000 },
      ];
    });
  }

  #common(what: string, start: number): Omit<Use, "service"> {
    const { session_id, cdr_token, cdr_location, evse_uid } = this.#session;
    const token = cdr_token?.contract_id ?? cdr_token?.uid;
    const evse = cdr_location?.evse_id ?? evse_uid;
    return {
      id: recordId(`${this.#id}/${what}`),
      direction: "none",
      start: new Date(start).toISOString(),
      sessionId: session_id ?? this.#id,
      billable: true,
      ...(token === undefined ? {} : { aParty: token }),
      ...(evse === undefined ? {} : { bParty: evse }),
    };
  }

  #lastsSeconds(index: number): number | undefined {
    const { end_date_time } = this.#session;
    const end =
      this.#starts[index + 1] ??
      (end_date_time === undefined ? undefined : instant(end_date_time, "end_date_time"));
    const lasts = end === undefined ? 0 : end - (this.#starts[index] as number);
    return lasts > 0 ? lasts / 1000 : undefined;
  }
}

const isReservation = ({ dimensions }: Period): boolean =>
  dimensions.some(({ type }) => type === "RESERVATION_TIME") &&
  !dimensions.some(({ type }) => ["ENERGY", "TIME", "PARKING_TIME"].includes(type));

/** Steps are taken once for energy and once for time of all kinds, by what comes last (mod_cdrs). */
function markParts(records: Use[]): void {
  const charged = records.filter(({ application }) => !application?.startsWith("reservation"));
  for (const [index, record] of charged.entries()) {
    if (charged.length === 1) return;
    const isLast = index === charged.length - 1;
    record.partial = index === 0 ? "first" : isLast ? "last" : "intermediate";
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([key, one]) => [key, withoutNulls(one)]),
  );
}

function decimal(value: number, field: string): bigint {
  try {
    const scaled = parseDecimalScaled(String(value), DIGITS);
    if (scaled >= 0n) return scaled;
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
  }
  throw bad(field, `${value} is no volume that can be priced`);
}

/** OCPI (types, DateTime): UTC, also where the text says no zone. */
function instant(written: string, field: string): number {
  const [, wall, rest = "", zone = "Z"] = INSTANT.exec(written) ?? [];
  const clock = Date.parse(`${wall}Z`);
  // 30 February is read as 2 March; what is read must be what is written.
  const exists = !Number.isNaN(clock) && new Date(clock).toISOString().startsWith(wall ?? "?");
  if (exists) return Date.parse(`${wall}${rest}${zone}`);
  throw bad(field, `${JSON.stringify(written)} is no instant such as 2026-03-01T13:02:00Z`);
}

function bad(field: string, says: string): TallystickError {
  return new TallystickError(
    "ocpi.bad-session",
    `It is no charge detail record of OCPI: ${field === "" ? "" : `${field}: `}${says}.`,
    field === "" ? {} : { field },
  );
}
