import { TallystickError } from "../../../node/core/errors.ts";
import { Icon } from "./icon.tsx";

interface ErrorNoticeProps {
  error: unknown;
  action?: { label: string; run: () => void } | undefined;
}

/** What happened, where, and what to do. */
export function ErrorNotice({ error, action }: ErrorNoticeProps) {
  const known = error instanceof TallystickError ? error : undefined;
  const place = known === undefined ? "" : placeWords(known.place);
  return (
    <div className="notice tone-wrong" role="alert">
      <Icon name="wrong" />
      <div>
        <p>
          {known?.message ??
            "Something went wrong inside this page. Reload it; nothing was sent or changed."}
        </p>
        {place === "" ? null : <p className="quiet">{place}</p>}
        {action === undefined ? null : (
          <button type="button" className="button" onClick={action.run}>
            {action.label}
          </button>
        )}
        <p className="quiet code">{known?.code ?? "page.unexpected"}</p>
      </div>
    </div>
  );
}

function placeWords({ file, line, byte, field }: TallystickError["place"]): string {
  return [
    file === undefined ? "" : `File ${file}`,
    line === undefined ? "" : `line ${line}`,
    byte === undefined ? "" : `byte ${byte}`,
    field === undefined || field === "" ? "" : `field ${field}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}
