import type { Tone } from "../model/verdict-words.ts";

/** Shapes differ as well as colours, so that a verdict can be read without seeing colour. */
const PATHS = {
  right: "M20 6.5 9.5 17 4.5 12",
  wrong:
    "M12 7.5v5.5M12 16.6v.2M10.6 3.9 2.4 18a1.6 1.6 0 0 0 1.4 2.4h16.4a1.6 1.6 0 0 0 1.4-2.4L13.4 3.9a1.6 1.6 0 0 0-2.8 0Z",
  review: "M12 7v5.2l3.4 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  open: "M9.2 9.2a2.9 2.9 0 1 1 4.2 2.6c-.9.5-1.4 1.1-1.4 2.2M12 17.2v.2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  chevron: "m6 9 6 6 6-6",
  phone:
    "M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3ZM11 18h2",
  call: "M5 4h3.6l1.7 4.3-2.2 1.5a12 12 0 0 0 6.1 6.1l1.5-2.2L20 15.4V19a1.6 1.6 0 0 1-1.7 1.6A15.5 15.5 0 0 1 3.4 5.7 1.6 1.6 0 0 1 5 4Z",
  message: "M4 5h16v11H9.5L5 20v-4H4Z",
  data: "M8 20V8m0 0L4.5 11.5M8 8l3.5 3.5M16 4v12m0 0 3.5-3.5M16 16l-3.5-3.5",
  seal: "M12 3 4.5 6v5.5c0 4.5 3.1 7.7 7.5 9.5 4.4-1.8 7.5-5 7.5-9.5V6ZM8.8 12l2.3 2.3 4.2-4.6",
  ledger: "M4 7.5 12 3.5l8 4-8 4ZM4 12l8 4 8-4M4 16.5l8 4 8-4",
  numbers: "M9.5 4 8 20M16 4l-1.5 16M4.5 9h16M3.5 15h16",
  tag: "M3.5 12.5V4.5a1 1 0 0 1 1-1h8l8 8a1.5 1.5 0 0 1 0 2.1l-6.9 6.9a1.5 1.5 0 0 1-2.1 0ZM8 8v.100",
  file: "M14 3H6.5A1.5 1.5 0 0 0 5 4.5v15A1.5 1.5 0 0 0 6.5 21h11a1.5 1.5 0 0 0 1.5-1.5V8ZM14 3v5h5",
  sun: "M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  auto: "M12 3a9 9 0 1 0 0 18ZM12 3a9 9 0 0 1 0 18",
  events: "M4 18V9M8 18V5M12 18v-6M16 18V7M20 18v-3",
  back: "M19 12H5m0 0 6-6m-6 6 6 6",
  credit: "M12 4v16m0-16L7 9m5-5 5 5",
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function ToneIcon({ tone, size }: { tone: Tone; size?: number }) {
  return <Icon name={tone} {...(size === undefined ? {} : { size })} />;
}

export const serviceIcon = (service: string): IconName =>
  service === "voice" ? "call" : service === "data" ? "data" : "message";

/** A tally stick, split: two halves whose notches match. */
export function TallyMark() {
  return (
    <svg className="mark" width="30" height="30" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="mark-ground" width="32" height="32" rx="8" />
      <path className="mark-stick" d="M7 11.5h18M7 20.5h18" />
      <path className="mark-notch" d="M12 8.5v15M16 8.5v15M20 8.5v15" />
    </svg>
  );
}
