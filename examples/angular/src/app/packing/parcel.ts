/** The data of an event of the packing feed. */
export interface Parcel {
  /** The number of parcels so far, which is also the id of the event. */
  readonly packed: number;
  readonly item: string;
}
