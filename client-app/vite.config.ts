import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/**
 * The page is served by an operator's node under a strict content security policy: no inline code,
 * nothing from elsewhere, no data: images. Relative addresses let it stand under any path.
 */
export default defineConfig({
  base: "./",
  plugins: [react()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // ethers, for lodging a dispute, is a chunk of its own that most visits never load.
    chunkSizeWarningLimit: 700,
  },
});
