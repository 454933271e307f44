import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { Interface } from "ethers";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { LEDGER_ABI } from "../../node/adapters/ledger-abi.ts";
import { toHex } from "../../node/core/bytes.ts";
import { chargeGroupDigest } from "../../node/core/commitment/charge-groups.ts";
import type { OpenedCharge } from "../../node/core/evidence/bundle.ts";
import { evidencePlace } from "../../node/core/evidence/evidence-file.ts";
import { chargeFromJson } from "../../node/core/evidence/group-json.ts";
import { sealEvidenceFile } from "../../node/engine/evidence/seal-evidence-file.ts";
import { buildPage, launchBrowser } from "./browser.ts";
import { EPOCH, SECRET } from "./sample-bundle.ts";
import { sampleEventLog } from "./sample-events.ts";
import { sampleCallLog } from "./sample-month.ts";
import { SampleServer } from "./sample-server.ts";

const DESKTOP = { viewport: { width: 1280, height: 1000 }, locale: "en-GB" };
const PHONE = { viewport: { width: 360, height: 780 }, locale: "en-GB", hasTouch: true };
const OVERPRICED = "+44 770 090 0345";

/** What a reader gets who may not see the use: its digest, with which every proof still holds. */
const closedGroup = (charge: OpenedCharge) => ({
  digest: toHex(chargeGroupDigest(chargeFromJson(charge))),
});

