import { TallystickError } from "../errors.ts";
import type { RoundingMode } from "../money/rounding.ts";
import type { Direction, Service } from "../records/usage-record.ts";
import {
  CGRATES_TABLES,
  type CgratesRow,
  type CgratesRows,
  readCgratesFiles,
  rowError,
} from "./cgrates-files.ts";
import { type CgratesNote, CgratesNotes } from "./cgrates-notes.ts";
import { CgratesPlan, type Entry, winnerOf } from "./cgrates-plan.ts";
import { profilesOf } from "./cgrates-profiles.ts";
import { priceOfRate } from "./cgrates-rates.ts";
import { type Band, bandsOf } from "./cgrates-timings.ts";
import {
  TARIFF_FORMAT,
  type TariffDocument,
  type TariffPrice,
  type TariffService,
} from "./document.ts";
import { baseUnitOf } from "./units.ts";

/*
 * Tariff plans of CGRateS (its CSV files Destinations, Rates, DestinationRates, Timings, RatingPlans
 * and RatingProfiles) as a tariff document: the prices of one subject, with its fallback. What does
 * not fit is told by file and line.
 */

export interface CgratesOptions {
  /** Whose profiles are taken; those of everybody without their own. */
  subject?: string;
  /** The first one of the profiles unless said. */
  tenant?: string;
  /** What categories are, beside those that CGRateS's own plans use: "vendor1" is voice. */
  categories?: ReadonlyMap<string, Service>;
  /** CGRateS names none in its plans. */
  currency: string;
  timeZone: string;
  /** Until when the bands are laid down. */
  calendarUntil?: string;
}

const ANY = "*any";
/** Nano-units are the finest amounts. */
const SCALE_MAX = 9;

const SERVICE_OF_CATEGORY: Record<string, { service: Service; direction: Direction }> = {
  call: { service: "voice", direction: "outgoing" },
  sms: { service: "sms", direction: "outgoing" },
  mms: { service: "mms", direction: "outgoing" },
  data: { service: "data", direction: "none" },
  generic: { service: "event", direction: "none" },
};

const ROUNDING: Record<string, RoundingMode> = {
  "*up": "up",
  "*middle": "half-up",
  "*down": "down",
};

/**
 * @param files the tables' bytes by their names
 * @throws TallystickError `import.…` with file and line for what can not be read, or refers to
 *   something that is not there: a plan with a hole has no prices
 */
export function importCgrates(
  files: ReadonlyMap<string, Uint8Array>,
  options: CgratesOptions,
): { document: TariffDocument; notes: CgratesNote[] } {
  const imported = new CgratesImport(readCgratesFiles(files), options).document();
  return { ...imported, notes: [...imported.notes, ...unreadFiles(files)] };
}

/** Files of accounts, balances and actions hold no prices. */
function unreadFiles(files: ReadonlyMap<string, Uint8Array>): CgratesNote[] {
  return [...files.keys()]
    .filter((file) => !(file in CGRATES_TABLES))
    .map((file) => ({
      code: "import.file-without-prices",
      file,
      line: 1,
      message:
        "The file is not read: balances, shared groups, actions and accounts are no prices. Write " +
        "allowances and fees as plans of the document, and accounts for --accounts.",
      isLeftOut: false,
    }));
}

interface Category {
  name: string;
  service: Service;
  direction: Direction;
  /** By prefix; "" is any destination. */
  entries: Map<string, Entry[]>;
}

/** For each prefix of each category, the entry that wins. */
type Winner = Map<string, Entry | undefined>;

class CgratesImport {
  readonly #rows: CgratesRows;
  readonly #options: CgratesOptions;
  readonly #notes = new CgratesNotes();
  readonly #plan: CgratesPlan;

  constructor(rows: CgratesRows, options: CgratesOptions) {
    this.#rows = rows;
    this.#options = options;
    this.#plan = new CgratesPlan(rows, this.#notes);
  }

