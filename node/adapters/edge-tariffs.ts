import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import type { PublishedDocument } from "../engine/rate/tariff-shelf.ts";
import { readTariffJson } from "./tariff-file.ts";

const NAME = /^version-([1-9]\d{0,8})-from-(\d{1,12})\.json$/;

/**
 * The versions of a tariff that an edge got from its centre, one file each: sessions that were priced by
 * one are priced by it after a restart too, also while the edge is cut off.
 */
export class EdgeTariffs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws TallystickError those of `readTariffJson` */
  async kept(): Promise<PublishedDocument[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found: PublishedDocument[] = [];
    for (const name of names) {
      const [, version, validFrom] = NAME.exec(name) ?? [];
      if (version === undefined || validFrom === undefined) continue;
      found.push({
        version: Number(version),
        validFromSeconds: BigInt(validFrom),
        document: await readTariffJson(join(this.#folder, name)),
      });
    }
    return found;
  }

  /** Durable and whole when it returns, or not there. @throws TallystickError `file.not-writable` */
  async keep({ version, validFromSeconds, document }: PublishedDocument): Promise<void> {
    const file = join(this.#folder, `version-${version}-from-${validFromSeconds}.json`);
    const draft = `${file}.${randomBytes(4).toString("hex")}.partial`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const handle = await open(draft, "wx", 0o600);
      try {
        await handle.writeFile(JSON.stringify(document));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
      const folder = await open(this.#folder);
      await folder.sync().finally(() => folder.close());
    } catch (cause) {
      await rm(draft, { force: true });
      const message = "A version of the tariff can not be kept; it is asked for again.";
      throw new TallystickError("file.not-writable", message, { file }, cause);
    }
  }
}
