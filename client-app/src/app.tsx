import { useCallback, useEffect, useMemo, useState } from "react";
import { BillPage } from "./components/bill-page.tsx";
import { BillSkeleton } from "./components/bill-skeleton.tsx";
import { ErrorNotice } from "./components/error-notice.tsx";
import { PageFooter } from "./components/page-footer.tsx";
import { PageHeader } from "./components/page-header.tsx";
import { PeriodChoice } from "./components/period-choice.tsx";
import { ProgressLine } from "./components/progress-line.tsx";
import { Welcome } from "./components/welcome.tsx";
import { evidenceText } from "./state/evidence-text.ts";
import { WordingContext, wordingFor } from "./state/locale.tsx";
import { saveText } from "./state/save-text.ts";
import { useChecker } from "./state/use-checker.ts";
import { useDisputes } from "./state/use-disputes.ts";
import { useSession } from "./state/use-session.ts";

/** The subscriber's page: whose bill, which month, what was found, what to do about it. */
export function App() {
  const { state, link, api, retry } = useSession();
  const checker = useChecker();
  const { openEvidence } = checker;
  const session = state.phase === "open" ? state.session : undefined;
  const [epoch, setEpoch] = useState<string>();
  const [evidence, setEvidence] = useState("");
  const [loadError, setLoadError] = useState<unknown>();

  const chosen = useMemo(() => {
    const periods = (session?.periods ?? []).toSorted((a, b) => (a.epoch < b.epoch ? -1 : 1));
    const wanted = epoch ?? link?.period;
    return (
      periods.find((period) => period.epoch === wanted) ??
      periods.filter((period) => period.status === "billed").at(-1) ??
      periods.at(-1)
    );
  }, [session, epoch, link]);

  const load = useCallback(async () => {
    if (api === undefined || link === undefined || chosen === undefined) return;
    setLoadError(undefined);
    try {
      const text = await evidenceText(api, chosen, link.secret);
      setEvidence(text);
      await openEvidence(text, link.secret);
    } catch (error) {
      setLoadError(error);
    }
  }, [api, chosen, link, openEvidence]);
  useEffect(() => void load(), [load]);

  const { bill } = checker;
  const endpointList = bill?.endpoints?.join(" ") ?? "";
  const endpoints = useMemo(() => endpointList.split(" ").filter(Boolean), [endpointList]);
  const disputes = useDisputes({
    api,
    secret: link?.secret,
    client: checker.client,
    owner: bill?.owner,
    endpoints,
    onSettled: load,
  });
  const fromFile = bill?.fileName !== undefined;

  const wording = useMemo(
    () =>
      wordingFor(bill?.zone ?? chosen?.zone ?? "UTC", bill?.currency ?? session?.currency ?? "EUR"),
    [bill, chosen, session],
  );

  return (
    <WordingContext value={wording}>
      <PageHeader
        operator={fromFile ? bill.operator : (session?.operator.name ?? bill?.operator)}
        account={bill?.fileName ?? session?.account.label}
      />
      <main id="bill">
        <ProgressLine progress={checker.progress} />
        {checker.error === undefined ? null : (
          <ErrorNotice
            error={checker.error}
            action={{ label: "Close", run: checker.dismissError }}
          />
        )}
        {loadError === undefined ? null : (
          <ErrorNotice error={loadError} action={{ label: "Try again", run: () => void load() }} />
        )}
        {state.phase === "failed" ? (
          <ErrorNotice
            error={state.error}
            action={api === undefined ? undefined : { label: "Try again", run: retry }}
          />
        ) : null}
        {bill !== undefined ? (
          <BillPage
            bill={bill}
            checker={checker}
            disputes={disputes}
            sample={session?.sample}
            api={api}
            periodChoice={
              session === undefined || session.periods.length < 2 ? undefined : (
                <PeriodChoice
                  periods={session.periods}
                  chosen={chosen?.epoch}
                  onChoose={setEpoch}
                />
              )
            }
            secret={link?.secret}
            onSave={() => saveText(evidence, `bill-${chosen?.epoch ?? ""}.evidence.json`)}
            {...(session === undefined ? {} : { onBackToOwn: () => void load() })}
          />
        ) : state.phase === "loading" || (session !== undefined && loadError === undefined) ? (
          chosen === undefined && session !== undefined ? (
            <p className="empty">
              There is no bill for you here yet. Come back after the month's end.
            </p>
          ) : (
            <BillSkeleton />
          )
        ) : (
          <Welcome checker={checker} />
        )}
      </main>
      <PageFooter />
    </WordingContext>
  );
}
