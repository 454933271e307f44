import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);
/** `npm run test:invariants -- --runs N` says how long the long form is. */
const invariantRuns = Number(process.env.TALLYSTICK_INVARIANT_RUNS ?? 10_000);

export default defineConfig({
  solidity: {
    version: "0.8.37",
    // The compiler that npm installed: building needs no download.
    path: require.resolve("solc/soljson.js"),
    npmFilesToBuild: [
      "@openzeppelin/contracts/access/manager/AccessManager.sol",
      "@openzeppelin/contracts/metatx/ERC2771Forwarder.sol",
    ],
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 1000 },
    },
  },
  paths: {
    sources: "contracts",
    tests: { solidity: "test/contracts" },
    artifacts: "artifacts",
    cache: "cache",
  },
  test: {
    solidity: {
      profiles: {
        // Short enough to run at every change.
        default: {
          fuzz: { runs: 256, seed: "0x7461" },
          // Few tries to shorten a counterexample: a failure shall be told within a minute.
          invariant: { runs: 16, depth: 32, failOnRevert: true, shrinkRunLimit: 50 },
        },
        long: {
          fuzz: { runs: 10_000, seed: "0x7461" },
          invariant: { runs: invariantRuns, depth: 32, failOnRevert: true, shrinkRunLimit: 500 },
        },
      },
    },
  },
});
