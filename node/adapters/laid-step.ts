/**
 * Of a file that a command lays into a node's spool: so many bytes at a time the node looks whether the disk has room,
 * and lets the command go on. It is at most two of them ahead.
 */
export const LAID_STEP_BYTES = 16 * 1_048_576;
