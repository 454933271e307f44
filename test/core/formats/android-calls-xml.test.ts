import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, recognises } from "../../../node/core/formats/android-calls-xml.ts";
import { chunksOf, codeOf, collect, sorted } from "./chunks.ts";

const HEAD = `<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<!--made by a backup app-->\n`;

function call(more: Record<string, string> = {}): string {
  const attributes = {
    number: "+4915112345",
    duration: "33",
    date: "1415054053956",
    type: "2",
    ...more,
  };
  return `<call ${Object.entries(attributes)
    .map(([name, value]) => `${name}="${value}"`)
    .join(" ")} />`;
}

function calls(entries: string[], count = entries.length): string {
  return `${HEAD}<calls count="${count}">\n  ${entries.join("\n  ")}\n</calls>`;
}

async function read(text: string, size?: number) {
  return sorted(await collect(parse(chunksOf(text, size), { file: "calls.xml" })));
}

const refused = (text: string): Promise<string> => codeOf(read(text));

describe("the call log of an Android phone", () => {
  it("reads a call with its place in the file", async () => {
    const text = calls([call({ contact_name: "Zoë" }), call({ date: "1415054053957" })]);
    const { records, problems } = await read(text);
    const { source, id, ...record } = records[1]!;
    assert.deepEqual(record, {
      service: "voice",
      direction: "outgoing",
      cause: "outgoing",
      start: "2014-11-03T22:34:13.957Z",
      durationSeconds: 33,
      bParty: "+4915112345",
      billable: true,
    });
    assert.match(id, /^android:call:1415054053957:outgoing:[0-9a-f]{12}$/);
    const bytes = new TextEncoder()
      .encode(text)
      .subarray(source!.byteOffset, source!.byteOffset! + source!.byteLength!);
    assert.equal(new TextDecoder().decode(bytes), call({ date: "1415054053957" }));
    assert.equal(source?.position, 2);
    assert.deepEqual(problems, []);
  });

  it("reads the same wherever the file is cut into chunks", async () => {
    const text = `\ufeff${calls([call({ contact_name: "Zoë &amp; Ünal" }), call({ type: "3", duration: "0" })])}`;
    const whole = await read(text);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
        assert.deepEqual(await read(text, size), whole);
      }),
      { numRuns: 20 },
    );
    assert.equal(whole.records.length, 2);
  });

  it("tells who called, and whether anybody answered", async () => {
    const types = ["1", "2", "3", "4", "5", "6", "7"];
    const { records } = await read(calls(types.map((type) => call({ type, duration: "12" }))));
    assert.deepEqual(
      records.map(({ direction, cause, billable }) => [direction, cause, billable]),
      [
        ["incoming", "incoming", true],
        ["outgoing", "outgoing", true],
        ["incoming", "missed", false],
        ["incoming", "voicemail", false],
        ["incoming", "rejected", false],
        ["incoming", "blocked", false],
        ["incoming", "answeredElsewhere", true],
      ],
    );
    assert.equal(records[0]?.aParty, "+4915112345");
    const { records: unanswered } = await read(calls([call({ duration: "0" })]));
    assert.equal(unanswered[0]?.billable, false);
  });

  it("leaves a withheld number out", async () => {
    const withheld = [
      { presentation: "2" },
      { presentation: "3" },
      { number: "-1" },
      { number: "" },
      { number: "Private" },
    ];
    const { records } = await read(
      calls(withheld.map((one, i) => call({ type: "1", date: String(i), ...one }))),
    );
    assert.deepEqual(
      records.map(({ aParty }) => aParty),
      [undefined, undefined, undefined, undefined, undefined],
    );
  });

  it("says when the declared count lies", async () => {
    const { file, problems } = await read(calls([call()], 56));
    assert.deepEqual(file.declared, { records: 56 });
    assert.deepEqual(problems, ["file.count-differs"]);
  });

  it("flags an entry that is there twice", async () => {
    assert.deepEqual((await read(calls([call(), call()]))).problems, ["file.duplicate-record"]);
  });

  it("rejects an entry that can not be read and goes on", async () => {
    const bad: [Record<string, string>, string][] = [
      [{ date: "Nov 3" }, "android.bad-date"],
      [{ duration: "-3" }, "android.bad-duration"],
      [{ type: "9" }, "android.bad-type"],
    ];
    for (const [attributes, code] of bad) {
      const { records, rejected } = await read(calls([call(attributes), call()]));
      assert.deepEqual(
        rejected.map((one) => [one.code, one.position, one.line]),
        [[code, 1, 4]],
      );
      assert.equal(records.length, 1);
    }
  });

  it("reports the calls before a cut, and the cut", async () => {
    const text = calls([call(), call({ date: "1415054053957" }), call({ date: "1415054053958" })]);
    for (const cut of [text.indexOf("53958") - 2, text.indexOf("</calls>"), text.length - 1]) {
      const { records, rejected, problems } = await read(text.slice(0, cut));
      assert.equal(records.length, cut < text.indexOf("53958") ? 2 : 3);
      assert.equal(rejected.length, 0);
      assert.ok(problems.includes("xml.truncated"), problems.join());
    }
    assert.equal(await refused(text.slice(0, text.indexOf("<call "))), "xml.truncated");
  });

  it("reports the calls before markup that is broken", async () => {
    const { records, problems } = await read(calls([call(), "<call number=oops />", call()]));
    assert.equal(records.length, 1);
    assert.deepEqual(problems, ["xml.not-well-formed", "file.count-differs"]);
    assert.deepEqual((await read(`${calls([call()])}<more/>`)).problems, ["xml.not-well-formed"]);
  });

  it("refuses what is no XML, no call log, or in another encoding", async () => {
    assert.equal(await refused("number,duration\n1,2\n"), "xml.not-well-formed");
    assert.equal(await refused(""), "xml.not-well-formed");
    assert.equal(await refused("<html><body/></html>"), "android.not-a-call-log");
    assert.equal(
      await refused(`<?xml version="1.0" encoding="ISO-8859-1"?><calls/>`),
      "xml.encoding",
    );
    assert.equal(await refused("\u0000"), "xml.not-well-formed");
  });

  it("refuses a DOCTYPE and entities of its own", async () => {
    const bomb = `<?xml version="1.0"?>\n<!DOCTYPE calls [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>\n<calls>${call({ number: "&b;" })}</calls>`;
    assert.equal(await refused(bomb), "xml.doctype-forbidden");
    assert.equal(
      await refused(`<!DOCTYPE calls SYSTEM "file:///etc/passwd"><calls/>`),
      "xml.doctype-forbidden",
    );
    assert.equal(await refused(calls([call({ number: "&b;" })])), "xml.entity-forbidden");
  });

  it("reads messages, with as many units as they have segments", async () => {
    const sms = (body: string, type: string): string =>
      `<sms protocol="0" address="+4915112345" date="1609459200000" type="${type}" body="${body}" />`;
    const text = `${HEAD}<smses count="5">${sms("a".repeat(161), "2")}${sms("Grüße", "1")}${sms("ж".repeat(71), "2")}${sms("&#55357;&#56842;", "2")}${sms("never sent", "5")}</smses>`;
    const { records } = await read(text);
    assert.deepEqual(
      records.map(({ service, direction, units, billable }) => [
        service,
        direction,
        units,
        billable,
      ]),
      [
        ["sms", "outgoing", 2, true],
        ["sms", "incoming", 1, true],
        ["sms", "outgoing", 2, true],
        ["sms", "outgoing", 1, true],
        ["sms", "outgoing", 1, false],
      ],
    );
  });

  it("is recognised by its root", () => {
    assert.ok(recognises(new TextEncoder().encode(calls([]))));
    assert.ok(!recognises(new TextEncoder().encode("<html>")));
    assert.ok(!recognises(new TextEncoder().encode("calls,a\n")));
  });
});
