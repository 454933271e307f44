import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import express from "express";
import { chromium as playwright } from "playwright-core";
import { build } from "vite";

/** What the page's policy allows: its own files, and the hashing kernel. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

export interface BrowserRun {
  /** From the first line to the last. */
  checkingSeconds: number;
  /** From the bundle's text to the bill in the page's hands. */
  wholeSeconds: number;
  lines: number;
}

/** Has the worker of the page as it is shipped check a bundle, in a real browser. */
export async function verifyInBrowser(
  text: string,
  lines: number,
  runs: number,
): Promise<BrowserRun[]> {
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
    if (measured.some((run) => run.lines !== lines)) throw new Error("lines are missing");
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
): Promise<BrowserRun[]> {
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
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/empty.html`);
    return await page.evaluate<BrowserRun[]>(measuring(worker, runs));
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** A script as text: it runs in the browser, whose types this project's scripts do not know. */
function measuring(worker: string, runs: number): string {
  return `(async () => {
    const text = await (await fetch("/bundle.json")).text();
    const checker = new Worker(${JSON.stringify(worker)}, { type: "module" });
    const run = (id) => new Promise((resolve, reject) => {
      const began = performance.now();
      let first, last;
      checker.onerror = (event) => reject(new Error(event.message));
      checker.onmessage = ({ data }) => {
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
          lines: data.bill.lines.length,
        });
      };
      checker.postMessage({ id, task: { task: "open-evidence", text, fileName: "company.json" } });
    });
    const measured = [];
    for (let id = 1; id <= ${runs}; id++) measured.push(await run(id));
    return measured;
  })()`;
}
