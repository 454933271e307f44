// Everything between a fresh clone and a running script: a new enough Node, the dependencies, the
// compiled contracts, the web page. Each step is skipped when its mark says that its inputs have not
// changed since. Plain JavaScript for Node 18 and up; see run.mjs.
import { areContractsBuilt, buildPage, compileContracts, isPageBuilt } from "./set-up/builds.mjs";
import { installDependencies, isInstalled } from "./set-up/dependencies.mjs";
import { whileLocked } from "./set-up/lock.mjs";
import { findNode, recordedNode, recordNode } from "./set-up/node.mjs";

/**
 * Does what is missing and returns the path of a Node that is new enough.
 * @param {{ build: boolean }} options `build: false` leaves contracts and page alone
 */
export async function setUp({ build }) {
  const known = recordedNode();
  if (known !== undefined && isReady(build)) {
    recordNode(known);
    return known;
  }
  return await whileLocked(async () => {
    const node = await findNode();
    await installDependencies(node);
    recordNode(node);
    if (build) {
      await compileContracts(node);
      await buildPage(node);
    }
    return node;
  });
}

function isReady(build) {
  return isInstalled() && (!build || (areContractsBuilt() && isPageBuilt()));
}