  document(): { document: TariffDocument; notes: CgratesNote[] } {
    const profiles = profilesOf(this.#rows["RatingProfiles.csv"], this.#options, this.#notes);
    const categories: Category[] = [];
    let validFrom = "";
    for (const [name, chain] of profiles) {
      const known = this.#serviceOf(name);
      if (known === undefined) {
        const row = chain[0] as CgratesRow;
        this.#notes.leaveOut(
          row,
          "import.category-unknown",
          `The category "${name}" is no known service; say which with --category ${name}=voice.`,
        );
        continue;
      }
      for (const row of chain) {
        const activation = row.fields[3] as string;
        if (activation > validFrom) validFrom = activation;
      }
      const entries = this.#plan.entriesOf(chain);
      if (entries.size > 0) categories.push({ name, ...known, entries });
    }
    if (categories.length === 0) {
      // What was left out says why, and what to do.
      const [first] = this.#notes.list.filter(({ isLeftOut }) => isLeftOut);
      throw new TallystickError(
        "import.nothing-fits",
        `The plan has no prices that can be said. ${first?.message ?? ""}`.trim(),
        { file: first?.file ?? "RatingProfiles.csv", ...(first && { line: first.line }) },
      );
    }
    return { document: this.#compose(categories, validFrom), notes: this.#notes.list };
  }

  #serviceOf(category: string): { service: Service; direction: Direction } | undefined {
    const service = this.#options.categories?.get(category);
    if (service === undefined) return SERVICE_OF_CATEGORY[category];
    const known = Object.values(SERVICE_OF_CATEGORY).find((one) => one.service === service);
    return known ?? { service, direction: "none" };
  }

