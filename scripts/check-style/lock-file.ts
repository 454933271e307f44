import type { Breach } from "./rules.ts";

interface LockedPackage {
  integrity?: string;
  resolved?: string;
  link?: boolean;
  optional?: boolean;
  os?: string[];
}

/**
 * What is installed is what was looked at: each package is locked by its digest, from whichever registry it comes. A
 * build for another system has one only where the registry that the lock was made with serves it (npm asks for none then);
 * it is never installed where it was made.
 */
export function findUndigested(path: string, text: string): Breach[] {
  const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> };
  const lines = text.split("\n");
  const found: Breach[] = [];
  for (const [name, { integrity, resolved, link, optional, os }] of Object.entries(packages)) {
    if (name === "" || link === true) continue;
    const line = lines.findIndex((one) => one.trim().startsWith(`"${name}":`)) + 1;
    const isElsewhere = integrity === undefined && optional === true && os !== undefined;
    if (!isElsewhere && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? "")) {
      found.push({ path, line, what: `${name} is locked without its SHA-512 digest` });
    }
    if (resolved !== undefined) {
      found.push({ path, line, what: `${name} is bound to one registry by "resolved"` });
    }
  }
  return found;
}
