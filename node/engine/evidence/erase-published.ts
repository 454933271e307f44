import { fromHex } from "../../core/bytes.ts";
import { evidencePlace } from "../../core/evidence/evidence-file.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { Store, StoreOperation } from "../store/store.ts";
import { encodeJson, readJson, scanJson } from "../store/stored-json.ts";
import type { Account } from "../store/stored-types.ts";
import type { OpenWrittenShelf } from "./evidence-shelf.ts";
import {
  begunMonths,
  foldersOf,
  type PublishedEvidence,
  type PublishState,
} from "./publishing-state.ts";

/** Subscribers whose files one step takes away. */
const SUBSCRIBERS_MAX = 4_096;

/**
 * One step of taking away the published evidence of months that are over, in every folder it was written to: files
 * by the names that only this node can have given them, then the month's manifest where it is this operator's. What
 * else lies there stays. Files go before the note of them does, so that a crash in between repeats the step.
 * A folder that is not there, or can not be written, keeps no other one of the month's from this step, and no later
 * month from going; what is noted of it stays.
 * @returns whether nothing is left @throws TallystickError `publish.not-erased`
 */
export async function erasePublished(
  context: EngineContext,
  openShelf: OpenWrittenShelf,
  isOver: (epoch: string) => boolean,
): Promise<boolean> {
  const failures: unknown[] = [];
  for (const { epoch, state } of await begunMonths(context.store)) {
    if (!isOver(epoch) || state.erased === true) continue;
    const failed = await eraseSome(context, openShelf, epoch, state);
    if (failed.length === 0) return false;
    failures.push(...failed);
  }
  if (failures.length > 0) throw failures[0];
  return true;
}

/** @returns why it is not done in some folders; nothing is noted as gone then */
async function eraseSome(
  { store, profile }: EngineContext,
  openShelf: OpenWrittenShelf,
  epoch: string,
  state: PublishState,
): Promise<unknown[]> {
  const { going, places } = await someFiles(store, epoch);
  const failures: unknown[] = [];
  for (const folder of foldersOf(state)) {
    try {
      const shelf = await openShelf(folder);
      if (going.length > 0) await shelf.remove(places);
      else await shelf.removeMonth(epoch, profile.name);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) return failures;
  const operations: StoreOperation[] = going.map((key) => ({ type: "delete", key }));
  if (going.length === 0) {
    const gone: PublishState = {
      folder: state.folder,
      after: "",
      done: true,
      subscribers: 0,
      files: 0,
      bytes: 0,
      written: 0,
      erased: true,
    };
    operations.push({ type: "put", key: keys.publishing(epoch), value: encodeJson(gone) });
  }
  await store.write(operations);
  return [];
}

/** What was noted of some subscribers, and the places of all their editions. */
async function someFiles(
  store: Store,
  epoch: string,
): Promise<{ going: string[]; places: string[] }> {
  const range = { ...below(`published/${epoch}/`), limit: SUBSCRIBERS_MAX };
  const going: string[] = [];
  const editions: number[] = [];
  for await (const { key, value } of scanJson<PublishedEvidence>(store, range)) {
    going.push(key);
    editions.push(value.edition);
  }
  const names = going.map((key) => keys.account(key.slice(range.from.length)));
  const accounts = await store.getMany(names);
  const places = accounts.flatMap((value, at) => {
    if (value === undefined) return [];
    const { accessSecret } = readJson<Account>(names[at] as string, value);
    const secret = fromHex(accessSecret, 32);
    const edition = editions[at] as number;
    return Array.from({ length: edition }, (_, before) => evidencePlace(secret, epoch, before + 1));
  });
  return { going, places };
}
