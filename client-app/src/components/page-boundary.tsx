import { Component, type ReactNode } from "react";
import { ErrorNotice } from "./error-notice.tsx";

/** Says that the page broke, instead of leaving it blank. */
export class PageBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <main>
        <ErrorNotice
          error={this.state.error}
          action={{ label: "Reload", run: () => window.location.reload() }}
        />
      </main>
    );
  }
}
