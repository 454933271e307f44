/** How far a bill line and a log entry may lie apart and still be the same call. */
export interface Tolerances {
  /** The bill's start minus the device's: calls ring before they are answered and charged. */
  startSecondsMin: number;
  startSecondsMax: number;
  durationSeconds: number;
  /** Bill lines that near to each other, to one number, of one length, are the same call twice. */
  duplicateSeconds: number;
  /** How far off a start may be and still be called the same call at another time. */
  timeDiffersSecondsMax: number;
}

/** What operators' practice and the devices' clocks suggest; all of it is a choice. */
export const TOLERANCES: Tolerances = {
  startSecondsMin: -5,
  startSecondsMax: 90,
  durationSeconds: 2,
  duplicateSeconds: 2,
  timeDiffersSecondsMax: 12 * 3600,
};

/** No two zones are further apart than this. */
export const SHIFT_SECONDS_MAX = 14 * 3600;
export const QUARTER_HOUR_SECONDS = 900;
