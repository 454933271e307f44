// The compiled contracts and the built web page.
import { existsSync } from "node:fs";
import { hashOf, isFresh, setFresh } from "./marks.mjs";
import { environmentFor } from "./node.mjs";
import { step } from "./progress.mjs";
import { at } from "./repository.mjs";

const hasContracts = () => existsSync(at("hardhat.config.ts"));
const hasPage = () => existsSync(at("client-app", "index.html"));

const contractsMark = () => ({
  file: at("artifacts", ".tallystick-sources"),
  hash: hashOf(["hardhat.config.ts", "package-lock.json", "contracts"]),
});
const pageMark = () => ({
  file: at("client-app", "dist", ".tallystick-sources"),
  hash: hashOf(["package-lock.json", "client-app", "node/core"]),
});

export const areContractsBuilt = () => !hasContracts() || isFresh(contractsMark());
export const isPageBuilt = () => !hasPage() || isFresh(pageMark());

export async function compileContracts(node) {
  if (areContractsBuilt()) return;
  const mark = contractsMark();
  await step(
    "Compiling the contracts",
    node,
    [at("node_modules", "hardhat", "dist", "src", "cli.js"), "build", "--no-tests"],
    {
      env: { ...environmentFor(node), HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", CI: "true" },
    },
  );
  setFresh(mark);
}

export async function buildPage(node) {
  if (isPageBuilt()) return;
  const mark = pageMark();
  await step(
    "Building the web page",
    node,
    [at("node_modules", "vite", "bin", "vite.js"), "build", "client-app", "--logLevel", "warn"],
    { env: environmentFor(node) },
  );
  setFresh(mark);
}
