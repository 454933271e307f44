/**
 * Events as columns: event i is the i-th of each. Numbers are whole and have at most 15 digits,
 * checked where they are read, so that the double of a difference is exact; `device` points into `devices`, so that an id stands once.
 */
export interface EventColumns {
  count: number;
  /** Device ids in UTF-8. */
  devices: Uint8Array[];
  device: Uint32Array;
  /** Milliseconds since 1970 UTC. */
  time: Float64Array;
  /** 0 where the device counts nothing. */
  sequence: Float64Array;
  quantity: Float64Array;
}
