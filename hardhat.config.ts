import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";
import type { HookContext, SolidityHooks } from "hardhat/types/hooks";
import type { HardhatPlugin } from "hardhat/types/plugins";
import type { CompilerInput } from "hardhat/types/solidity";

const require = createRequire(import.meta.url);
/** `npm run test:invariants -- --runs N` says how long the long form is. */
const invariantRuns = Number(process.env.TALLYSTICK_INVARIANT_RUNS ?? 10_000);

const compiler = {
  version: "0.8.37",
  // The compiler that npm installed: building needs no download.
  path: require.resolve("solc/soljson.js"),
  settings: {
    evmVersion: "cancun",
    viaIR: true,
    optimizer: { enabled: true, runs: 1000 },
  },
};

const SOLIDITY_TESTS = "test/contracts/solidity/";
/** Tests that hold code of ours in their own, which is compiled as in what is deployed. */
const WITH_OUR_CODE = ["LedgerClock.t.sol", "Splitting.t.sol"].map((name) => SOLIDITY_TESTS + name);

/**
 * Of the tests' own compilation, which is apart from that of the contracts, only the tests are asked for, by the
 * compiler's quick way: they make contracts from the contracts' artifacts. Asked for everything as it is deployed,
 * it took longer than the contracts take.
 */
const compileTestsQuickly: HardhatPlugin = {
  id: "tallystick-compile-tests-quickly",
  hookHandlers: {
    solidity: async () => ({
      default: async (): Promise<Partial<SolidityHooks>> => ({
        preprocessSolcInputBeforeBuilding: async (
          context: HookContext,
          input: CompilerInput,
          next: (context: HookContext, input: CompilerInput) => Promise<CompilerInput>,
        ) => {
          const tests = Object.keys(input.sources).filter((name) =>
            name.startsWith(`project/${SOLIDITY_TESTS}`),
          );
          const all = input.settings.outputSelection["*"];
          if (tests.length === 0 || all === undefined) return next(context, input);
          // Asked for a source's syntax tree alone, the compiler makes its contracts, too.
          const outputSelection = Object.fromEntries(tests.map((name) => [name, all]));
          const viaIR = WITH_OUR_CODE.some((name) => tests.includes(`project/${name}`));
          const settings = { ...input.settings, viaIR, outputSelection };
          return next(context, { ...input, settings });
        },
      }),
    }),
  },
};

export default defineConfig({
  plugins: [compileTestsQuickly],
  solidity: {
    splitTestsCompilation: true,
    compilers: [compiler],
    overrides: Object.fromEntries(WITH_OUR_CODE.map((name) => [name, compiler])),
    npmFilesToBuild: [
      "@openzeppelin/contracts/access/manager/AccessManager.sol",
      "@openzeppelin/contracts/metatx/ERC2771Forwarder.sol",
    ],
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