  #compose(categories: readonly Category[], validFrom: string): TariffDocument {
    const { calendar, bands } = this.#bands(categories);
    const zones = new Map<string, string[]>();
    const services = categories.flatMap((category) => {
      const service = this.#service(category, bands, zones);
      return service === undefined ? [] : [service];
    });
    const { currency, timeZone, calendarUntil, subject } = this.#options;
    return {
      format: TARIFF_FORMAT,
      name: `CGRateS ${subject ?? ANY}`.slice(0, 80),
      currency,
      timeZone,
      validFrom,
      ...(calendar === undefined || calendarUntil === undefined ? {} : { calendarUntil }),
      rounding: { mode: "half-up", scale: 9 },
      ...(calendar === undefined ? {} : { calendar }),
      ...(zones.size === 0
        ? {}
        : { zones: [...zones].map(([name, prefixes]) => ({ name, prefixes })) }),
      services,
    };
  }

  #bands(categories: readonly Category[]) {
    const entries = categories.flatMap(({ name, entries: own }) =>
      [...own].map(([prefix, list]) => ({ key: `${name} ${prefix}`, list })),
    );
    const timings = new Set(entries.flatMap(({ list }) => list.map(({ timing }) => timing)));
    return bandsOf<Winner>([...timings], (holding) => {
      const winner: Winner = new Map(
        entries.map(({ key, list }) => [key, winnerOf(list, holding)]),
      );
      const won = [...winner.values()];
      const names = [...new Set(won.map((one) => one?.timing.id ?? "none"))];
      const name = names.filter((one) => one !== ANY).join(" + ") || "any time";
      const places = won.map((one) => one?.row.line ?? 0).join();
      return { key: places, name, winner };
    });
  }

  #service(
    { name, service, direction, entries }: Category,
    bands: readonly Band<Winner>[],
    zones: Map<string, string[]>,
  ): TariffService | undefined {
    const prices: TariffPrice[] = [];
    const named: string[] = [];
    const groups = new Map<string, { prefixes: string[]; won: Entry[] }>();
    for (const [prefix, list] of entries) {
      const won = bands.map(({ winner }) => winner.get(`${name} ${prefix}`));
      const missing = won.indexOf(undefined);
      if (missing >= 0) {
        const { row } = list[0] as Entry;
        const band = bands[missing]?.name;
        this.#notes.leaveOut(
          row,
          "import.no-rate-at-times",
          `Nothing says what "${prefix}" costs at "${band}".`,
        );
        continue;
      }
      this.#noteOverlap(list, prefix);
      const key = won.map((one) => `${one?.rate.line}`).join();
      const group = groups.get(key) ?? { prefixes: [], won: won as Entry[] };
      group.prefixes.push(prefix);
      groups.set(key, group);
    }
    const isAnywhere = groups.size === 1 && [...groups.values()][0]?.prefixes.join() === "";
    for (const { prefixes, won } of groups.values()) {
      const zone = isAnywhere ? undefined : zoneOf(prefixes, won, zones);
      if (zone !== undefined) named.push(zone);
      prices.push(...this.#pricesOf(won, bands, service, zone));
    }
    if (prices.length === 0) return undefined;
    const isTimed = baseUnitOf(service) === "millisecond" && changes(prices);
    const atIncrements = isTimed && canChangeInside(prices);
    if (isTimed && !atIncrements) {
      const [first] = [...entries.values()];
      this.#notes.note(
        (first as Entry[])[0]?.row as CgratesRow,
        "import.price-of-the-start",
        "A session that runs over a change of time is priced by its start; CGRateS splits it.",
      );
    }
    return {
      service,
      direction,
      ...(named.length === 0 ? {} : { zones: named }),
      ...(atIncrements ? { bandsAt: "increment-start" as const } : {}),
      prices,
    };
  }

  #pricesOf(
    won: readonly Entry[],
    bands: readonly Band<Winner>[],
    service: Service,
    zone: string | undefined,
  ): TariffPrice[] {
    const byRate = new Map<CgratesRow, string[]>();
    for (const [index, { rate }] of won.entries()) {
      byRate.set(rate, [...(byRate.get(rate) ?? []), bands[index]?.name as string]);
    }
    return [...byRate].map(([rate, names]) => ({
      ...(zone === undefined ? {} : { zones: [zone] }),
      ...(byRate.size === 1 ? {} : { bands: names }),
      ...this.#priceOf(rate, service),
    }));
  }

  #priceOf(row: CgratesRow, service: Service): TariffPrice {
    const [, , , method = "", decimals = "", maximum = "", strategy = ""] = row.fields;
    const price = priceOfRate(this.#plan.rateOf(row), service);
    const mode = ROUNDING[method];
    const scale = Math.min(Number(decimals), SCALE_MAX);
    if (mode === undefined ? method !== "" : !/^\d{1,2}$/.test(decimals)) {
      throw rowError(
        row,
        "import.not-expressible",
        `Rounding ${method} to ${decimals} can not be said.`,
      );
    }
    if (Number(decimals) > SCALE_MAX) {
      this.#notes.note(
        row,
        "import.rounding-finer",
        `Amounts end at ${SCALE_MAX} decimals here; ${decimals} are asked for.`,
      );
    }
    const isBounded = /[1-9]/.test(maximum);
    if (isBounded && !/^\d{1,18}(\.\d{1,9})?$/.test(maximum)) {
      throw rowError(row, "import.row-unusable", `"${maximum}" is no amount.`);
    }
    if (isBounded && strategy !== "*free") {
      this.#notes.note(
        row,
        "import.not-cut-off",
        `The price ends at ${maximum}; whoever charges the session has to cut it off there.`,
      );
    }
    return {
      ...price,
      ...(isBounded ? { maximum } : {}),
      ...(mode === undefined ? {} : { rounding: { mode, scale } }),
    };
  }

  #noteOverlap(list: readonly Entry[], prefix: string): void {
    const [first] = list;
    const other = list.find(({ rate }) => rate.fields[1] !== first?.rate.fields[1]);
    if (other === undefined) return;
    this.#notes.note(
      other.row,
      "import.overlapping-destinations",
      `"${prefix}" is in two destinations of the plan; at each time the row of the highest weight that holds is taken, CGRateS takes one destination at all times.`,
    );
  }
}

/** Names a set of prefixes by its destinations; the same set has one name in all services. */
function zoneOf(prefixes: string[], won: readonly Entry[], zones: Map<string, string[]>): string {
  const destinations = [...new Set(won.map(({ rate }) => rate.fields[1] as string))];
  const base = destinations.join(" + ").slice(0, 70);
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base} (${n})`;
    const known = zones.get(name);
    if (known !== undefined && known.join() !== prefixes.join()) continue;
    zones.set(name, prefixes);
    return name;
  }
}

/** Whether a price can change inside a session: one price for all units, the same increments. */
function canChangeInside(prices: readonly TariffPrice[]): boolean {
  const byZone = new Map<string, Set<string>>();
  for (const { zones, increments, tiers } of prices) {
    if (tiers !== undefined) return false;
    const key = zones?.join() ?? "";
    byZone.set(key, (byZone.get(key) ?? new Set()).add(JSON.stringify(increments)));
  }
  return [...byZone.values()].every((kinds) => kinds.size === 1);
}

const changes = (prices: readonly TariffPrice[]): boolean =>
  prices.some(({ bands }) => bands !== undefined);
