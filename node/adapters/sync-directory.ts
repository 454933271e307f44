import { open } from "node:fs/promises";

/** Makes names durable: a file that was made, renamed or deleted in the folder. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
