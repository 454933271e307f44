import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { SampleNetwork } from "../../scripts/network/sample-network.ts";
import { SampleMonth } from "../../scripts/sample/play-month.ts";
import { sampleLink } from "../../scripts/sample/tell-story.ts";
import { launchBrowser } from "../client-app/browser.ts";

describe("the page on the real network", function () {
  this.timeout(180_000);
  let directory: string;
  let network: SampleNetwork;
  let browser: Browser;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-page-e2e-"));
    browser = await launchBrowser();
    network = await SampleNetwork.start({
      directory,
      ports: { ledger: 0, alder: 0, birch: 0 },
      say: () => {},
      progress: () => {},
    });
    await new SampleMonth(network, () => {}).play();
    await network.goLive();
  });
  after(async () => {
    await browser?.close();
    await network?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("finds the wrong lines, disputes one, and shows what the ledger decided", async () => {
    const complaints: string[] = [];
    const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(await sampleLink(network));
    await page.getByRole("button", { name: "Use the sample log" }).click();
    await page.locator(".device-in-use").waitFor({ timeout: 60_000 });
    await page.getByText("3 lines look wrong").waitFor({ timeout: 60_000 });

    const line = page.locator(".line", { hasText: "Price too high" });
    assert.equal(await line.count(), 1);
    await line.locator(".line-button").click();
    await page.getByRole("button", { name: "Dispute €0.30" }).click();
    await page
      .getByText(/The ledger priced this call again: €0\.50\. You get €0\.30 back\./)
      .waitFor({ timeout: 90_000 });
    await page.getByText("2 lines look wrong").waitFor();
    assert.deepEqual(complaints, []);
  });
});
