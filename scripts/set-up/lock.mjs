// One set-up at a time in one checkout.
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { progress } from "./progress.mjs";
import { at } from "./repository.mjs";

const LOCK = at(".tallystick", "set-up.lock");

export async function whileLocked(work) {
  mkdirSync(dirname(LOCK), { recursive: true });
  const own = `${LOCK}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  let said = false;
  for (;;) {
    try {
      linkSync(own, LOCK); // appears with its content, or not at all
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = lockHolder();
    if (holder !== undefined && !isAlive(holder)) {
      dropStaleLock(holder);
      continue;
    }
    if (!said) progress(`Waiting for another set-up in this folder (process ${holder}) ...`);
    said = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  unlinkSync(own);
  const release = () => {
    try {
      unlinkSync(LOCK);
    } catch {
      // already gone
    }
  };
  const onSignal = (signal) => {
    release();
    process.kill(process.pid, signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, onSignal);
    release();
  }
}

function lockHolder() {
  try {
    return Number(readFileSync(LOCK, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Two who find the same dead holder: rename decides, and a lock taken meanwhile is put back. */
function dropStaleLock(holder) {
  const aside = `${LOCK}.stale.${process.pid}`;
  try {
    renameSync(LOCK, aside);
    if (Number(readFileSync(aside, "utf8")) !== holder) linkSync(aside, LOCK);
    unlinkSync(aside);
  } catch {
    // the other one was faster
  }
}
