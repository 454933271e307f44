import { FileDrop } from "./file-drop.tsx";

interface OtherFileProps {
  onFile: (file: File) => void;
  onSampleBill?: (() => Promise<void>) | undefined;
}

/** Another bill in place of the one that is open: lines as CSV, or an evidence file. */
export function OtherFile({ onFile, onSampleBill }: OtherFileProps) {
  return (
    <FileDrop
      title="Check another bill"
      accept=".json,.csv,.evidence,application/json,text/csv"
      buttonLabel="Open another bill"
      onFiles={([file]) => file && onFile(file)}
      extra={
        onSampleBill === undefined ? null : (
          <button type="button" className="button" onClick={() => void onSampleBill()}>
            Use the sample bill
          </button>
        )
      }
    >
      <p>
        An itemised bill of any operator as CSV is compared with your phone's log. An evidence file
        that you saved is checked with all its proofs.
      </p>
    </FileDrop>
  );
}
