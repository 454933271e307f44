import type { ReactNode } from "react";
import { useTheme } from "../state/use-theme.ts";
import { Icon, TallyMark } from "./icon.tsx";

const THEME_ICON = { system: "auto", light: "sun", dark: "moon" } as const;
const THEME_NAME = { system: "as your system", light: "light", dark: "dark" } as const;

interface PageHeaderProps {
  /** The operator's name once it is known. */
  operator?: string | undefined;
  account?: string | undefined;
  children?: ReactNode;
}

export function PageHeader({ operator, account, children }: PageHeaderProps) {
  const { theme, next } = useTheme();
  return (
    <header className="page-header">
      <a className="skip-link" href="#bill">
        Skip to your bill
      </a>
      <div className="page-header-inner">
        <div className="brand">
          <TallyMark />
          <div>
            <p className="brand-name">{operator ?? "Tallystick"}</p>
            <p className="brand-account">{account ?? "Your bill, checked"}</p>
          </div>
        </div>
        <div className="page-header-actions">
          {children}
          <button
            type="button"
            className="icon-button"
            onClick={next}
            aria-label={`Colours: ${THEME_NAME[theme]}. Change`}
            title={`Colours: ${THEME_NAME[theme]}`}
          >
            <Icon name={THEME_ICON[theme]} />
          </button>
        </div>
      </div>
    </header>
  );
}
