import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import express from "express";
import { type Browser, chromium as playwright } from "playwright-core";
import { build } from "vite";

/** What the page's policy allows: its own files, and the hashing kernel. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

export interface BrowserRun {
  /** From the first line to the last. */
  checkingSeconds: number;
  /** From the bundle's file to the bill in the page's hands. */
  wholeSeconds: number;
  lines: number;
}

/** A bill that was dropped into the page. */
export interface DroppedBill {
  /** Until its verdicts stand there, the ledger asked. */
  seconds: number;
  /** The longest time in which the page answered nothing. */
  longestStopSeconds: number;
  /** Of the tab, at its most. */
  megabytes: number;
}

/** Has the page as it is shipped check a bundle in a real browser: its worker alone, and a file that is dropped in. */
export async function verifyInBrowser(
  text: string,
  lines: number,
  runs: number,
): Promise<{ worker: BrowserRun[]; dropped: DroppedBill }> {
  const folder = await mkdtemp(join(tmpdir(), "tallystick-bench-page-"));
  try {
    await build({
      root: "client-app",
      logLevel: "error",
      build: { outDir: folder, emptyOutDir: true },
    });
    const assets = await readdir(join(folder, "assets"));
    const worker = assets.find((name) => /^checker\.worker-.*\.js$/.test(name));
    if (worker === undefined) throw new Error("the built page has no checker");
    const measured = await inBrowser(folder, `/assets/${worker}`, text, runs);
    if (measured.worker.some((run) => run.lines !== lines)) throw new Error("lines are missing");
    return measured;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function inBrowser(
  folder: string,
  worker: string,
  text: string,
  runs: number,
): Promise<{ worker: BrowserRun[]; dropped: DroppedBill }> {
  const app = express();
  app.use((_request, response, next) => {
    response.setHeader("content-security-policy", POLICY);
    next();
  });
  app.get("/bundle.json", (_request, response) => void response.type("json").send(text));
  app.get(
    "/empty.html",
    (_request, response) => void response.type("html").send("<!doctype html>"),
  );
  app.use(express.static(folder));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage();
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await page.goto(`${base}/empty.html`);
    const alone = await page.evaluate<BrowserRun[]>(measuring(worker, runs));
    await page.close();
    const file = join(folder, "company.json");
    await writeFile(file, text);
    return { worker: alone, dropped: await drop(browser, `${base}/index.html`, file) };
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

async function drop(browser: Browser, url: string, file: string): Promise<DroppedBill> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.evaluate(STOPS);
  const began = performance.now();
  await page.setInputFiles("input[type=file]", file);
  await page.locator(".headline").waitFor({ timeout: 0 });
  const seconds = (performance.now() - began) / 1000;
  const longestStop = await page.evaluate<number>("window.longestStop");
  const processes = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const tabs = processes.processInfo.filter(({ type }) => type === "renderer");
  const megabytes = await Promise.all(tabs.map(({ id }) => mostMegabytes(id)));
  return { seconds, longestStopSeconds: longestStop / 1000, megabytes: Math.max(...megabytes) };
}

/** What a process held of the machine's memory at its most; NaN where the system does not say. */
async function mostMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

/** Notes the longest time between two turns of the page's event loop. */
const STOPS = `(() => {
  window.longestStop = 0;
  let last = performance.now();
  const turn = () => {
    const now = performance.now();
    window.longestStop = Math.max(window.longestStop, now - last - 4);
    last = now;
    setTimeout(turn, 4);
  };
  turn();
})()`;

/** A script as text: it runs in the browser, whose types this project's scripts do not know. */
function measuring(worker: string, runs: number): string {
  return `(async () => {
    const file = new File([await (await fetch("/bundle.json")).blob()], "company.json");
    const checker = new Worker(${JSON.stringify(worker)}, { type: "module" });
    const run = (id) => new Promise((resolve, reject) => {
      const began = performance.now();
      let first, last;
      let lines = 0;
      checker.onerror = (event) => reject(new Error(event.message));
      checker.onmessage = ({ data }) => {
        if ("lines" in data) {
          lines += data.lines.length;
          return;
        }
        if ("failed" in data) return reject(new Error(data.failed.message));
        const now = performance.now();
        if ("progress" in data) {
          if (data.progress.words !== "Checking the lines") return;
          first ??= now;
          last = now;
          return;
        }
        resolve({
          checkingSeconds: (last - first) / 1000,
          wholeSeconds: (now - began) / 1000,
          lines,
        });
      };
      checker.postMessage({ id, task: { task: "open-file", file, zone: "UTC" } });
    });
    const measured = [];
    for (let id = 1; id <= ${runs}; id++) measured.push(await run(id));
    return measured;
  })()`;
}
