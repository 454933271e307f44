import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";
import { build } from "vite";

/** The page as it is shipped, built into a folder of its own. */
export async function buildPage(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "tallystick-page-"));
  await build({
    root: "client-app",
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * A real browser. The package's own flags are for a cloud function: they put everything into one
 * process and switch web security off, which this page is to be tested with.
 */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = await chromium.executablePath();
  return playwright.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
    // The fonts that the package brings, so that pictures look the same on every machine.
    env: { ...process.env, FONTCONFIG_PATH: join(tmpdir(), "fonts") },
  });
}
