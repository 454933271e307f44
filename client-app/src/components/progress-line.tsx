import type { Progress } from "../workers/checker-messages.ts";

/** What is being done right now, for work that takes a moment. */
export function ProgressLine({ progress }: { progress: Progress | undefined }) {
  return (
    <div className="progress-line" role="status">
      {progress === undefined ? null : (
        <>
          <span>{progress.words} …</span>
          {progress.total > 0 ? (
            <progress
              value={progress.done}
              max={progress.total}
              aria-label={`${progress.words}: ${Math.floor((100 * progress.done) / progress.total)} %`}
            />
          ) : (
            <progress aria-label={progress.words} />
          )}
        </>
      )}
    </div>
  );
}
