/*
 * One subscriber's October 2026 as the operator recorded it and as the phone logged it. Numbers are
 * those that regulators reserve for fiction.
 */

export interface SampleUse {
  /** UTC. */
  start: string;
  service: "voice" | "sms" | "data";
  /** International, with "+"; absent for data. */
  to?: string;
  seconds?: number;
  octets?: number;
  /** Nano-units on the bill where they are not what the tariff gives. */
  billedNano?: bigint;
  /** What the phone has instead; null: nothing. Without it: the same, some seconds earlier. */
  phone?: { seconds?: number; withheld?: boolean } | null;
}

const DAD = "+493023125014";
const OFFICE = "+498999998221";
const KIM = "+4915999998840";
const LONDON = "+442079460112";
const ADA = "+447700900345";
const BOSTON = "+12025550147";

const call = (start: string, to: string, seconds: number, more: Partial<SampleUse> = {}) => ({
  start,
  service: "voice" as const,
  to,
  seconds,
  ...more,
});
const text = (start: string, to: string) => ({ start, service: "sms" as const, to });

export const SAMPLE_USES: SampleUse[] = [
  call("2026-10-01T07:12:08Z", OFFICE, 254),
  call("2026-10-02T16:40:51Z", DAD, 612),
  text("2026-10-03T09:05:30Z", KIM),
  call("2026-10-04T18:22:17Z", DAD, 1433),
  call("2026-10-05T06:58:02Z", OFFICE, 41),
  call("2026-10-06T11:31:44Z", LONDON, 187),
  { start: "2026-10-07T05:10:00Z", service: "data", octets: 41_280_000 },
  call("2026-10-08T14:03:26Z", KIM, 43, { seconds: 103, phone: { seconds: 43 } }),
  call("2026-10-09T08:47:12Z", OFFICE, 318),
  call("2026-10-10T12:15:39Z", ADA, 95, { billedNano: 880_000_000n }),
  call("2026-10-11T17:55:03Z", DAD, 2021),
  call("2026-10-12T07:20:40Z", OFFICE, 77),
  call("2026-10-13T10:09:21Z", BOSTON, 364, { phone: { withheld: true } }),
  text("2026-10-14T19:33:54Z", KIM),
  call("2026-10-15T15:26:48Z", KIM, 129),
  call("2026-10-16T09:00:00Z", LONDON, 61, { phone: null }),
  call("2026-10-18T18:01:15Z", DAD, 845),
  call("2026-10-19T06:44:37Z", OFFICE, 512),
  call("2026-10-20T13:12:05Z", KIM, 238),
  call("2026-10-21T16:18:59Z", ADA, 333),
  call("2026-10-22T08:30:22Z", OFFICE, 19),
  call("2026-10-25T17:40:10Z", DAD, 1766),
  { start: "2026-10-26T05:10:00Z", service: "data", octets: 63_510_000 },
  call("2026-10-27T12:51:33Z", LONDON, 420),
  call("2026-10-29T19:07:46Z", KIM, 58),
  call("2026-10-31T10:25:14Z", DAD, 903),
];

/** Ringing: the phone's log begins when the number was dialled. */
const RING_SECONDS = 7;

/** The phone's own call log, as Android's "SMS Backup & Restore" saves it. */
export function sampleCallLog(): string {
  const calls = SAMPLE_USES.flatMap(({ start, service, to, seconds, phone }) => {
    if (service !== "voice" || phone === null) return [];
    const date = Date.parse(start) - RING_SECONDS * 1000 + 413;
    const number = phone?.withheld === true ? "" : to;
    const presentation = phone?.withheld === true ? 2 : 1;
    return [
      `  <call number="${number}" duration="${phone?.seconds ?? seconds}" date="${date}" type="2" presentation="${presentation}" />`,
    ];
  });
  const missed = `  <call number="${KIM}" duration="0" date="${Date.parse("2026-10-17T11:11:11Z")}" type="3" presentation="1" />`;
  const received = `  <call number="${DAD}" duration="366" date="${Date.parse("2026-10-23T18:30:00Z")}" type="1" presentation="1" />`;
  const before = `  <call number="${DAD}" duration="35" date="${Date.parse("2026-09-30T18:30:00Z")}" type="2" presentation="1" />`;
  const after = `  <call number="${DAD}" duration="35" date="${Date.parse("2026-11-01T18:30:00Z")}" type="2" presentation="1" />`;
  const all = [before, ...calls, missed, received, after];
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<calls count="${all.length}">\n${all.join("\n")}\n</calls>\n`;
}

/** Another operator's bill for the same phone: lines alone, one of them too much. */
export const SAMPLE_BILL_CSV = `line,service,direction,other_party,start_local,duration_s,billed_minutes,amount_eur
B1,voice,out,${OFFICE},2026-10-01 09:12:08,254,5,0.50
B2,voice,out,${DAD},2026-10-02 18:40:51,612,11,1.10
B3,voice,out,${KIM},2026-10-02 19:40:51,60,1,0.10
`;
