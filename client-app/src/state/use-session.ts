import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { accessToken } from "../../../node/core/evidence/access-link.ts";
import type { AccessLink } from "../access/access-link.ts";
import { takeAccess } from "../access/stored-access.ts";
import { NodeApi } from "../node-api/node-api.ts";
import type { Session } from "../node-api/shapes.ts";

export type SessionState =
  | { phase: "no-link" }
  | { phase: "loading" }
  | { phase: "failed"; error: unknown }
  | { phase: "open"; session: Session };

export interface SessionControl {
  state: SessionState;
  link: AccessLink | undefined;
  api: NodeApi | undefined;
  retry: () => void;
}

interface Access {
  link?: AccessLink;
  error?: unknown;
}

function readAccess(): Access {
  try {
    const link = takeAccess();
    return link === undefined ? {} : { link };
  } catch (error) {
    return { error };
  }
}

/** Whose data this page shows: from the link's secret, by way of a token derived from it. */
export function useSession(): SessionControl {
  // Reading takes the secret out of the address bar, so it happens once and not on every render.
  const taken = useRef<Access>(undefined);
  taken.current ??= readAccess();
  const { link, error } = taken.current;
  const api = useMemo(() => (link ? new NodeApi(accessToken(link.secret)) : undefined), [link]);
  const [state, setState] = useState<SessionState>(
    error !== undefined
      ? { phase: "failed", error }
      : link === undefined
        ? { phase: "no-link" }
        : { phase: "loading" },
  );
  const retry = useCallback(() => {
    if (api === undefined) return;
    setState({ phase: "loading" });
    api.session().then(
      (session) => setState({ phase: "open", session }),
      (failure: unknown) => setState({ phase: "failed", error: failure }),
    );
  }, [api]);
  useEffect(retry, [retry]);
  return { state, link, api, retry };
}
