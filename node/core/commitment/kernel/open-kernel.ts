import { SCALAR_KERNEL, SIMD_KERNEL } from "./keccak-wasm.ts";
import { KERNEL_DATA_START, KERNEL_KINDS, type Kernel, type KernelKind } from "./kernel.ts";
import { plainKernel } from "./plain-kernel.ts";

const PAGE_BYTES = 65_536;

/** What is used of WebAssembly: Node's types do not declare it, and core may not ask for the DOM's. */
interface WebAssemblyApi {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: { env: { memory: object; abort: () => never } },
  ) => { readonly exports: unknown };
}

const { WebAssembly: webAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };

/** A module that is compiled is compiled for good; `undefined` is one that this machine can not. */
const compiled = new Map<KernelKind, object | undefined>();

function moduleOf(kind: "simd" | "scalar"): object | undefined {
  if (!compiled.has(kind))
    compiled.set(kind, compile(kind === "simd" ? SIMD_KERNEL : SCALAR_KERNEL));
  return compiled.get(kind);
}

function compile(base64: string): object | undefined {
  if (webAssembly === undefined) return undefined;
  try {
    return new webAssembly.Module(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
  } catch {
    // Without SIMD, or under a page's policy that forbids WebAssembly.
    return undefined;
  }
}

/** The fastest kernel that this machine can run. */
export function bestKernelKind(): KernelKind {
  return KERNEL_KINDS.find((kind) => kind === "plain" || moduleOf(kind) !== undefined) ?? "plain";
}

/**
 * A kernel with a memory of its own.
 * @param bytes room for the caller's data, from KERNEL_DATA_START on
 * @param kind for tests and comparisons; the fastest unless given
 */
export function openKernel(bytes: number, kind: KernelKind = bestKernelKind()): Kernel {
  const size = KERNEL_DATA_START + bytes;
  const module = kind === "plain" ? undefined : moduleOf(kind);
  if (module === undefined || webAssembly === undefined) return plainKernel(new ArrayBuffer(size));
  const pages = Math.ceil(size / PAGE_BYTES);
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
  const abort = () => {
    throw new Error("the kernel does not abort");
  };
  const { exports } = new webAssembly.Instance(module, { env: { memory, abort } });
  return { ...(exports as Omit<Kernel, "kind" | "memory">), kind, memory: memory.buffer };
}
