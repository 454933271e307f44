/** What the reader may rely on about this page itself. */
export function PageFooter() {
  return (
    <footer className="page-footer">
      <p>
        Everything on this page was checked by your own browser. Files that you add are read on this
        device and are not sent anywhere; only of a device's events your operator's server is asked
        about those in the time of a line that you open. Your personal link stays in this tab and is
        forgotten when you close it.
      </p>
    </footer>
  );
}
