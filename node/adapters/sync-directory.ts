import { mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Makes names durable: a file that was made, renamed or deleted in the folder. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** For its owner only, with what is missing above it; a folder that was made survives a power cut. */
export async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let at = resolve(directory); at !== top; ) {
    at = dirname(at);
    await syncDirectory(at);
  }
}