describe("the subscriber's page", function () {
  this.timeout(240_000);
  let browser: Browser;
  let built: Awaited<ReturnType<typeof buildPage>>;
  let server: SampleServer;
  let origin: string;
  /** What the browser complained of: broken policy, failed loads, uncaught errors. */
  let complaints: string[];

  before(async () => {
    built = await buildPage();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await built?.remove();
  });
  beforeEach(async () => {
    complaints = [];
    await serve("embedded");
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    server.stop();
  });

  async function serve(
    kind: "embedded" | "consortium",
    options: { hasEvents?: boolean } = {},
  ): Promise<void> {
    server?.stop();
    server = new SampleServer(built.folder, kind, options);
    origin = await server.start();
  }

  async function open(options: BrowserContextOptions = DESKTOP, link = server.link): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(`${origin}/${link}`);
    return page;
  }

  async function openWithLog(options: BrowserContextOptions = DESKTOP): Promise<Page> {
    const page = await open(options);
    await page.getByRole("button", { name: "Use the sample log" }).click();
    await page.locator(".device-in-use").waitFor();
    return page;
  }

  const drop = (page: Page, title: string, name: string, text: string | Buffer) =>
    page
      .getByLabel(title, { exact: true })
      .locator("input[type=file]")
      .setInputFiles({
        name,
        mimeType: "application/octet-stream",
        buffer: Buffer.from(text),
      });
  // biome-ignore lint/performance/useDomNodeTextContent: what is folded away does not count
  const visibleText = (line: Locator) => line.innerText();
  const lineOf = (page: Page, text: string) =>
    page.locator(".line", { has: page.getByText(text) }).first();
  const scrollsSideways = (page: Page) =>
    page.evaluate<boolean>("document.documentElement.scrollWidth > window.innerWidth");

  it("shows the month, checks it against the ledger and breaks no security policy", async () => {
    const page = await open();
    await page.getByRole("heading", { name: "October 2026" }).waitFor();
    await page.getByText("Every line was recorded before the bill.").first().waitFor();
    await page
      .getByText("Of what was recorded, no number is missing from 1 to 26.")
      .first()
      .waitFor();
    await page.getByText("One ledger, run by Alder Mobile.").first().waitFor();
    await page.getByText("€0.44 too much").waitFor();
    assert.equal(await page.locator(".line").count(), 26);
    assert.deepEqual(complaints, []);
  });

  it("keeps the link's secret to itself", async () => {
    const page = await open();
    await page.getByRole("heading", { name: "October 2026" }).waitFor();
    const secret = Buffer.from(SECRET).toString("base64url");
    assert.equal(page.url(), `${origin}/`);
    assert.ok(!server.requests.some((request) => request.includes(secret)));
    assert.ok(!(await page.content()).includes(secret));
    assert.ok(!(await page.evaluate<string>("JSON.stringify(localStorage)")).includes(secret));
    await page.reload();
    await page.getByRole("heading", { name: "October 2026" }).waitFor();
  });

  it("gives each line its verdict when the phone's log is dropped in", async () => {
    const page = await open();
    await drop(page, "Compare with your phone", "calls.xml", sampleCallLog());
    await page.getByText("3 lines look wrong").waitFor();
    await page.getByText("€0.77 too much").waitFor();
    for (const [label, count] of [
      ["Matches your phone", 18],
      ["Matches, no number", 1],
      ["Length differs", 1],
      ["Not on your phone", 1],
      ["Price too high", 1],
      ["Can not be compared", 4],
    ] as const) {
      assert.equal(await page.locator(".line .badge", { hasText: label }).count(), count, label);
    }
    await page.getByRole("radio", { name: /Not on your phone/ }).check({ force: true });
    assert.equal(await page.locator(".line").count(), 1);
  });

  it("takes a log that is dragged onto the page", async () => {
    const page = await open();
    await page.locator(".line").first().waitFor();
    const transfer = await page.evaluateHandle(
      `(() => { const t = new DataTransfer();
        t.items.add(new File([${JSON.stringify(sampleCallLog())}], "dragged.xml")); return t; })()`,
    );
    await page.locator(".file-drop").first().dispatchEvent("drop", { dataTransfer: transfer });
    await page.getByText("dragged.xml").waitFor();
    await page.getByText("3 lines look wrong").waitFor();
  });

  it("opens a line by keyboard and says why, when, in which place and by whose word", async () => {
    const page = await openWithLog();
    await page.locator(".line-button").first().focus();
    for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const line = page.locator(".line.open");
    assert.equal(await line.locator(".line-button").getAttribute("aria-expanded"), "true");
    for (const words of [
      "95 s are billed as 120 s",
      "Recorded on 10 October 2026 at 14:18:01: 21 days before the bill was made. Batch 561, position 27.",
      "Number 10 of 26; none is missing from 1 to 26.",
      "One ledger, run by Alder Mobile.",
      "Your phone has the same call.",
    ]) {
      await line.getByText(words).waitFor();
    }
    assert.doesNotMatch(await visibleText(line), /0x[0-9a-f]{8}|hash|wallet|\bgas\b/i);
    await line.getByText("Technical details").click();
    assert.match(await visibleText(line), /0x[0-9a-f]{64}/);
    await page.keyboard.press("Tab");
    await line.locator(".line-button").press("Enter");
    assert.equal(await page.locator(".line.open").count(), 0);
  });

  it("disputes an overpriced line, lets the ledger decide, and shows what comes back", async () => {
    const page = await openWithLog();
    const line = lineOf(page, OVERPRICED);
    await line.locator(".line-button").click();
    await line.getByText("become visible to the members of the ledger, for good").waitFor();
    await line.getByRole("button", { name: "Dispute €0.44" }).click();
    await line.getByText("Your dispute", { exact: true }).waitFor();
    await line
      .getByText(
        "The ledger priced this call again: €0.44. You get €0.44 back. Credit no. 1 of 3 November 2026",
      )
      .waitFor();
    await page.getByText("€0.44 came back.").waitFor();
    await page.getByText("2 lines look wrong").waitFor();
    assert.equal(server.signerOfClaim(), server.bundle.books[0]?.disputeAddress);
    assert.equal(server.claim?.claimedNano, "440000000");
    const claims = new Interface(LEDGER_ABI.claims);
    const encoded = claims.encodeFunctionData("openMispriced", [
      server.claim?.evidenceHash,
      server.opening,
    ]);
    const { pseudonym } = server.bundle.books[0] ?? {};
    assert.ok(pseudonym !== undefined && !encoded.includes(pseudonym.slice(2)));
    assert.deepEqual(complaints, []);
  });

  it("leaves strangers' claims alone: they hide no button and are opened to nobody", async () => {
    server.faults.strangersClaim = true;
    const page = await openWithLog();
    const line = lineOf(page, OVERPRICED);
    assert.equal(await page.locator(".badge", { hasText: "Being decided" }).count(), 0);
    await line.locator(".line-button").click();
    await line.getByRole("button", { name: "Dispute €0.44" }).click();
    await line.getByText("You get €0.44 back. Credit no. 1").waitFor();
    assert.deepEqual(server.openedClaims, [`0x${"11".repeat(32)}`]);
    await line.getByText("€0.44 came back", { exact: true }).waitFor();
  });

  it("goes to another member where the operator's own server does not carry the claim", async () => {
    await serve("consortium");
    server.faults.relayRefuses = true;
    const page = await openWithLog();
    const line = lineOf(page, OVERPRICED);
    await line.locator(".line-button").click();
    await line.getByRole("button", { name: "Dispute €0.44" }).click();
    await line.getByText("Your dispute", { exact: true }).waitFor();
    assert.equal(server.relayedBy, 0);
    assert.equal(server.signerOfClaim(), server.bundle.books[0]?.disputeAddress);
  });

  it("offers to have the operator's silence recorded, and says who can where nobody here does", async () => {
    server.faults.staysSilent = true;
    const page = await openWithLog();
    const line = lineOf(page, OVERPRICED);
    await line.locator(".line-button").click();
    await line.getByRole("button", { name: "Dispute €0.44" }).click();
    await line.getByText("Alder Mobile did not answer in time").waitFor();
    await line.getByRole("button", { name: "Have it recorded" }).click();
    await line.getByText("Every member of the ledger may").waitFor();
    assert.deepEqual(server.conclusion, {
      claimId: `0x${"11".repeat(32)}`,
      step: "concludeSilence",
    });
  });

  it("says so when the bill under the link is another subscriber's", async () => {
    server.tamper = ({ books }) => {
      for (const book of books) book.disputeAddress = `0x${"ab".repeat(20)}`;
    };
    const page = await open();
    await page.getByText("This bill is not shown to be yours.").waitFor();
    server.tamper = ({ books }) => {
      for (const book of books) delete book.blind;
    };
    await page.reload();
    await page.getByText("This bill is not shown to be yours.").waitFor();
  });

  it("shows evidence with closed lines for what it is: not checked", async () => {
    server.tamper = ({ charges }) => {
      for (const one of charges)
        if (!("digest" in one.charge)) one.charge = closedGroup(one.charge);
    };
    const page = await openWithLog();
    await page.getByText("26 prices could not be checked.").first().waitFor();
    assert.equal(await page.locator(".badge", { hasText: "Not checked" }).count(), 26);
    await page.getByText("not all of it could be checked").waitFor();
    assert.equal(await page.getByText("Every price follows").count(), 0);
    await page.locator(".line-button").first().click();
    await page.getByText("The use is not shown to this reader.").first().waitFor();
    assert.deepEqual(complaints, []);
  });

  it("takes no cut evidence for a whole bill", async () => {
    server.tamper = (bundle) => {
      bundle.charges.length = 5;
      delete bundle.invoice;
    };
    const page = await open();
    await page.getByText("nothing shows that 5 is the last").first().waitFor();
    assert.equal(await page.getByText("is in order.").count(), 0);
    assert.equal(await page.getByText("no number is missing").count(), 0);
  });

  it("lodges a complaint about a fact without opening anything to the ledger", async () => {
    const page = await openWithLog();
    await lineOf(page, "Not on your phone").locator(".line-button").click();
    const line = page.locator(".line.open");
    await line.getByText("a matter of fact that no calculation can settle").waitFor();
    await line.getByRole("button", { name: "Dispute €0.23" }).click();
    await line.getByText("Your dispute", { exact: true }).waitFor();
    assert.equal(server.claim?.kind, "matter-of-fact");
    assert.equal(server.opening, undefined);
  });

  it("is dark when the system is, and when the reader says so", async () => {
    const page = await openWithLog({ ...DESKTOP, colorScheme: "dark" });
    const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const dark = await ground();
    await page.getByRole("button", { name: /^Colours/ }).click();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.getByRole("button", { name: /^Colours/ }).click();
    assert.equal(await ground(), dark);
  });

  it("fits a narrow phone without scrolling sideways", async () => {
    const page = await openWithLog(PHONE);
    assert.equal(await scrollsSideways(page), false);
    await lineOf(page, OVERPRICED).locator(".line-button").click();
    await page.getByText("Technical details").click();
    await page.getByText("What this means").click();
    assert.equal(await scrollsSideways(page), false);
  });

  it("names the members that agree, and the one that contradicts", async () => {
    await serve("consortium");
    const page = await open();
    await page
      .getByText("2 of 2 members of the ledger agree: Alder Mobile, Birch Networks.")
      .first()
      .waitFor();
    server.faults.secondMemberLies = true;
    await page.reload();
    await page
      .getByText(/says otherwise/)
      .first()
      .waitFor();
  });

  it("says what to do when the link, the node, the ledger or a file is broken", async () => {
    let page = await open(DESKTOP, "#s=tooshort");
    await page.getByText("This link is not complete.").waitFor();

    server.faults.nodeDown = true;
    page = await open();
    await page.getByText("Your operator's server does not answer.").waitFor();
    server.faults.nodeDown = false;
    server.faults.ledgerDown = true;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("The ledger could not be reached").first().waitFor();
    assert.equal(await page.locator(".badge", { hasText: "Waiting for the ledger" }).count(), 26);
    server.faults.ledgerDown = false;
    await page.getByRole("button", { name: "Ask the ledger again" }).click();
    await page.getByText("Every line was recorded before the bill.").first().waitFor();

    await drop(page, "Compare with your phone", "photo.jpg", Buffer.from([0xff, 0xd8, 0xff]));
    await page.getByRole("alert").getByText("photo.jpg").waitFor();
    await page.getByRole("alert").getByText("format.not-recognised").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
    const log = sampleCallLog();
    await drop(page, "Compare with your phone", "cut.xml", log.slice(0, log.length / 2));
    await page.locator(".device-in-use").waitFor();
    await page.locator(".remark").first().waitFor();
  });

  it("refuses a link that belongs to nobody here", async () => {
    const other = Buffer.alloc(32, 7).toString("base64url");
    const page = await open(DESKTOP, `#s=${other}`);
    await page.getByText("This link opens no account here.").waitFor();
    assert.equal(await page.locator(".line").count(), 0);
  });

  it("does not take a file for the reader's own bill", async () => {
    const page = await open();
    await page.locator(".line").first().waitFor();
    await drop(page, "Check another bill", "found.json", JSON.stringify(server.bundle));
    await page.getByText("Shown for whoever holds this file").waitFor();
    assert.equal(await page.getByText("Alex Sample").count(), 0);
    await lineOf(page, OVERPRICED).locator(".line-button").click();
    await page.getByText("open the bill with the personal link").waitFor();
    assert.equal(await page.getByRole("button", { name: "Dispute €0.44" }).isEnabled(), false);
  });

  it("checks an evidence file that is dropped in, and sees one changed byte", async () => {
    const page = await open(DESKTOP, "");
    await page.getByRole("heading", { name: "Is your phone bill right?" }).waitFor();
    const bundle = structuredClone(server.bundle);
    const charge = bundle.charges[4]?.charge;
    assert.ok(charge !== undefined && "quantity" in charge);
    charge.quantity = "42000";
    await drop(page, "Have a file instead?", "saved.json", JSON.stringify(bundle));
    await page.locator(".badge", { hasText: "Proof does not hold" }).waitFor();
    assert.equal(await page.locator(".badge", { hasText: "Proof does not hold" }).count(), 1);
    await page.getByText("One line has no valid record.").first().waitFor();
  });

  it("takes the published file where there is one, and the node's answer where that is damaged", async () => {
    const text = JSON.stringify(server.bundle);
    const seal = async () => {
      const pieces = (async function* () {
        yield text;
      })();
      const parts: Uint8Array[] = [];
      const owner = { secret: SECRET, epoch: EPOCH, salt: new Uint8Array(randomBytes(16)) };
      for await (const part of sealEvidenceFile(pieces, owner)) parts.push(part);
      return new Uint8Array(Buffer.concat(parts));
    };
    const asked = () => server.requests.filter((one) => /evidence/.test(one));
    server.published = await seal();
    const page = await open();
    await page.getByText("Every line was recorded before the bill.").first().waitFor();
    assert.deepEqual(asked(), [`GET /published/${evidencePlace(SECRET, EPOCH, 1)}`]);
    await drop(page, "Check another bill", "mine.evidence", Buffer.from(server.published));
    await page.getByText("Shown for whoever holds this file").waitFor();
    const damaged = await seal();
    damaged[500] = (damaged[500] as number) ^ 1;
    server.published = damaged;
    await (await open()).getByText("Every line was recorded before the bill.").first().waitFor();
    assert.match(asked().at(-1) ?? "", /v1\/evidence/);
  });

  it("compares another operator's bill with the log, and comes back to the own one", async () => {
    const page = await openWithLog();
    await page.getByRole("button", { name: "Use the sample bill" }).click();
    await page.getByRole("button", { name: "Back to your own bill" }).waitFor();
    await page.getByText("1 line looks wrong").waitFor();
    assert.equal(await page.locator(".line").count(), 3);
    await page.getByRole("button", { name: "Back to your own bill" }).click();
    await page.getByText("3 lines look wrong").waitFor();
  });

  it("shows which events of the device's own log a line stands for", async () => {
    const plain = await open();
    await plain.getByText("Every line was recorded before the bill.").first().waitFor();
    assert.equal(await plain.getByText("Compare with your device's events").count(), 0);
    await plain.context().close();
    await serve("embedded", { hasEvents: true });
    const page = await open();
    const title = "Compare with your device's events";
    const line = page.locator(".line", { hasText: "41.28 MB" });
    await line.locator(".line-button").click();
    await line.getByText("Add the device's own log above to see which.").waitFor();
    const asked = () => server.requests.filter((one) => one.includes("/v1/events"));
    assert.deepEqual(asked(), []);
    await drop(page, title, "meter-7.csv", sampleEventLog());
    await line
      .getByText("This line stands for 320 events. Your log has all of them, and no other")
      .waitFor();
    assert.deepEqual(asked().length, 2);
    await page.getByRole("button", { name: "Remove" }).click();
    await drop(page, title, "meter-7.csv", sampleEventLog({ differs: true }));
    for (const words of [
      "This line stands for 320 events; your log has 320 events in that time, 319 of them charged.",
      "1 event charged with another quantity.",
      "1 event of your log not charged here.",
      "1 event charged that your log does not have.",
    ]) {
      await line.getByText(words).waitFor();
    }
    assert.equal(await line.locator(".comparison tbody tr").count(), 2);
    assert.deepEqual(complaints, []);
  });

  it("believes no server about events, and asks none about somebody else's bill", async () => {
    await serve("embedded", { hasEvents: true });
    server.faults.liesOfEvents = true;
    const page = await open(PHONE);
    const title = "Compare with your device's events";
    await drop(page, title, "photo.csv", "device;time\n");
    await page.getByText("events.no-header").waitFor();
    await drop(page, title, "meter-7.csv", sampleEventLog());
    const line = page.locator(".line", { hasText: "41.28 MB" });
    await line.locator(".line-button").click();
    await line.getByText("What the node says of the line's events is not what").waitFor();
    server.faults.liesOfEvents = false;
    await line.getByRole("button", { name: "Try again" }).click();
    await line.getByText("Your log has all of them").waitFor();
    assert.equal(await scrollsSideways(page), false);
    await drop(page, "Check another bill", "found.json", JSON.stringify(server.bundle));
    await page.getByText("only your operator's server can show").waitFor();
    assert.equal(await page.getByText("Choose your event log").count(), 0);
  });

  it("reads numbers in the reader's language", async () => {
    const page = await open({ ...DESKTOP, locale: "de-DE" });
    await page.getByText("17,67 €").first().waitFor();
  });

  const takePictures = async () => {
    await mkdir("docs/images", { recursive: true });
    const still = { reducedMotion: "reduce" } as const;
    const desktop = await openWithLog({ ...DESKTOP, ...still, deviceScaleFactor: 1.5 });
    await desktop.getByRole("button", { name: "3 lines look wrong" }).click();
    await lineOf(desktop, OVERPRICED).locator(".line-button").click();
    await desktop.evaluate("window.scrollTo(0, 0); document.activeElement.blur()");
    await desktop.screenshot({
      path: "docs/images/page-desktop.png",
      fullPage: true,
      ...DESKTOP_CLIP,
    });
    const dark = { ...PHONE, ...still, deviceScaleFactor: 2, colorScheme: "dark" } as const;
    const phone = await openWithLog(dark);
    await phone.getByRole("button", { name: "3 lines look wrong" }).click();
    await phone.evaluate("window.scrollTo(0, 0); document.activeElement.blur()");
    await phone.screenshot({ path: "docs/images/page-phone.png", fullPage: true, ...PHONE_CLIP });
    assert.ok((await readFile("docs/images/page-phone.png")).length > 10_000);
  };
  // Checks nothing: it makes the pictures of the documents anew, and only when asked to.
  if (process.env.UPDATE_SCREENSHOTS === "1") it("has its pictures taken", takePictures);
});

const DESKTOP_CLIP = { clip: { x: 0, y: 0, width: 1280, height: 1660 } };
const PHONE_CLIP = { clip: { x: 0, y: 0, width: 360, height: 1310 } };
