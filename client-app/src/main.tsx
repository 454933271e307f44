import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { z } from "zod";
import { App } from "./app.tsx";
import "./styles/theme.css";
import "./styles/page.css";
import "./styles/bill.css";
import "./styles/line.css";
import "./styles/print.css";

// zod builds its parsers with `new Function` where it may; the page's policy forbids that.
z.config({ jitless: true });

// Another personal link pasted into this tab opens another account: start from the beginning.
window.addEventListener("hashchange", () => window.location.reload());

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
