// First, because it changes how what follows is loaded.
import "./parsing-without-eval.ts";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { PageBoundary } from "./components/page-boundary.tsx";
import "./styles/theme.css";
import "./styles/page.css";
import "./styles/summary.css";
import "./styles/files.css";
import "./styles/proofs.css";
import "./styles/lines.css";
import "./styles/line.css";
import "./styles/line-detail.css";
import "./styles/print.css";

// Another personal link pasted into this tab opens another account: start from the beginning.
window.addEventListener("hashchange", () => window.location.reload());

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <PageBoundary>
        <App />
      </PageBoundary>
    </StrictMode>,
  );
}
